"""What runs: the stack of this home by its record, and each Dagster process and the console by what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from axia_cli.stack import dagster_web, record
from axia_cli.stack.ports import answers
from axia_core.adapters.dagster_http.graphql import ask
from axia_core.aws import LOOPBACK
from axia_core.domain.examination import Finding, failure, skipped, warning, well
from axia_core.settings import Settings

NO_CREDENTIALS = "there are no AWS credentials"
_TIMEOUT_S = 3.0
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatTime } } } }"


class Place(Enum):
    """What the settings of this process talk to."""

    STACK = "a stack that runs on this home"
    ENDPOINT = "a local AWS server that another stack, or somebody else, runs"
    AWS = "AWS"
    NOWHERE = "nothing: no stack, no endpoint that answers, no AWS credentials"


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """The stack as its record tells of it, and where everything is if there is none."""

    home: Path
    place: Place
    endpoint: str | None = None
    recorded: bool = False
    ready: bool = False
    alive: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Who answers; `sick` are daemons without a fresh heartbeat, `console` is None where none is wanted."""

    code_server: bool
    webserver: bool
    location_loaded: bool
    sick: tuple[str, ...]
    console: bool | None


def read_stack(settings: Settings) -> StackFacts:
    """What runs on this home."""
    home, found = settings.home.absolute(), record.read(settings.home)
    if found is None:
        return StackFacts(home=home, place=_place(settings), endpoint=settings.aws_endpoint_url)
    alive = tuple(name for name, child in found.children.items() if child.alive)
    return StackFacts(
        home=home,
        place=Place.STACK if found.supervisor.alive else _place(settings),
        endpoint=settings.aws_endpoint_url,
        recorded=True,
        ready=found.ready,
        alive=alive,
        dead=tuple(name for name in found.children if name not in alive),
    )


def _place(settings: Settings) -> Place:
    if settings.aws_endpoint_url is not None:
        address = urlsplit(settings.aws_endpoint_url)
        here = address.hostname in LOOPBACK
        # A shell may still name a stack that has ended.
        return Place.ENDPOINT if not here or answers(address.port or 80) else Place.NOWHERE
    import boto3

    return Place.NOWHERE if boto3.Session().get_credentials() is None else Place.AWS


def judge_stack(found: StackFacts) -> Iterator[Finding]:
    """Whether there is something to talk to at all."""
    if found.place is Place.STACK:
        yield from _running(found)
    elif found.recorded and found.alive:
        said = f"the stack on {found.home} was killed and left running: {', '.join(found.alive)}"
        yield failure(said, "Run `axia up`: it ends them, restores the last save and starts everything.")
    elif found.place is Place.NOWHERE:
        lacking = f"nothing answers at AWS_ENDPOINT_URL={found.endpoint}" if found.endpoint else NO_CREDENTIALS
        said = f"nothing of AXIA runs on {found.home}, and {lacking}"
        yield failure(said, "Run `axia up` for a stack on this machine. A host on AWS has credentials by its role.")
    elif found.place is Place.ENDPOINT:
        yield well(f"no stack runs on {found.home}; the shell names the AWS server at {found.endpoint}")
    else:
        yield well(f"no stack runs on {found.home}; the target is AWS")


def _running(found: StackFacts) -> Iterator[Finding]:
    if not found.ready:
        yield warning(f"the stack on {found.home} is still starting", "Ask again in a few seconds.")
    for name in found.dead:
        said = f"{name} has ended"
        remedy = f"`axia up` starts it again within a second; if it stays away, see {found.home / 'logs' / name}.log."
        yield failure(said, remedy)
    yield well(f"a stack runs on {found.home}: {', '.join(found.alive)}")


def read_processes(settings: Settings) -> Processes:
    """Asks each process once."""
    url, found = f"http://{settings.host}:{settings.webserver_port}", record.read(settings.home)
    web = answers(settings.webserver_port)
    wanted = settings.console and (found is None or "console" in found.urls)
    console = urlsplit(found.urls["console"]).port if found and wanted else settings.console_port
    return Processes(
        code_server=answers(settings.code_server_port),
        webserver=web,
        location_loaded=web and dagster_web.up(url),
        sick=_sick(url) if web else (),
        console=answers(console or settings.console_port) if wanted else None,
    )


def judge_processes(found: Processes, place: Place) -> Iterator[Finding]:
    """Whether code server, webserver and daemon do their work, and the console is there."""
    if place is not Place.STACK and not (found.code_server or found.webserver):
        yield skipped("no Dagster answers on this machine; where it should, start the tasks AXIA_... (or `axia up`)")
        return
    if not found.code_server:
        yield failure("the Dagster code server does not answer: no run can start", _start("AXIA_Order_Manager", place))
    if not found.webserver:
        remedy = _start("AXIA_Webserver", place)
        yield failure("the Dagster webserver does not answer; of the daemon nothing is known", remedy)
    elif not found.location_loaded:
        remedy = "Open Deployment in the Dagster UI: it shows the error; then reload the location."
        yield failure("the Dagster webserver has not loaded the code location", remedy)
    for text in found.sick:
        yield failure(f"Dagster daemon: {text}", _start("AXIA_Order_Manager", place))
    if found.console is False:
        yield warning("the console does not answer", _start("AXIA_Streamlit", place))
    yield well("code server, webserver and daemon" + (", console" if found.console else "") + " were asked")


def _start(task: str, place: Place) -> str:
    if place is Place.STACK:
        return "`axia up` starts it again by itself; if it stays away, see the logs folder under AXIA_HOME."
    return f"Start-ScheduledTask {task} (docs/infrastructure.md, The host)."


def _sick(url: str) -> tuple[str, ...]:
    try:
        statuses = ask(url, _DAEMONS, {}, _TIMEOUT_S)["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (OSError, KeyError, ValueError, TypeError) as error:
        return (f"its health could not be asked ({error})",)
    return tuple(_sickness(status) for status in statuses if status["required"] and not status["healthy"])


def _sickness(status: dict[str, object]) -> str:
    last = status["lastHeartbeatTime"]
    when = (
        f"last heartbeat {datetime.fromtimestamp(float(str(last)), UTC):%H:%M:%S} UTC" if last else "no heartbeat yet"
    )
    return f"{status['daemonType']} has {when}"
