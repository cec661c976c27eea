"""The supervisor's parts without Dagster: ports, processes, the record on disk, environments, Redis."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis

from axia_cli.stack import environment, record, redis_server
from axia_cli.stack.ports import free_ports, is_free, require_free
from axia_cli.stack.processes import Child, Command, end_orphans
from axia_core.errors import InvalidInput, NotRunning
from axia_core.settings import Settings, load_settings

PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""


def test_a_port_in_use_names_its_setting_and_the_way_out(free_port: int) -> None:
    """The message says which setting, who listens, and what to do."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port))
        listener.listen()

        with pytest.raises(InvalidInput) as refused:
            require_free({"aws_port": free_port})

    assert f"process {os.getpid()}" in str(refused.value)
    assert "AXIA_AWS_PORT" in str(refused.value)
    assert is_free(free_port)


def test_free_ports_are_all_different() -> None:
    """Ports handed out together do not collide."""
    assert len(set(free_ports(20))) == 20


def test_stopping_a_child_ends_what_it_started(tmp_path: Path) -> None:
    """No grandchild outlives the stack."""
    child = Child.start(Command("parent", (sys.executable, "-c", PARENT), tmp_path / "log"))
    parent = psutil.Process(child.process.pid)
    child.wait_until(lambda: bool(parent.children()), timeout_s=60)
    (grandchild,) = parent.children()

    child.stop()

    assert not child.alive
    assert not grandchild.is_running()


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX; on Windows the tree must do")
def test_orphans_of_a_killed_child_are_found_by_their_group(tmp_path: Path) -> None:
    """A run whose code server was killed is ended although nobody is its parent."""
    child = Child.start(Command("parent", (sys.executable, "-c", PARENT), tmp_path / "log"))
    parent = psutil.Process(child.process.pid)
    child.wait_until(lambda: bool(parent.children()), timeout_s=60)
    (orphan,) = parent.children()
    child.process.kill()
    child.process.wait()

    end_orphans([child.process.pid])

    psutil.wait_procs([orphan], timeout=60)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_child_that_ends_at_once_shows_its_last_words(tmp_path: Path) -> None:
    """The end of the log is in the message, and where the rest is."""
    command = Command("redis", (sys.executable, "-c", "raise SystemExit('no memory')"), tmp_path / "redis.log")
    child = Child.start(command)

    with pytest.raises(NotRunning, match="no memory") as refused:
        child.wait_until(lambda: False, timeout_s=10)

    assert str(tmp_path / "redis.log") in str(refused.value)


def test_a_second_stack_on_the_same_home_is_refused(tmp_path: Path) -> None:
    """The message names the process that has it."""
    record.take_lock(tmp_path)

    with pytest.raises(InvalidInput, match=f"process {os.getpid()} runs a stack"):
        record.take_lock(tmp_path)


def test_the_lock_of_a_dead_stack_is_taken_over(tmp_path: Path) -> None:
    """A supervisor that was killed does not lock its home for ever."""
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    started = psutil.Process(dead.pid).create_time()
    dead.wait()
    (tmp_path / "lock").write_text(f'{{"pid": {dead.pid}, "started": {started}}}')

    record.take_lock(tmp_path)

    assert record.ProcessId.of(os.getpid()).alive


@pytest.mark.parametrize(
    ("started", "booted", "same"),
    [
        pytest.param(5_000.0, 1_000.0, True, id="nothing has changed"),
        pytest.param(5_090.0, 1_090.0, True, id="the clock was set by 90 s, on Linux"),
        pytest.param(5_000.0, 1_090.0, True, id="the clock was set by 90 s, on Windows"),
        pytest.param(5_030.0, 1_000.0, False, id="the id is another process's by now"),
        pytest.param(9_000.0, 5_000.0, False, id="the id and the time since the boot, after another boot"),
    ],
)
def test_a_process_is_told_by_its_start(started: float, booted: float, same: bool) -> None:
    """A stack that runs is not taken for a dead one because the clock was set: another would start beside it."""
    before = record.ProcessId(7, 5_000.0, 1_000.0)

    assert before.is_same_as(record.ProcessId(7, started, booted)) == same


def test_what_a_killed_supervisor_left_running_is_ended(tmp_path: Path) -> None:
    """The next start does not trip over the children of the last."""
    child = Child.start(Command("redis", (sys.executable, "-c", "import time; time.sleep(60)"), tmp_path / "log"))
    children = {"redis": record.ProcessId.of(child.process.pid)}
    record.Record(record.ProcessId(1, 0.0), True, {}, {}, children).write(tmp_path)

    ended = record.end_leftovers(tmp_path)

    assert ended == ["redis"]
    assert not child.alive


def test_no_stack_is_said_with_the_remedy(tmp_path: Path) -> None:
    """Commands that need a stack say how to start one."""
    with pytest.raises(NotRunning, match="axia up"):
        record.running(tmp_path)


def test_a_stack_that_is_starting_is_told_from_none(tmp_path: Path) -> None:
    """Nobody starts a second one because the first took a moment."""
    record.Record(record.ProcessId.of(os.getpid()), False, {}, {}).write(tmp_path)

    with pytest.raises(NotRunning, match="still starting"):
        record.running(tmp_path)


def test_a_record_reads_back(tmp_path: Path) -> None:
    """What was written is what is read."""
    me = record.ProcessId.of(os.getpid())
    written = record.Record(me, True, {"aws": "http://127.0.0.1:1"}, {"A": "b"}, {"aws": me})

    written.write(tmp_path)

    assert record.running(tmp_path) == written


def test_children_get_the_settings_of_their_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that loads its settings from its environment has the supervisor's, with the local addresses."""
    given = Settings(home=tmp_path, aws_port=1234, symbols=("USDJPY", "EURUSD"), clock_shift_s=3600.5)
    for name, value in environment.for_children(given).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    child = load_settings()

    assert child == environment.local(given)
    assert child.aws_endpoint_url == "http://127.0.0.1:1234"


def test_no_other_endpoint_or_profile_leaks_into_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's own endpoint would win over ours."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AXIA_AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "strange")

    variables = environment.for_children(Settings(home=tmp_path, aws_endpoint_url=None))

    assert "strange" not in variables.values()


def test_exports_hold_no_secret(tmp_path: Path) -> None:
    """What is printed and stored in stack.json names no password."""
    exports = environment.exports(Settings(home=tmp_path))

    assert not [name for name in exports if "PASSWORD" in name]
    assert exports["AWS_ACCESS_KEY_ID"] == "axia"


@pytest.mark.parametrize(("shell", "line"), [("sh", r"export A='it'\''s'"), ("powershell", "$env:A = 'it''s'")])
def test_values_are_quoted_for_the_shell(shell: str, line: str) -> None:
    """A path with a quote in it does not end the string."""
    assert environment.shell_lines({"A": "it's"}, shell) == [line]


def test_redis_is_set_up_as_the_cache_it_is(redis_url: str) -> None:
    """The design's eviction, timeout and keep-alive are in force, and nothing goes to disk."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        settings = client.config_get()

    for name in ("maxmemory-policy", "timeout", "tcp-keepalive", "appendonly", "save"):
        assert settings[name] == redis_server.PARAMETERS[name]
    assert int(settings["maxmemory"]) == 64 * 2**20
    assert settings["bind"] == "127.0.0.1"
