"""Where the facts of an examination come from: this machine, the stack, AWS, Redis, the terminal. The composition root.

Everything is made when it is first asked for, so that wrong settings or an absent service are one check's finding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from axia_cli.doctor import configuration, installation, local_stack, machine, permissions, stores
from axia_cli.doctor.configuration import Configuration
from axia_cli.doctor.installation import Installation
from axia_cli.doctor.local_stack import Processes, StackFacts
from axia_cli.doctor.machine import Home
from axia_cli.doctor.permissions import Attempt
from axia_cli.doctor.stores import Compared, Identity
from axia_cli.target import target_settings
from axia_core.adapters.clock import SystemClock
from axia_core.errors import AxiaError
from axia_core.settings import Settings

if TYPE_CHECKING:
    # Annotations only: what they belong to is loaded by the checks that need it.
    from axia_core.adapters.secrets import Credentials
    from axia_core.domain.cached_series import CacheServer
    from axia_core.domain.terminal_facts import TerminalFacts
    from axia_core.ports import BarStore, Clock, OrderLedger, OrderQueue
    from axia_core.ports.verification import Verifications
    from infra.clients import Clients
    from infra.conformance import Report

Fact = TypeVar("Fact")
Read = Callable[[], Fact]


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One reader for each kind of fact; a test hands in its own."""

    installation: Read[Installation]
    configuration: Read[Configuration]
    home: Read[Home]
    ports: Read[Mapping[str, tuple[int, bool]]]
    revisions: Read[Mapping[str, str]]
    newest_revisions: Read[frozenset[str]]
    stack: Read[StackFacts]
    processes: Read[Processes]
    identity: Read[Identity]
    resource: Callable[[str], Compared]
    deployment: Read[Report]
    attempts: Read[tuple[Attempt, ...]]
    credentials: Read[Credentials]
    cache: Read[CacheServer]
    terminal: Read[TerminalFacts]
    ledger: Read[OrderLedger]
    queue: Read[OrderQueue]
    letters: Read[OrderQueue]
    store: Read[BarStore]
    verifications: Read[Verifications]
    clock: Read[Clock]

    @property
    def settings(self) -> Settings:
        """The settings, where they are valid; what needs them needs the check that says so."""
        return self.configuration().valid


def of_this_machine() -> Readings:
    """The readings of this process's surroundings; nothing is read yet."""
    settings_of = _once(lambda: configuration.read(target_settings))

    def settings() -> Settings:
        return settings_of().valid

    clients, verifiers = _once(lambda: _clients(settings())), _once(lambda: _verifier_clients(settings()))
    identity = _once(lambda: stores.read_identity(clients()("sts"), settings().aws_region, partial(datetime.now, UTC)))
    clock = _once(lambda: SystemClock(settings().clock_shift))
    return Readings(
        installation=_once(installation.read),
        configuration=settings_of,
        home=_once(lambda: machine.read_home(settings())),
        ports=lambda: machine.read_ports(settings()),
        revisions=lambda: machine.read_revisions(_dagster_home(settings_of())),
        newest_revisions=machine.newest_revisions,
        stack=_once(lambda: local_stack.read_stack(settings())),
        processes=lambda: local_stack.read_processes(settings()),
        identity=identity,
        resource=lambda name: stores.compare(stores.template_of(settings(), identity().account), name, verifiers()),
        deployment=lambda: _deployment(settings()),
        attempts=lambda: permissions.attempts(settings(), clients()),
        credentials=lambda: _credentials(settings()),
        cache=lambda: _cache(settings()),
        terminal=_once(lambda: _terminal(settings(), clock())),
        ledger=_once(lambda: _ledger(settings())),
        queue=_once(lambda: _queue(settings(), settings().order_queue)),
        letters=lambda: _queue(settings(), settings().dead_letter_queue),
        store=lambda: _store(settings()),
        verifications=lambda: _verifications(settings()),
        clock=clock,
    )


def _once(read: Read[Fact]) -> Read[Fact]:
    """Reads one time, whichever thread asks first; an error is not kept."""
    lock, kept = threading.Lock(), list[Fact]()

    def read_once() -> Fact:
        with lock:
            if not kept:
                kept.append(read())
            return kept[0]

    return read_once


def _dagster_home(found: Configuration) -> Path:
    named = found.environment.get("DAGSTER_HOME")
    return Path(named) if named else found.valid.home.absolute() / "dagster"


def _clients(settings: Settings) -> Clients:
    from infra.clients import clients

    return clients(settings.aws_region, settings.aws_endpoint_url)


def _verifier_clients(settings: Settings) -> Clients:
    """Clients that may read how things are protected: on AWS the verifier's, where it may be taken on."""
    ours = _clients(settings)
    if settings.aws_endpoint_url is not None:
        return ours
    from axia_core.aws import acting_as

    verifier = acting_as(settings, settings.verifier_role, "axia-doctor")
    try:
        verifier("s3")
    except AxiaError:
        return ours
    return verifier


def _deployment(settings: Settings) -> Report:
    from infra.clients import clients
    from infra.stacks import check_core, names_in

    local = clients(settings.aws_region, settings.aws_endpoint_url)
    return check_core(local, region=settings.aws_region, names=names_in(settings))


def _credentials(settings: Settings) -> Credentials:
    from axia_core.adapters import secrets
    from axia_core.aws import client

    return secrets.read(client(settings, "secretsmanager"), stores.secret_name(settings))


def _cache(settings: Settings) -> CacheServer:
    from axia_core.adapters import redis

    return redis.read_server(settings)


def _terminal(settings: Settings, clock: Clock) -> TerminalFacts:
    from axia_core.adapters.mt5 import examination
    from axia_core.adapters.secrets import with_credentials

    return examination.read(with_credentials(settings), clock)


def _ledger(settings: Settings) -> OrderLedger:
    from axia_core.adapters import dynamodb

    return dynamodb.connect(settings)


def _queue(settings: Settings, name: str) -> OrderQueue:
    from axia_core.adapters import sqs

    return sqs.connect(settings.model_copy(update={"order_queue": name}))


def _store(settings: Settings) -> BarStore:
    from axia_core.adapters import s3

    return s3.connect(settings)


def _verifications(settings: Settings) -> Verifications:
    from axia_core.recovery.checks import kept_verifications

    return kept_verifications(settings)
