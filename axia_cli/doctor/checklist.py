"""Everything that `axia doctor` looks at, in the order in which it is told, with what each needs. No judgement here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from axia_cli.doctor import configuration, installation, local_stack, machine, permissions, stores
from axia_cli.doctor.local_stack import Place
from axia_cli.doctor.readings import Readings
from axia_core.domain.examination import Check, Finding, skipped, well
from axia_core.errors import AxiaError
from axia_core.services import examine_terminal as terminal
from axia_core.services import examine_trading as trading

REINSTALL = f"Run {installation.INSTALL}."
SETTINGS = "Correct the settings; axia_core/settings.py documents each."
REACH = "On a laptop `axia up`; on AWS look at network, region and role (docs/infrastructure.md)."
OPEN_TERMINAL = "Open the terminal and log in by hand once; see docs/operations.md, A real terminal."
ON_AWS = "`axia verify` compares the stacks with what was deployed, `axia deploy --check` with this version"


def checklist(read: Readings) -> list[Check]:
    """The checks over *read*; nothing is read before they run."""
    return [*_of_machine(read), *_of_aws(read), *_of_terminal(read), *_of_trading(read)]


def _of_machine(read: Readings) -> Iterator[Check]:
    here = partial(Check, area="this machine", remedy=REINSTALL)
    yield here(name="python", look=lambda: installation.judge_python(read.installation()))
    yield here(name="packages", look=lambda: installation.judge_packages(read.installation()))
    yield here(name="pins", look=lambda: installation.judge_pins(read.installation()))
    yield here(name="settings", look=lambda: configuration.judge_settings(read.configuration()), remedy=SETTINGS)
    yield here(name="variables", look=lambda: configuration.judge_variables(read.configuration()), remedy=SETTINGS)
    here = partial(here, needs=("settings",), remedy=SETTINGS)
    yield here(
        name="extras", look=lambda: installation.judge_extras(read.installation(), console=read.settings.console)
    )
    yield here(name="home", look=lambda: machine.judge_home(read.home()))
    yield here(name="disk", look=lambda: machine.judge_disk(read.home()))
    yield here(name="dagster database", look=lambda: machine.judge_database(read.revisions(), read.newest_revisions()))
    yield here(name="stack", look=lambda: local_stack.judge_stack(read.stack()))
    yield here(name="ports", look=lambda: _ports(read))
    here = partial(here, needs=("stack",), remedy=REACH)
    yield here(name="settings together", look=lambda: configuration.judge_sense(read.settings))
    yield here(name="processes", look=lambda: local_stack.judge_processes(read.processes(), read.stack().place))
    yield here(name="redis", look=lambda: trading.judge_cache(read.cache()), remedy=trading.STARTS)


def _of_aws(read: Readings) -> Iterator[Check]:
    there = partial(Check, area="AWS", remedy=REACH, needs=("aws",), within_s=20.0)
    yield there(name="aws", look=lambda: stores.judge_identity(read.identity()), needs=("stack",), within_s=10.0)
    yield there(name="clock", look=lambda: stores.judge_clock(read.identity()))
    for name, logical_id in _RESOURCES.items():
        yield there(name=name, look=partial(_resource, read, logical_id))
    yield there(name="deployment", look=lambda: _deployment(read))
    yield there(name="permissions", look=lambda: _permissions(read), needs=("bucket", "order table", "order queue"))
    yield there(name="account secret", look=lambda: _secret(read), needs=("stack",))


_RESOURCES = {
    "bucket": "RawData",
    "order table": "OrderState",
    "order queue": "OrderRequests",
    "dead-letter queue": "DeadLetters",
    "topic": "SystemEvents",
}


def _of_terminal(read: Readings) -> Iterator[Check]:
    there = partial(Check, area="terminal", remedy=OPEN_TERMINAL, needs=("terminal",))
    # Opening a real terminal for the first time takes its time.
    yield there(
        name="terminal",
        look=lambda: terminal.judge_terminal(read.terminal()),
        needs=("stack", "account secret"),
        within_s=60.0,
    )
    yield there(name="account", look=lambda: _account(read))
    yield there(name="symbols", look=lambda: terminal.judge_symbols(read.terminal()))
    yield there(name="server clock", look=lambda: terminal.judge_server_clock(read.terminal()))


def _of_trading(read: Readings) -> Iterator[Check]:
    there = partial(Check, area="trading and data", remedy=REACH, needs=("order table",))
    yield there(name="kill switch", look=lambda: trading.look_at_switch(read.ledger()))
    yield there(name="orders", look=lambda: trading.look_at_orders(read.ledger()))
    yield there(name="desk", look=lambda: _desk(read), needs=("order table", "order queue"))
    yield there(name="dead letters", look=lambda: trading.look_at_letters(read.letters()), needs=("dead-letter queue",))
    yield there(name="newest partitions", look=lambda: _partitions(read), needs=("bucket",), within_s=30.0)
    yield there(name="recovery", look=lambda: _recovery(read), needs=("bucket",))


def _ports(read: Readings) -> Iterable[Finding]:
    stack = read.stack()
    return machine.judge_ports(read.ports(), stack_runs=stack.place is Place.STACK or bool(stack.alive))


def _resource(read: Readings, logical_id: str) -> Iterable[Finding]:
    return stores.judge_resource(read.resource(logical_id), logical_id)


def _deployment(read: Readings) -> Iterable[Finding]:
    if read.settings.aws_endpoint_url is None:
        return [skipped(ON_AWS)]
    return stores.judge_deployment(read.deployment())


def _permissions(read: Readings) -> Iterable[Finding]:
    tried = read.attempts()
    return permissions.judge(permissions.denied(tried), len(tried))


def _secret(read: Readings) -> Iterable[Finding]:
    if read.settings.mt5_credentials == "settings":
        return [well("not needed: the settings carry the account")]
    try:
        read.identity()
    except AxiaError:
        return [skipped("not looked at, because of: aws")]
    found = read.credentials()
    return [well(f"{stores.secret_name(read.settings)}: login {found.login} on {found.server}, password (hidden)")]


def _account(read: Readings) -> Iterable[Finding]:
    settings = read.settings
    wanted = read.credentials() if settings.mt5_credentials == "secrets" else None
    login, server = (wanted.login, wanted.server) if wanted else (settings.mt5_login, settings.mt5_server)
    return terminal.judge_account(read.terminal(), login, server, settings.account)


def _desk(read: Readings) -> Iterable[Finding]:
    return trading.look_at_desk(read.ledger(), read.queue(), read.clock().now())


def _partitions(read: Readings) -> Iterable[Finding]:
    return trading.look_at_partitions(read.store(), read.settings.universe, read.clock().now())


def _recovery(read: Readings) -> Iterable[Finding]:
    return trading.look_at_recovery(read.verifications(), read.clock().now())
