"""AWS: who we are there, its clock, and whether bucket, table, queues and topic are what the template says.

The template is the only list of what they should be: the comparison is that of `axia deploy --check`, for these alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from axia_core.domain import names
from axia_core.domain.examination import Finding, Verdict, failure, warning, well
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: boto3 is of no use to `axia --help`.
    from infra.clients import Clients
    from infra.conformance import Difference, Report
    from infra.template import Template

DEPLOY = "Run `axia deploy` (on AWS: --target aws --parameters FILE); `axia deploy --check` shows all that differs."
# A shifted clock decides at the wrong moment: a bar's end (2 s of settling), a lease (10 s), an order's age.
SKEW_WARNING, SKEW_FAILURE = timedelta(seconds=2), timedelta(seconds=5)
_HEADER_RESOLUTION = timedelta(seconds=1)
# By resource: what would stop trading or lose data where it differs, and what only protects less.
VITAL: Mapping[str, tuple[str, ...]] = {
    "RawData": ("BucketName",),
    "OrderState": ("TableName", "KeySchema", "GlobalSecondaryIndexes"),
    "OrderRequests": ("QueueName", "RedrivePolicy"),
    "DeadLetters": ("QueueName",),
    "SystemEvents": ("TopicName",),
}
PROTECTING: Mapping[str, tuple[str, ...]] = {
    "RawData": ("VersioningConfiguration", "BucketEncryption", "PublicAccessBlockConfiguration"),
    "OrderState": ("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled"),
    "OrderRequests": ("VisibilityTimeout", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds"),
    "DeadLetters": ("MessageRetentionPeriod", "RedriveAllowPolicy"),
    "SystemEvents": (),
}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who AWS says that we are, and how far its clock is from ours (positive: ours is ahead)."""

    arn: str
    account: str
    region: str
    skew: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One resource compared with the template; what could not be read is told apart from what differs."""

    name: str
    properties: int
    differing: Mapping[str, tuple[Any, Any]]  # property: what the template says, what is deployed
    unread: str = ""


def read_identity(sts: Any, region: str, now: Any) -> Identity:
    """One harmless call, which every identity may make; *now* tells the unshifted time."""
    from axia_core.aws import translated

    before = now()
    with translated("asking AWS who we are"):
        answer = sts.get_caller_identity()
    sent = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    skew = _skew(before, now(), parsedate_to_datetime(sent)) if sent else None
    return Identity(arn=answer["Arn"], account=answer["Account"], region=region, skew=skew)


def _skew(before: datetime, after: datetime, theirs: datetime) -> timedelta:
    """Ours minus theirs; nothing while theirs, cut to its second, lies between our two looks."""
    if before - _HEADER_RESOLUTION <= theirs <= after:
        return timedelta()
    return before - theirs - _HEADER_RESOLUTION if theirs < before else after - theirs


def judge_identity(found: Identity) -> Iterator[Finding]:
    """That AWS answers, and as whom."""
    yield well(f"{found.arn} in {found.region}")


def judge_clock(found: Identity) -> Iterator[Finding]:
    """Whether this machine's clock is right."""
    if found.skew is None:
        yield warning("AWS's answer carries no Date header to compare with", "Look at the clock by hand.")
        return
    said = f"this clock is {found.skew.total_seconds():+.1f} s from AWS's"
    remedy = "Set the clock by NTP (Windows: w32tm /resync; Linux: timedatectl set-ntp true)."
    if abs(found.skew) > SKEW_FAILURE:
        yield failure(said, remedy)
    elif abs(found.skew) > SKEW_WARNING:
        yield warning(said, remedy)
    else:
        yield well(said)


@cache
def template(region: str, account: str, given: tuple[tuple[str, str], ...]) -> Template:
    """The core template with the names of the settings."""
    from infra.template import CORE, Template

    return Template.read(CORE, dict(given), region=region, account=account)


def template_of(settings: Settings, account: str) -> Template:
    """The core template as these settings name things."""
    from infra.stacks import names_in

    return template(settings.aws_region, account, tuple(sorted(names_in(settings).items())))


def compare(wanted: Template, logical_id: str, clients: Clients) -> Compared:
    """One resource, by the properties that `VITAL` and `PROTECTING` list."""
    from axia_core.errors import StoreUnavailable
    from infra import conformance

    resource = wanted.resources[logical_id]
    listed = (*VITAL[logical_id], *PROTECTING[logical_id])
    known = [each for each in conformance.readable(resource) if each.name in listed]
    differing: dict[str, tuple[Any, Any]] = {}
    unread: list[str] = []
    for each in known:
        try:
            difference = conformance.difference(resource, each, clients)
        except StoreUnavailable as error:
            unread.append(f"{each.name}: {error.__cause__ or error}")
            continue
        if difference:
            differing[each.name] = (difference.expected, difference.actual)
    return Compared(name=resource.name, properties=len(known), differing=differing, unread="; ".join(unread))


def judge_resource(found: Compared, logical_id: str) -> Iterator[Finding]:
    """Whether it is there, and what the template says."""
    from infra.conformance import MISSING

    if any(actual == MISSING for _, actual in found.differing.values()):
        yield failure(f"{found.name} is not there, or lacks {', '.join(found.differing)}", DEPLOY)
        return
    for name, (expected, actual) in found.differing.items():
        verdict = Verdict.FAILURE if name in VITAL[logical_id] else Verdict.WARNING
        yield Finding(verdict, f"{found.name} {name}: {actual!r} instead of {expected!r}", DEPLOY)
    if found.unread:
        remedy = f"Run this where the role {names.VERIFIER_ROLE} may be taken on (as on the host), or give these reads."
        yield warning(f"{found.name} could not be read wholly: {found.unread}", remedy)
    yield well(f"{found.name}: {found.properties} properties looked at")


def judge_deployment(report: Report) -> Iterator[Finding]:
    """The rest of the core stack against its template."""
    told: list[Difference] = [each for each in report.differences if each.resource.logical_id not in VITAL]
    for each in told:
        yield warning(f"{each.resource.name} {each.property} is not what the template says", DEPLOY)
    yield well(f"{report.resources} resources, {report.properties} properties, {len(told)} differences")


def secret_name(settings: Settings) -> str:
    """The secret of the account that the settings name."""
    return names.MT5_SECRETS[settings.account]
