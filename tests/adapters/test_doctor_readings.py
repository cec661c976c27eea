"""What `axia doctor` reads of this machine: folders, ports, databases, records and processes, real and broken."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from axia_cli.doctor import configuration, installation, local_stack, machine
from axia_cli.doctor.local_stack import Place
from axia_cli.stack import record
from axia_core.domain.examination import Verdict, worst
from axia_core.settings import Settings, load_settings

ENDPOINT = "http://127.0.0.1:1"


def test_this_environment_is_what_was_tested() -> None:
    """Python, packages and pins of the tests' own environment are read and are well."""
    found = installation.read()

    judged = (*installation.judge_python(found), *installation.judge_packages(found), *installation.judge_pins(found))
    assert worst(judged) is Verdict.WELL
    assert {"console", "dev", "larger"} <= set(found.extras)
    assert found.pins is not None
    assert len(found.pins) > 50


def test_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A folder under a file is refused by the system, in its words; nothing is made in a folder that can be."""
    (tmp_path / "file").write_text("")

    broken = machine.read_home(Settings(home=tmp_path / "file" / "home"))
    fine = machine.read_home(Settings(home=tmp_path / "home"))

    assert broken.fault
    assert (fine.fault, fine.exists, list(tmp_path.iterdir())) == ("", False, [tmp_path / "file"])


def test_port_in_use_is_told_with_who_has_it(free_port: int) -> None:
    """The program that listens is named, and the setting."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port))
        listener.listen()
        found = machine.read_ports(Settings(aws_port=free_port))

        (busy, *_) = machine.judge_ports({"aws_port": found["aws_port"]}, stack_runs=False)

    assert f"process {os.getpid()}" in busy.said
    assert "AXIA_AWS_PORT" in busy.remedy


@pytest.mark.parametrize(
    ("revision", "verdict"), [(None, Verdict.FAILURE), ("567bc23fd1ac", Verdict.FAILURE), ("", Verdict.WELL)]
)
def test_dagster_s_schema_is_read_from_its_file(tmp_path: Path, revision: str | None, verdict: Verdict) -> None:
    """The newest revision is the installed Dagster's; an old one and a database without any are failures."""
    (newest,) = machine.newest_revisions()
    (tmp_path / "history").mkdir()
    with closing(sqlite3.connect(tmp_path / "history" / "runs.db")) as database:
        if revision is not None:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("INSERT INTO alembic_version VALUES (?)", (revision or newest,))
            database.commit()

    judged = machine.judge_database(machine.read_revisions(tmp_path), machine.newest_revisions())

    assert worst(judged) is verdict


def test_wrong_settings_become_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its name, and none with the password."""
    monkeypatch.setenv("AXIA_HOST", "0.0.0.0")
    monkeypatch.setenv("AXIA_LEASE_S", "-1")
    monkeypatch.setenv("AXIA_MT5_PASSWORD", "s3cret")

    found = configuration.read(load_settings)

    assert found.settings is None
    assert [fault.said.split()[0] for fault in found.faults] == ["AXIA_LEASE_S", "AXIA_HOST"]
    assert all("Correct it" in fault.remedy for fault in found.faults)
    assert "s3cret" not in str(found.faults)


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        ('bukcet = "x"', "AXIA_BUKCET 'x'", "settings file"),
        ("[symbols.USDJPY]\nstrat = 2019-01-02", "symbols.USDJPY.strat", "settings file"),
        ("a = [", "it is not TOML", "axia.example.toml"),
    ],
)
def test_wrong_settings_file_becomes_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str, remedy: str
) -> None:
    """A key that nobody knows, a table's key, and what is no TOML."""
    (tmp_path / "axia.toml").write_text(text)
    monkeypatch.setenv("AXIA_SETTINGS_FILE", str(tmp_path / "axia.toml"))

    (fault,) = configuration.read(load_settings).faults

    assert said in fault.said
    assert remedy in fault.remedy


