"""What drills work on: production, which they only read, and the makers of scratch resources, from the settings.

Composition only, as in `market_sources`: each part is made when a drill first asks for it.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from axia_core.adapters.clock import SystemClock
from axia_core.aws import Connect, acting_as
from axia_core.domain import drill_names
from axia_core.domain.beats import OBJECT_KEY
from axia_core.domain.drill import Environment, Heartbeat
from axia_core.domain.drill_names import Owner
from axia_core.ports import Broker, Clock, OrderLedger, OrderQueue
from axia_core.ports.recovery import DrillReports, ScratchObjects, ScratchQueues, TableBackups
from axia_core.services.witness import Witness
from axia_core.settings import PAPER_MODULE, Settings

if TYPE_CHECKING:
    from axia_core.ports import BarCache, BarStore

# An account of its own: the restored ledger has other equities under production's number.
SCRATCH_LOGIN, SCRATCH_SERVER = 59_000_001, "AXIA-Drill"
FOLDER = "drills"
LONGEST_POLL_S = 5  # shorter than the read timeout of the role's clients


SESSION = "recovery-drill"


@dataclass
class Stage:
    """The parts, made once each; `settings` are production's.

    With a *role* everything is done by its rights, which last an hour: it may touch nothing of production. Recovery
    itself goes without, by the rights of whoever runs it.
    """

    settings: Settings
    role: str = ""
    host_template: Callable[[str], str] | None = None  # deploys and removes it under a drill's name; `infra` knows how
    console: Callable[[Settings], str] | None = None  # looks at it on a rebuilt host; the command knows how

    def anew(self) -> Stage:
        """The same, with its role taken on again, for the next drill."""
        other = Stage(self.settings, self.role, self.host_template, self.console)
        other.owner = self.owner
        return other

    @cached_property
    def connect(self) -> Connect:
        """Clients by the role's rights."""
        return acting_as(self.settings, self.role, SESSION)

    @property
    def environment(self) -> Environment:
        """Where figures are measured."""
        return Environment.AWS if self.settings.aws_endpoint_url is None else Environment.LOCAL

    @cached_property
    def clock(self) -> Clock:
        return SystemClock(self.settings.clock_shift)

    @cached_property
    def owner(self) -> Owner:
        """Whose the scratch resources are: this process's, from now on, by the wall clock."""
        return drill_names.owner(platform.node(), os.getpid(), datetime.now(UTC))

    @cached_property
    def backups(self) -> TableBackups:
        from axia_core.adapters.dynamodb import backups

        return backups.of(self.settings, self.connect("dynamodb"))

    @cached_property
    def objects(self) -> ScratchObjects:
        from axia_core.adapters.s3.versions import S3Scratch

        return S3Scratch(self.connect("s3"), self.settings.bucket)

    @cached_property
    def copied_objects(self) -> ScratchObjects | None:
        """What S3 has replicated of them, where there is a copy: deleting is not replicated."""
        from axia_core.adapters.s3.versions import S3Scratch

        settings = self.settings
        return S3Scratch(self.connect("s3", settings.copy_region), settings.copy_bucket) if settings.copied else None

    @cached_property
    def queues(self) -> ScratchQueues:
        from axia_core.adapters.scratch_queues import SqsScratchQueues

        return SqsScratchQueues(self.connect("sqs"))

    @cached_property
    def reports(self) -> DrillReports:
        from axia_core.adapters.s3 import versions

        return versions.connect_reports(self.settings)

    @cached_property
    def store(self) -> BarStore:
        from axia_core.adapters import s3

        return s3.connect(self.settings)

    @cached_property
    def copy_store(self) -> BarStore | None:
        """The bars' copy in the other region, where one is expected."""
        from axia_core.adapters import s3

        if not self.settings.copied:
            return None
        there = {"bucket": self.settings.copy_bucket, "aws_region": self.settings.copy_region}
        return s3.connect(self.settings.model_copy(update=there))

    def heartbeat(self, in_copy: bool = False) -> Heartbeat | None:
        """The mark of the time in this region's bucket, or in the copy's: how old what lies beside it is."""
        from axia_core.adapters.aws_safeguards.heartbeats import ObjectHeartbeats

        settings = self.settings
        region, bucket = (settings.copy_region, settings.copy_bucket) if in_copy else ("", settings.bucket)
        beat = ObjectHeartbeats(self.connect("s3", region), bucket).read()
        return None if beat is None else Heartbeat(beat.at, f"s3://{bucket}/{OBJECT_KEY}")

    def ledger(self, table: str) -> OrderLedger:
        """The ledger in a table: production's, or a drill's."""
        from axia_core.adapters.dynamodb import DynamoOrderLedger

        settings = self.settings
        return DynamoOrderLedger(
            self.connect("dynamodb"), table, settings.retained_days, notes_alike=settings.duplicate_window_s > 0
        )

    def queue(self, name: str, clock_shift: timedelta) -> OrderQueue:
        """A drill's queue, read by a clock of the drill's."""
        from axia_core.adapters.sqs import SqsOrderQueue

        return SqsOrderQueue(self.connect("sqs"), name, clock_shift)

    @contextmanager
    def scratch_cache(self) -> Iterator[BarCache]:
        """An empty cache beside production's, emptied again at the end."""
        from axia_core.adapters import redis, scratch_cache

        beside = scratch_cache.beside(self.settings)
        scratch_cache.empty(beside)
        try:
            yield redis.connect(beside, self.clock)
        finally:
            scratch_cache.empty(beside)

    @contextmanager
    def witness(self) -> Iterator[Broker]:
        """Production's broker by a terminal of one's own, which sends nothing."""
        from axia_core.adapters.mt5 import beside
        from axia_core.adapters.secrets import with_credentials

        with beside.connect(with_credentials(self.settings), self.clock) as broker:
            yield Witness(broker)

    def folder(self, drill_id: str) -> Path:
        """Where a drill keeps its files on this host."""
        return self.settings.home.absolute() / FOLDER / f"{drill_names.PREFIX}{drill_id}"

    def scratch_settings(self, folder: Path, shift: timedelta) -> Settings:
        """The settings of a host that was rebuilt in *folder*: demo, a paper terminal, and nothing of production's."""
        return self.settings.model_copy(
            update={
                "home": folder,
                "mt5_module": PAPER_MODULE,
                "mt5_path": folder / "paper",
                "mt5_credentials": "settings",
                "mt5_login": SCRATCH_LOGIN,
                "mt5_server": SCRATCH_SERVER,
                "mt5_symbol_names": {},
                "mt5_server_zone": "America/New_York",
                "mt5_server_shift_h": 7,
                "account": "demo",
                "live_confirmed": False,
                "clock_shift_s": shift.total_seconds(),
                "receive_wait_s": min(self.settings.receive_wait_s, LONGEST_POLL_S),
            }
        )

    @contextmanager
    def paper(self, scratch: Settings) -> Iterator[Broker]:
        """A paper broker of the drill's, new or as an earlier one of the same folder left it."""
        from axia_core.adapters.mt5 import beside
        from axia_core.adapters.paper.profile import AccountProfile, TerminalClock, TerminalProfile, create_terminal

        account = AccountProfile(
            login=SCRATCH_LOGIN, password=scratch.mt5_password.get_secret_value(), server=SCRATCH_SERVER
        )
        clock = TerminalClock(shift_s=scratch.clock_shift_s)
        profile = TerminalProfile(account=account, symbols=scratch.symbols, clock=clock)
        create_terminal(scratch.terminal_path, profile)
        with beside.connect(scratch, SystemClock(scratch.clock_shift)) as broker:
            yield broker

    def discard_folder(self, drill_id: str) -> None:
        """Removes the drill's files; what another process still holds is left to the next sweep."""
        shutil.rmtree(self.folder(drill_id), ignore_errors=True)

    def leftover_folders(self) -> tuple[Path, ...]:
        """The folders of drills on this host."""
        return tuple((self.settings.home.absolute() / FOLDER).glob(f"{drill_names.PREFIX}*"))
