"""The local stack where it cannot start. One that comes up, heals and ends is in tests/end_to_end/test_kill9.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from axia_cli.stack.ports import free_ports
from axia_cli.stack.processes import Child
from axia_cli.stack.supervisor import Stack
from axia_core.settings import Settings


def _settings(home: Path) -> Settings:
    aws, redis, web, code = free_ports(4)
    return Settings(home=home, aws_port=aws, redis_port=redis, webserver_port=web, code_server_port=code)


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
