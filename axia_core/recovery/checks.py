"""The recovery checks put together from the settings: two regions as the checks' role sees them, and what to expect.

For entry points (Dagster, the command, the benchmark): how the templates are compared is theirs to hand in, because
`infra` lies above this package. Who writes heartbeats and keeps findings is the caller, by rights of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from axia_core.adapters.clock import SystemClock
from axia_core.aws import Connect, acting_as
from axia_core.domain import names
from axia_core.domain.verification import Verification
from axia_core.ports import BarStore, Clock
from axia_core.ports.verification import Heartbeats, Templates, Verifications
from axia_core.services.verify import Expected, Region, verify
from axia_core.settings import Settings

SESSION = "recovery-checks"
SECRETS = (*names.MT5_SECRETS.values(), "TSS/slack/webhook")
SUBSCRIPTIONS = (
    ("lambda", "SlackNotificationFunction"),
    ("lambda", "SystemAlertFunction"),
    ("sqs", "AlertProcessingQueue"),
)
ALARMS = (
    *("EC2-High-CPU", "EC2-Status-Check", "EC2-Memory", "EC2-Disk", "Host-Heartbeat"),
    *("DynamoDB-Throttles", "DynamoDB-Throttles-Read", "SQS-DLQ-Messages", "SQS-Queue-Age"),
    *("Data-Source-Health", "Order-Success-Rate", "Unknown-Orders", "Slack-Errors"),
)
COPY_ALARMS = ("Order-Copy-Lag",)


@dataclass(frozen=True)
class _Later:
    """A client that is made at its first call: one that cannot be made is the unknown of a check, not of all."""

    connect: Connect
    service: str
    region: str = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connect(self.service, self.region), name)


@dataclass(frozen=True)
class RecoveryChecks:
    """Everything that one verification needs; nothing is called before it is asked for."""

    settings: Settings
    templates: Callable[[Connect, str], Templates]
    clock: Clock
    patience_s: float = 30.0  # how long what is on its way may take before it is looked at

    @cached_property
    def connect(self) -> Connect:
        """Clients by the rights of the checks' role."""
        return acting_as(self.settings, self.settings.verifier_role, SESSION)

    def run(self, seed: str = "") -> Verification:
        """Every check, once."""
        copy = self.region(self.settings.copy_region, self.settings.copy_bucket) if self.settings.copied else None
        return verify(
            replace(expected_of(self.settings), patience_s=self.patience_s),
            self.region(self.settings.aws_region, self.settings.bucket),
            copy,
            store=self.store(),
            templates=self.templates(self.connect, self.settings.aws_region),
            clock=self.clock,
            seed=seed,
        )

    def region(self, region: str, bucket: str) -> Region:
        """One region as the checks' role sees it."""
        from axia_core.adapters.aws_safeguards.region import AwsSafeguards, Names

        stores = Names(table=self.settings.table, bucket=bucket, topic=self.settings.topic or names.TOPIC)
        safeguards = AwsSafeguards(self.connect, region, stores, self.settings.clock_shift)
        objects, items = heartbeats_of(self.connect, region, bucket, self.settings.table)
        return Region(safeguards=safeguards, objects=objects, items=items)

    def store(self) -> BarStore:
        """The bars as the checks' role sees them."""
        from axia_core.adapters.s3 import S3BarStore

        return S3BarStore(_Later(self.connect, "s3"), self.settings.bucket)


def recovery_checks(settings: Settings, templates: Callable[[Connect, str], Templates]) -> RecoveryChecks:
    """The checks on AXIA's own clock; *templates* compares the stacks by given clients in the settings' region."""
    return RecoveryChecks(settings, templates, SystemClock(settings.clock_shift))


def heartbeats_of(connect: Connect, region: str, bucket: str, table: str) -> tuple[Heartbeats, Heartbeats]:
    """The places of a region's heartbeats: the object's and the item's."""
    from axia_core.adapters.aws_safeguards.heartbeats import ItemHeartbeats, ObjectHeartbeats

    objects = ObjectHeartbeats(_Later(connect, "s3", region), bucket)
    return objects, ItemHeartbeats(_Later(connect, "dynamodb", region), table)


def written_heartbeats(settings: Settings) -> Sequence[Heartbeats]:
    """The places that the caller writes heartbeats in, by its own rights."""
    return heartbeats_of(acting_as(settings, "", SESSION), "", settings.bucket, settings.table)


def kept_verifications(settings: Settings) -> Verifications:
    """Where the caller keeps what was found, by its own rights."""
    from axia_core.adapters.aws_safeguards.verifications import S3Verifications

    return S3Verifications(acting_as(settings, "", SESSION)("s3"), settings.bucket)


def expected_of(settings: Settings) -> Expected:
    """What must be there, by the settings and the templates' names."""
    known = {"table": settings.table, "bucket": settings.bucket}
    known |= {"copy_bucket": settings.copy_bucket, "copy_region": settings.copy_region}
    return Expected(
        universe=settings.universe,
        order_queue=settings.order_queue,
        dead_letter_queue=settings.dead_letter_queue,
        copy_bucket=settings.copy_bucket,
        secrets=SECRETS,
        subscriptions=SUBSCRIPTIONS,
        alarms=ALARMS + (COPY_ALARMS if settings.copied else ()),
        hosted=settings.hosted,
        names=MappingProxyType(known),
    )
