"""The console's ports: the only place of it where they meet their adapters. Nothing is called while it is built."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from axia_console.backfill import Collects
from axia_console.tickets import Tickets
from axia_core.adapters.clock import SystemClock
from axia_core.aws import client
from axia_core.ports import BarCache, BarStore, Clock, OrderLedger, OrderQueue, Snapshots
from axia_core.ports.recovery import DrillReports
from axia_core.ports.verification import Verifications
from axia_core.settings import Settings, load_settings

READ_TIMEOUT_S = 3.0
LAUNCH_TIMEOUT_S = 20.0  # Dagster takes some seconds over a run, and a page waits for it


@dataclass
class Backend:
    """What the pages read and the one door they send through; there is no broker among it."""

    settings: Settings
    tickets: Tickets = field(default_factory=Tickets)

    @cached_property
    def clock(self) -> Clock:
        return SystemClock(self.settings.clock_shift)

    @cached_property
    def ledger(self) -> OrderLedger:
        from axia_core.adapters.dynamodb import DynamoOrderLedger

        return DynamoOrderLedger(self._client("dynamodb"), self.settings.table, self.settings.retained_days)

    @cached_property
    def snapshots(self) -> Snapshots:
        from axia_core.adapters.dynamodb.snapshots import DynamoSnapshots

        return DynamoSnapshots(self._client("dynamodb"), self.settings.table)

    @cached_property
    def queue(self) -> OrderQueue:
        return self._queue(self.settings.order_queue)

    @cached_property
    def letters(self) -> OrderQueue:
        """The dead-letter queue, for its depth alone: looking into it would hide what is in it from others."""
        return self._queue(self.settings.dead_letter_queue)

    @cached_property
    def store(self) -> BarStore:
        from axia_core.adapters import s3

        return s3.connect(self.settings)

    @cached_property
    def cache(self) -> BarCache:
        from axia_core.adapters import redis

        return redis.connect(self.settings, self.clock)

    @cached_property
    def dagster(self) -> Collects:
        """Where collections are asked for: Dagster's own page, as a person would."""
        from axia_core.adapters.dagster_http.client import DagsterClient

        return DagsterClient(self.dagster_url, LAUNCH_TIMEOUT_S, LAUNCH_TIMEOUT_S)

    @cached_property
    def drills(self) -> DrillReports:
        from axia_core.adapters.s3 import versions

        return versions.connect_reports(self.settings)

    @cached_property
    def verifications(self) -> Verifications:
        from axia_core.adapters.aws_safeguards.verifications import S3Verifications

        return S3Verifications(self._client("s3"), self.settings.bucket)

    @property
    def dagster_url(self) -> str:
        """The Dagster UI beside which the console runs."""
        return f"http://{self.settings.host}:{self.settings.webserver_port}"

    @property
    def local_user(self) -> str:
        """Who acts where nobody signs in: whoever runs the console on their own machine."""
        return getpass.getuser()

    def warm(self) -> None:
        """Builds what every page needs: two threads must not make boto3's session at once."""
        for name in ("clock", "ledger", "snapshots", "queue", "letters", "store", "cache", "drills", "verifications"):
            getattr(self, name)

    def _queue(self, name: str) -> OrderQueue:
        from axia_core.adapters.sqs import SqsOrderQueue

        return SqsOrderQueue(self._client("sqs"), name, self.settings.clock_shift)

    def _client(self, service: str) -> Any:
        """With a short timeout: a page that waits for a backend shows nothing of what the others say."""
        return client(self.settings, service, read_timeout_s=READ_TIMEOUT_S)


@cache
def shared() -> Backend:
    """The one backend of this process, whichever session asks."""
    backend = Backend(load_settings())
    backend.warm()
    return backend
