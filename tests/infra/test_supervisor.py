"""The whole local stack, started for real: everything comes up, what dies comes back, nothing is left behind."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from axia_cli.stack import emulator_client, record
from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child
from axia_cli.stack.supervisor import Stack, running_stack
from axia_core.adapters.dynamodb import connect
from axia_core.settings import Settings

PARTS = {"aws", "redis", "paper-terminal", "code-server", "daemon", "webserver"}


def _settings(home: Path) -> Settings:
    aws, redis, web, code = free_ports(4)
    return Settings(home=home, aws_port=aws, redis_port=redis, webserver_port=web, code_server_port=code)


@pytest.mark.slow
def test_the_stack_comes_up_heals_and_leaves_nothing(tmp_path: Path) -> None:
    """One start, one death of the AWS server, one stop: a new epoch, every part back, no process and no record left."""
    with running_stack(_settings(tmp_path)) as stack:
        known = record.running(tmp_path)
        assert known.children.keys() == PARTS
        ledger = connect(stack.settings)
        assert not ledger.kill_switch().active
        first = emulator_client.boot(stack.parts.aws_url)
        assert first is not None
        assert _epoch(stack) == first.boot_id

        psutil.Process(known.children["aws"].pid).kill()
        deadline = time.monotonic() + 120
        stack.watch(lambda: _epoch_after(stack, first.boot_id) or time.monotonic() > deadline)

        second = emulator_client.boot(stack.parts.aws_url)
        assert second is not None
        epoch = ledger.epoch()
        assert epoch is not None
        assert epoch.boot_id == second.boot_id != first.boot_id
        assert epoch.since >= second.booted_at.replace(microsecond=0)
        healed = record.running(tmp_path)
        assert healed.children.keys() == PARTS
        assert all(child.alive for child in healed.children.values())

    assert not [name for name, child in {**known.children, **healed.children}.items() if child.alive]
    assert record.read(tmp_path) is None
    assert {"aws", "deploy", "ledger", "code-server", "webserver", "stop"} <= stack.seconds.keys()


def test_a_start_that_fails_ends_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged state folder stops the start with its message, and no part keeps running."""
    state = tmp_path / "aws" / "state"
    state.mkdir(parents=True)
    (state / "sqs.json").write_text("{broken")
    started: list[Child] = []
    start = Child.start
    monkeypatch.setattr(Child, "start", lambda command: started.append(start(command)) or started[-1])

    with pytest.raises(Exception, match=r"sqs\.json cannot be read"):
        Stack(_settings(tmp_path)).start()

    assert started
    assert not [child.name for child in started if child.alive]
    assert not (tmp_path / "lock").exists()


def _epoch(stack: Stack) -> str | None:
    epoch = connect(stack.settings).epoch()
    return epoch and epoch.boot_id


def _epoch_after(stack: Stack, boot_id: str) -> bool:
    return emulator_client.boot(stack.parts.aws_url) is not None and _epoch(stack) != boot_id
