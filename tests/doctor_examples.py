"""A healthy machine as `axia doctor` reads it, all in memory: tests break one fact of it at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from packaging.requirements import Requirement

from axia_cli.doctor.configuration import Configuration
from axia_cli.doctor.installation import Installation
from axia_cli.doctor.local_stack import Place, Processes, StackFacts
from axia_cli.doctor.machine import GIB, Home
from axia_cli.doctor.permissions import Attempt
from axia_cli.doctor.readings import Readings
from axia_cli.doctor.stores import Compared, Identity
from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.adapters.memory_safeguards import MemoryVerifications
from axia_core.adapters.secrets import Credentials
from axia_core.domain.cached_series import CacheServer
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import State
from axia_core.domain.terminal_facts import SymbolFacts, TerminalFacts
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.verification import Finding as Found
from axia_core.domain.verification import Status, Verification
from axia_core.services.accept import accept
from axia_core.settings import Settings
from axia_core.settings_file import PairSettings
from infra.conformance import Report
from tests.bar_examples import session_bars, truth_of
from tests.services.conftest import SEVEN_FIELDS

MONDAY = datetime(2026, 7, 6, 12, 0, tzinfo=UTC)  # in the session; what is due is Friday, 2026-07-03
HOME = Path("/home/desk/.axia")
REQUIRED = ("boto3>=1.43", 'streamlit>=1.50; extra == "console"')
VERSIONS = {"boto3": "1.43.106", "streamlit": "1.50.0"}
TERMINAL = TerminalFacts(
    build=5000,
    connected=True,
    ping_ms=20.0,
    algo_trading=True,
    api_disabled=False,
    login=1,
    server="Broker-Demo",
    demo=True,
    hedging=True,
    currency="USD",
    account_trades=True,
    account_experts=True,
    symbols=(SymbolFacts(pair="USDJPY", name="USDJPY", selected=True, tradable=True, filling="FOK"),),
    tick_at=MONDAY - timedelta(seconds=1),
    read_at=MONDAY,
    clock_proved=True,
)


def settings(**changes: Any) -> Settings:
    """Those of a laptop's stack that collects one series."""
    given = {
        "home": HOME,
        "symbols": ("USDJPY",),
        "pairs": {"USDJPY": PairSettings(timeframes=(Timeframe.H1,))},
        "aws_endpoint_url": "http://127.0.0.1:4566",
        "mt5_login": 1,
        "mt5_server": "Broker-Demo",
    }
    return Settings.model_validate({**given, **changes})


def configured(**changes: Any) -> Configuration:
    """Valid settings without a file."""
    return Configuration(
        settings=settings(**changes), faults=(), environment={}, file=Path("axia.toml"), file_exists=False
    )


def installed(**changes: Any) -> Installation:
    """Everything at its pin."""
    healthy = Installation(
        python="3.11.9",
        platform="linux",
        bits=64,
        requires_python=">=3.11.5",
        requirements=tuple(map(Requirement, REQUIRED)),
        extras=("console",),
        versions=VERSIONS,
        pins=VERSIONS,
    )
    return replace(healthy, **changes)


def ledger(*, active: bool = False, lease: bool = True) -> MemoryOrderLedger:
    """Trading is released and a desk is open, unless told otherwise."""
    made = MemoryOrderLedger(KillSwitch(active=active, version=1, reason="first start", who="axia up"))
    if lease:
        made.acquire_lease("desk", 10, MONDAY)
    return made


def ledger_with_unknown() -> MemoryOrderLedger:
    """An order was sent and nobody knows what became of it."""
    made, clock = ledger(), SteppedClock(MONDAY)
    queue = queue_with(json.dumps(SEVEN_FIELDS))
    messages = queue.receive(1, 0, 10)
    accept(
        messages,
        acknowledge=queue.delete_all,
        ledger=made,
        clock=clock,
        events=MemoryEvents(),
        symbols=("USDJPY",),
    )
    (received,), lease = made.open_orders(), made.lease_holder(MONDAY)
    assert lease is not None
    begun = made.begin_attempt(received, lease, MONDAY)
    assert begun is not None
    made.move(begun, State.UNKNOWN, MONDAY)
    return made


def queue_with(*bodies: str) -> MemoryOrderQueue:
    """A queue in which these wait."""
    queue = MemoryOrderQueue(SteppedClock(MONDAY))
    for body in bodies:
        queue.send(body)
    return queue


def store_with_friday() -> MemoryBarStore:
    """Friday's USDJPY H1 is stored."""
    store, bars = MemoryBarStore(), session_bars(Timeframe.H1)
    store.write(bars, truth_of(bars))
    return store


def verified(at: datetime = MONDAY, status: Status = Status.OK) -> MemoryVerifications:
    """The recovery checks were made and found this of the table."""
    found, kept = Found("table_recovery", status, "a test", None, "mend it"), MemoryVerifications()
    kept.keep(Verification(at, (found,)))
    return kept


def compared(**differing: tuple[Any, Any]) -> Compared:
    """A resource that is what the template says, but for these."""
    return Compared(name="resource", properties=5, differing=differing)


def denied() -> Attempt:
    """A call that AWS refuses."""

    def call() -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutItem")

    return Attempt("dynamodb:PutItem", "TSS_DynamoDB_OrderState", call)


def healthy() -> Readings:
    """Nothing is wrong anywhere."""
    processes = Processes(code_server=True, webserver=True, location_loaded=True, sick=(), console=True)
    arn = "arn:aws:iam::000000000000:root"
    return Readings(
        installation=installed,
        configuration=configured,
        home=lambda: Home(path=HOME, exists=True, fault="", free_bytes=50 * GIB, total_bytes=100 * GIB),
        ports=lambda: {"aws_port": (4566, False)},
        revisions=lambda: {"history/runs.db": "b"},
        newest_revisions=lambda: frozenset({"b"}),
        stack=lambda: StackFacts(home=HOME, place=Place.STACK, recorded=True, ready=True, alive=("aws", "redis")),
        processes=lambda: processes,
        identity=lambda: Identity(arn=arn, account="000000000000", region="ap-northeast-1", skew=timedelta()),
        resource=lambda _: compared(),
        deployment=lambda: Report(resources=33, properties=150, differences=(), unread=()),
        attempts=lambda: (Attempt("s3:ListBucket", "tss-raw-data", lambda: None),),
        credentials=lambda: Credentials(login=1, password="s3cret", server="Broker-Demo"),
        cache=lambda: CacheServer(version="8", policy="allkeys-lru", answered_s=0.001, used_bytes=1, max_bytes=2**26),
        terminal=lambda: TERMINAL,
        ledger=ledger,
        queue=queue_with,
        letters=queue_with,
        store=store_with_friday,
        verifications=verified,
        clock=lambda: SteppedClock(MONDAY),
    )
