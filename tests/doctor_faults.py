"""Faults that `axia doctor` must find: one broken fact of a healthy machine each, with what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from axia_cli.doctor.configuration import Fault as Refused
from axia_cli.doctor.local_stack import Place, Processes, StackFacts
from axia_cli.doctor.machine import GIB, Home
from axia_cli.doctor.stores import Compared, Identity
from axia_core.adapters.memory_bars import MemoryBarStore
from axia_core.domain.cached_series import CacheServer
from axia_core.domain.examination import Verdict
from axia_core.domain.terminal_facts import SymbolFacts
from axia_core.domain.verification import Status
from axia_core.errors import CacheUnavailable, InvalidInput, StoreUnavailable, WrongAccount
from infra.conformance import MISSING, Difference, Report
from infra.template import Resource
from tests import doctor_examples as example

WARNING, FAILURE = Verdict.WARNING, Verdict.FAILURE
PROCESSES = Processes(code_server=True, webserver=True, location_loaded=True, sick=(), console=True)
STACK = StackFacts(home=example.HOME, place=Place.STACK, recorded=True, ready=True, alive=("aws",))
IDENTITY = Identity(arn="arn:aws:iam::000000000000:root", account="000000000000", region="r", skew=timedelta())


@dataclass(frozen=True)
class Fault:
    """One broken fact: the check that must find it, how bad it is, what is said and what the remedy names."""

    check: str
    verdict: Verdict
    said: str
    remedy: str
    changes: dict[str, Callable[..., Any]]

    def __str__(self) -> str:
        return f"{self.check}: {self.said}"


def fault(check: str, verdict: Verdict, said: str, remedy: str, **changes: Callable[..., Any]) -> Fault:
    """A row of the table."""
    return Fault(check, verdict, said, remedy, changes)


def raising(error: Exception) -> Callable[..., Any]:
    """A reading that cannot be made."""

    def read(*_: object) -> Any:
        raise error

    return read


def terminal(**changes: Any) -> Callable[[], Any]:
    """The terminal with other facts."""
    return lambda: replace(example.TERMINAL, **changes)


def pair(**changes: Any) -> Callable[[], Any]:
    """The terminal whose only pair has other facts."""
    usual = {"pair": "USDJPY", "name": "USDJPY", "selected": True, "tradable": True, "filling": "FOK"}
    return terminal(symbols=(SymbolFacts(**{**usual, **changes}),))


def resource(logical_id: str, found: Compared) -> Callable[[str], Compared]:
    """All resources as they should be but one."""
    return lambda asked: found if asked == logical_id else example.compared()


def processes(**changes: Any) -> Callable[[], Processes]:
    """The processes but for one."""
    return lambda: replace(PROCESSES, **changes)


def home(**changes: Any) -> Callable[[], Home]:
    """The home folder with other facts."""
    usual = Home(path=example.HOME, exists=True, fault="", free_bytes=50 * GIB, total_bytes=100 * GIB)
    return lambda: replace(usual, **changes)


def cache(**changes: Any) -> Callable[[], CacheServer]:
    """The cache with other facts."""
    usual = CacheServer(version="8", policy="allkeys-lru", answered_s=0.001, used_bytes=1, max_bytes=2**26)
    return lambda: replace(usual, **changes)


def environment(**variables: str) -> Callable[[], Any]:
    """Valid settings beside these variables."""
    return lambda: replace(example.configured(), environment=variables)


ON_AWS = {
    "aws_endpoint_url": None,
    "mt5_credentials": "secrets",
    "mt5_module": "MetaTrader5",
    "topic": "TSS_SystemEvents",
    "cloudwatch": True,
}
ALARM = Difference(Resource("QueueAge", "AWS::CloudWatch::Alarm", {"AlarmName": "SQS-Queue-Age"}), "Period", 60, 300)

FAULTS = [
    fault("python", FAILURE, "3.11.4", "Install Python 3.11", installation=lambda: example.installed(python="3.11.4")),
    fault("python", FAILURE, "32-bit", "64-bit Python", installation=lambda: example.installed(bits=32)),
    fault(
        "packages",
        FAILURE,
        "boto3",
        "pip install -c constraints.txt",
        installation=lambda: example.installed(versions={"streamlit": "1.50.0"}),
    ),
    fault(
        "pins",
        WARNING,
        "boto3 1.43.106 instead of 1.43.107",
        "pip install -c constraints.txt",
        installation=lambda: example.installed(pins={"boto3": "1.43.107"}),
    ),
    fault(
        "extras",
        WARNING,
        "streamlit",
        "AXIA_CONSOLE=false",
        installation=lambda: example.installed(versions={"boto3": "1.43.106"}),
    ),
    fault(
        "settings",
        FAILURE,
        "AXIA_HOST '0.0.0.0'",
        "Correct it in the environment",
        configuration=lambda: replace(
            example.configured(),
            settings=None,
            faults=(Refused("AXIA_HOST '0.0.0.0': loopback only.", "Correct it in the environment."),),
        ),
    ),
    fault(
        "settings",
        FAILURE,
        "axia.toml is not there",
        "AXIA_SETTINGS_FILE",
        configuration=environment(AXIA_SETTINGS_FILE="axia.toml"),
    ),
    fault("variables", WARNING, "AXIA_BUKCET", "AXIA_BUCKET", configuration=environment(AXIA_BUKCET="x")),
    fault("variables", WARNING, "AWS_ENDPOINT_URL_S3", "Unset", configuration=environment(AWS_ENDPOINT_URL_S3="x")),
    fault(
        "settings together",
        FAILURE,
        "shifted by 3600 s on AWS",
        "AXIA_CLOCK_SHIFT_S",
        configuration=lambda: example.configured(**ON_AWS, clock_shift_s=3600.0),
    ),
    fault(
        "settings together",
        WARNING,
        "not from Secrets Manager",
        "TSS/mt5/demo",
        configuration=lambda: example.configured(**{**ON_AWS, "mt5_credentials": "settings"}),
    ),
    fault(
        "settings together",
        WARNING,
        "nobody is told",
        "AXIA_TOPIC=TSS_SystemEvents",
        configuration=lambda: example.configured(**{**ON_AWS, "topic": ""}),
    ),
    fault(
        "settings together",
        WARNING,
        "no alarm of AXIA's can go off",
        "AXIA_CLOUDWATCH=true",
        configuration=lambda: example.configured(**{**ON_AWS, "cloudwatch": False}),
    ),
    fault("home", FAILURE, "read-only", "AXIA_HOME", home=home(fault="read-only file system")),
    fault("disk", WARNING, "2.0 of 100 GiB", "Make room", home=home(free_bytes=2 * GIB)),
    fault("disk", FAILURE, "0.5 of 100 GiB", "Make room", home=home(free_bytes=GIB // 2)),
    fault(
        "dagster database", FAILURE, "runs.db", "dagster instance migrate", revisions=lambda: {"history/runs.db": "a"}
    ),
    fault(
        "stack",
        FAILURE,
        "nothing of AXIA runs",
        "`axia up`",
        stack=lambda: StackFacts(home=example.HOME, place=Place.NOWHERE),
        ports=lambda: {"aws_port": (4566, True)},
    ),
    fault("stack", FAILURE, "redis has ended", "redis.log", stack=lambda: replace(STACK, dead=("redis",))),
    fault("stack", WARNING, "still starting", "few seconds", stack=lambda: replace(STACK, ready=False)),
    fault(
        "stack",
        FAILURE,
        "was killed and left running: aws",
        "`axia up`",
        stack=lambda: replace(STACK, place=Place.NOWHERE),
    ),
    fault(
        "ports",
        WARNING,
        "port 4566 (aws_port)",
        "AXIA_AWS_PORT",
        stack=lambda: StackFacts(home=example.HOME, place=Place.ENDPOINT),
    ),
    fault("processes", FAILURE, "code server", "axia up", processes=processes(code_server=False)),
    fault("processes", FAILURE, "webserver does not", "axia up", processes=processes(webserver=False)),
    fault("processes", FAILURE, "code location", "Deployment", processes=processes(location_loaded=False)),
    fault("processes", FAILURE, "SENSOR has no", "axia up", processes=processes(sick=("SENSOR has no heartbeat yet",))),
    fault("processes", WARNING, "console", "axia up", processes=processes(console=False)),
    fault("redis", FAILURE, "refused", "AXIA_REDIS_URL", cache=raising(CacheUnavailable("connection refused"))),
    fault("redis", WARNING, "noeviction", "allkeys-lru", cache=cache(policy="noeviction")),
    fault("redis", WARNING, "900 ms", "region", cache=cache(answered_s=0.9)),
    fault("aws", FAILURE, "nothing answers", "axia up", identity=raising(StoreUnavailable("nothing answers"))),
    fault(
        "clock",
        WARNING,
        "+3.0 s",
        "w32tm",
        identity=lambda: replace(IDENTITY, skew=timedelta(seconds=3)),
    ),
    fault(
        "clock",
        FAILURE,
        "-9.0 s",
        "w32tm",
        identity=lambda: replace(IDENTITY, skew=timedelta(seconds=-9)),
    ),
    fault(
        "bucket",
        FAILURE,
        "is not there",
        "axia deploy",
        resource=resource("RawData", example.compared(BucketName=("b", MISSING))),
    ),
    fault(
        "bucket",
        WARNING,
        "Suspended",
        "axia deploy",
        resource=resource("RawData", example.compared(VersioningConfiguration=("Enabled", "Suspended"))),
    ),
    fault(
        "order table",
        FAILURE,
        "KeySchema",
        "axia deploy",
        resource=resource("OrderState", example.compared(KeySchema=("pk, sk", "pk"))),
    ),
    fault(
        "order table",
        WARNING,
        "PointInTimeRecovery",
        "axia deploy",
        resource=resource("OrderState", example.compared(PointInTimeRecoverySpecification=(True, False))),
    ),
    fault(
        "order table",
        WARNING,
        "could not be read wholly",
        "TSS_DrVerifier",
        resource=resource("OrderState", replace(example.compared(), unread="AccessDenied")),
    ),
    fault(
        "order queue",
        FAILURE,
        "RedrivePolicy",
        "axia deploy",
        resource=resource("OrderRequests", example.compared(RedrivePolicy=(3, None))),
    ),
    fault(
        "dead-letter queue",
        WARNING,
        "MessageRetentionPeriod",
        "axia deploy",
        resource=resource("DeadLetters", example.compared(MessageRetentionPeriod=(1209600, 60))),
    ),
    fault(
        "topic",
        FAILURE,
        "TopicName",
        "axia deploy",
        resource=resource("SystemEvents", example.compared(TopicName=("TSS_SystemEvents", "no topic"))),
    ),
    fault(
        "deployment",
        WARNING,
        "SQS-Queue-Age Period",
        "axia deploy",
        deployment=lambda: Report(resources=33, properties=150, differences=(ALARM,), unread=()),
    ),
    fault("permissions", FAILURE, "dynamodb:PutItem", "EC2InstanceRole", attempts=lambda: (example.denied(),)),
    fault(
        "account secret",
        FAILURE,
        "placeholder",
        "docs/operations.md",
        configuration=lambda: example.configured(mt5_credentials="secrets"),
        credentials=raising(
            InvalidInput("secret", "(not shown)", "the placeholder is there", "See docs/operations.md.")
        ),
    ),
    fault("terminal", FAILURE, "was refused", "log in", terminal=raising(WrongAccount("login 1 was refused"))),
    fault("terminal", FAILURE, "no connection", "log in again", terminal=terminal(connected=False)),
    fault("terminal", FAILURE, "algo trading is off", "Ctrl+E", terminal=terminal(algo_trading=False)),
    fault("terminal", FAILURE, "Python module", "external Python API", terminal=terminal(api_disabled=True)),
    fault("terminal", WARNING, "900 ms", "access point", terminal=terminal(ping_ms=900.0)),
    fault("account", FAILURE, "live account 1", "Log the terminal in", terminal=terminal(demo=False)),
    fault("account", FAILURE, "account 7", "Log the terminal in", terminal=terminal(login=7)),
    fault("account", FAILURE, "does not let this account trade", "investor", terminal=terminal(account_trades=False)),
    fault("account", FAILURE, "programs trade", "Expert Advisors", terminal=terminal(account_experts=False)),
    fault("symbols", FAILURE, "no tradable symbol", "[symbols.USDJPY]", terminal=pair(fault="no tradable symbol")),
    fault("symbols", FAILURE, "Market Watch", "Show All", terminal=pair(selected=False)),
    fault("symbols", WARNING, "cannot be traded", "Ask the broker", terminal=pair(tradable=False)),
    fault("symbols", FAILURE, "filling mode", "FOK or IOC", terminal=pair(filling="")),
    fault("server clock", FAILURE, "3 h off", "AXIA_MT5_SERVER_ZONE", terminal=terminal(clock_fault="it is 3 h off")),
    fault("server clock", WARNING, "although the market is open", "Market Watch", terminal=terminal(tick_at=None)),
    fault("kill switch", WARNING, "HALT, by axia up", "kill-switch off", ledger=lambda: example.ledger(active=True)),
    fault("orders", WARNING, "1 orders are UNKNOWN", "order reconcile", ledger=example.ledger_with_unknown),
    fault("desk", WARNING, "the market is open", "order_sensor", ledger=lambda: example.ledger(lease=False)),
    fault(
        "desk",
        FAILURE,
        "1 orders wait",
        "order_sensor",
        ledger=lambda: example.ledger(lease=False),
        queue=lambda: example.queue_with("{}"),
    ),
    fault("dead letters", WARNING, "1 messages", "axia dlq list", letters=lambda: example.queue_with("{}")),
    fault(
        "recovery",
        WARNING,
        "is 5 hours old",
        "axia verify",
        verifications=lambda: example.verified(example.MONDAY - timedelta(hours=5)),
    ),
    fault(
        "recovery",
        WARNING,
        "could not count on: table_recovery",
        "axia verify",
        verifications=lambda: example.verified(status=Status.CRITICAL),
    ),
    fault("newest partitions", WARNING, "USDJPY/H1", "axia collect --from 2026-07-03", store=MemoryBarStore),
]