def test_stack_is_known_by_its_record(tmp_path: Path) -> None:
    """Who of a running stack lives and who has ended is told apart."""
    me, dead = record.ProcessId.of(os.getpid()), ended_process()
    record.Record(me, True, {}, {}, {"aws": me, "redis": dead}).write(tmp_path)

    found = local_stack.read_stack(Settings(home=tmp_path))

    assert (found.place, found.ready, found.alive, found.dead) == (Place.STACK, True, ("aws",), ("redis",))


def test_stack_that_was_killed_is_known_by_what_it_left(tmp_path: Path) -> None:
    """Its supervisor is gone, one of its children is not."""
    record.Record(ended_process(), True, {}, {}, {"aws": record.ProcessId.of(os.getpid())}).write(tmp_path)

    found = local_stack.read_stack(Settings(home=tmp_path, aws_endpoint_url=ENDPOINT))

    (finding,) = local_stack.judge_stack(found)
    assert (found.place, finding.verdict) == (Place.NOWHERE, Verdict.FAILURE)
    assert "left running: aws" in finding.said


def test_shell_that_names_a_stack_which_has_ended_is_told(tmp_path: Path) -> None:
    """Nothing answers at its endpoint: that is the one failure, and `axia up` its remedy."""
    found = local_stack.read_stack(Settings(home=tmp_path, aws_endpoint_url=ENDPOINT))

    (finding,) = local_stack.judge_stack(found)
    assert (found.place, finding.verdict) == (Place.NOWHERE, Verdict.FAILURE)
    assert f"AWS_ENDPOINT_URL={ENDPOINT}" in finding.said
    assert "axia up" in finding.remedy


def ended_process() -> record.ProcessId:
    """A process that was and is no more."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    started = psutil.Process(process.pid).create_time()
    process.wait()
    return record.ProcessId(process.pid, started)


@contextmanager
def webserver(*, loaded: bool, healthy: bool) -> Iterator[int]:
    """What answers like Dagster's webserver, on a port of its own."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = health(healthy) if "daemonHealth" in asked else locations(loaded)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": answer}).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def health(healthy: bool) -> dict[str, Any]:
    """One daemon that is needed and one that is not."""
    needed = {"daemonType": "SENSOR", "required": True, "healthy": healthy, "lastHeartbeatTime": 1782907200.0}
    other = {"daemonType": "ASSET", "required": False, "healthy": False, "lastHeartbeatTime": None}
    return {"instance": {"daemonHealth": {"allDaemonStatuses": [needed, other]}}}


def locations(loaded: bool) -> dict[str, Any]:
    """The one code location."""
    return {"locationStatusesOrError": {"entries": [{"name": "axia", "loadStatus": "LOADED" if loaded else "LOADING"}]}}


@pytest.mark.parametrize(
    ("loaded", "healthy", "said"),
    [
        (True, True, []),
        (False, True, ["has not loaded the code location"]),
        (True, False, ["SENSOR has last heartbeat 12:00:00 UTC"]),
    ],
)
def test_dagster_is_asked_how_it_is(tmp_path: Path, loaded: bool, healthy: bool, said: list[str]) -> None:
    """Only a daemon that the instance needs counts."""
    with webserver(loaded=loaded, healthy=healthy) as port:
        # The port that answers stands for the code server and the console as well.
        ports: dict[str, Any] = {"webserver_port": port, "code_server_port": port, "console_port": port}
        found = local_stack.read_processes(Settings(home=tmp_path, **ports))

    judged = [one for one in local_stack.judge_processes(found, Place.STACK) if one.verdict is not Verdict.WELL]
    assert [text in one.said for text, one in zip(said, judged, strict=True)] == [True] * len(said)


def test_machine_without_dagster_is_not_at_fault(tmp_path: Path) -> None:
    """A researcher's laptop that talks to AWS runs none; on a host the remedy says how to start it."""
    nobody: dict[str, Any] = {"webserver_port": 1, "code_server_port": 1, "console_port": 1}
    found = local_stack.read_processes(Settings(home=tmp_path, **nobody))

    (finding,) = local_stack.judge_processes(found, Place.AWS)

    assert finding.verdict is Verdict.SKIPPED
