"""The client against Dagster's own schema and our definitions, and against a webserver that answers from a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

import graphql
import pytest
from dagster_graphql.schema import create_schema
from hypothesis import given
from hypothesis import strategies as st

from axia_core.adapters.dagster_http import client as dagster_client
from axia_core.adapters.dagster_http import queries as dagster_queries
from axia_core.adapters.dagster_http.client import DagsterClient, neighbours
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotATradingDay, NotRunning
from axia_pipelines import partitions
from axia_pipelines.assets.cache import cache_key
from axia_pipelines.assets.ohlcv import ohlcv_key
from axia_pipelines.jobs import COLLECTION

MONDAY, FRIDAY = date(2026, 6, 29), date(2026, 7, 3)
QUERIES = {name: text for name, text in vars(dagster_queries).items() if name.isupper() and not name.startswith("_")}
REPOSITORY = {"name": "__repository__", "location": {"name": "axia"}, "jobs": [{"name": COLLECTION}]}
REPOSITORIES = {"repositoriesOrError": {"nodes": [REPOSITORY]}}


@contextmanager
def webserver(answers: Sequence[dict[str, Any]]) -> Iterator[tuple[DagsterClient, list[dict[str, Any]]]]:
    """A client, and what it asked a webserver that gives *answers* one after the other."""
    asked: list[dict[str, Any]] = []
    remaining = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": remaining.pop(0)}).encode())

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield DagsterClient(f"http://127.0.0.1:{server.server_port}"), asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(status: str, **changes: object) -> dict[str, Any]:
    stats = {"stepsSucceeded": 3, "stepsFailed": 0, "materializations": 50}
    known = {"runId": "r1", "jobName": COLLECTION, "status": status, "startTime": 1783116000.0, "endTime": None}
    return {"runOrError": {"__typename": "Run", **known, "stats": stats, **changes}}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_queries_fit_the_installed_dagster(name: str) -> None:
    """Every query is valid by the schema of the Dagster that is installed."""
    assert graphql.validate(create_schema().graphql_schema, graphql.parse(QUERIES[name])) == []


def test_names_are_those_of_the_definitions() -> None:
    """Job, asset keys and tags are written twice, here and in the pipelines, and must agree."""
    assert dagster_client.COLLECTION == COLLECTION
    assert dagster_client.RANGE_START_TAG == partitions.RANGE_START_TAG
    assert dagster_client.RANGE_END_TAG == partitions.RANGE_END_TAG
    assert ohlcv_key(Timeframe.M15).path == ["ohlcv", "m15"]
    assert cache_key(Timeframe.M15).path == ["cache", "m15"]


def test_launch_says_days_symbols_and_assets() -> None:
    """The run is asked for by range tags from first to last, with the chosen timeframes and their caches."""
    launched = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "r1"}}}

    with webserver([REPOSITORIES, launched]) as (client, asked):
        run_id = client.launch_collection([FRIDAY, MONDAY], ["USDJPY", "USDCHF"], [Timeframe.H1])

    parameters = asked[1]["variables"]["parameters"]
    tags = {tag["key"]: tag["value"] for tag in parameters["executionMetadata"]["tags"]}
    assert run_id == "r1"
    assert tags == partitions.range_tags(MONDAY, FRIDAY, ("USDCHF", "USDJPY"))
    assert parameters["selector"]["assetSelection"] == [{"path": ["ohlcv", "h1"]}, {"path": ["cache", "h1"]}]


def test_refused_run_says_why() -> None:
    """What Dagster says against a run reaches the person who asked for it."""
    refused = {"launchRun": {"__typename": "RunConfigValidationInvalid", "errors": [{"message": "no such op"}]}}

    with webserver([REPOSITORIES, refused]) as (client, _), pytest.raises(InvalidInput, match="no such op"):
        client.launch_collection([FRIDAY], ["USDJPY"], [Timeframe.H1])


@contextmanager
def silent_after(*answers: dict[str, Any]) -> Iterator[str]:
    """The address of a webserver that gives *answers* and then takes questions without an answer."""
    ended, remaining = threading.Event(), list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if not remaining:
                ended.wait(30)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": remaining.pop(0)}).encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            ended.set()
            server.shutdown()


def test_a_launch_that_is_not_answered_may_have_started_the_run() -> None:
    """Nobody is told to start Dagster, nor led to launch a second run: the first may be writing its partitions."""
    with silent_after(REPOSITORIES) as url, pytest.raises(NotRunning, match="look at Runs") as told:
        DagsterClient(url, launch_timeout_s=0.2).launch_collection([FRIDAY], ["USDJPY"], [Timeframe.H1])

    assert "axia up" not in str(told.value)


def test_a_launch_is_waited_for_longer_than_a_question() -> None:
    """Dagster writes an event per partition before it answers a launch."""
    with silent_after() as url, pytest.raises(NotRunning, match=r"is there and has not answered within 0\.2 s"):
        DagsterClient(url, timeout_s=0.2).latest_run(COLLECTION)

    with silent_after(REPOSITORIES) as url, pytest.raises(NotRunning, match=r"within 0\.3 s"):
        DagsterClient(url, timeout_s=0.2, launch_timeout_s=0.3).launch(COLLECTION)


def test_weekend_is_refused_before_anything_is_asked() -> None:
    """A day without a session never becomes a run."""
    with pytest.raises(NotATradingDay):
        DagsterClient("http://127.0.0.1:9").launch_collection([date(2026, 7, 4)], ["USDJPY"], [Timeframe.H1])


def test_wait_tells_progress() -> None:
    """Waiting reports every look at the run and ends with its end."""
    seen: list[str] = []

    with webserver([run("STARTED"), run("SUCCESS", endTime=1783116002.5)]) as (client, _):
        status = client.wait("r1", lambda now: seen.append(now.status))

    assert seen == ["STARTED", "SUCCESS"]
    assert status.succeeded
    assert status.ended_at == datetime(2026, 7, 3, 22, 0, 2, 500_000, tzinfo=UTC)


def test_failures_say_what_the_step_said() -> None:
    """A failed step's own text is shown rather than Dagster's."""
    failed = {
        "__typename": "ExecutionStepFailureEvent",
        "stepKey": "ohlcv__h1",
        "error": {"message": "dagster Failure"},
        "failureMetadata": {"description": "HistoryNotReady: come back later"},
    }
    events = {"runOrError": {"eventConnection": {"events": [{"__typename": "LogMessageEvent"}, failed]}}}

    with webserver([events]) as (client, _):
        assert client.failures("r1") == ("ohlcv__h1: HistoryNotReady: come back later",)


def test_materializations_are_plain_values() -> None:
    """Metadata comes as numbers, truths and texts by name."""
    entries = [
        {"label": "rows", "intRepr": "24"},
        {"label": "complete", "boolValue": False},
        {"label": "source", "text": "mt5"},
    ]
    event = {"runId": "r1", "partition": "2026-07-03|USDJPY", "timestamp": "1783116000000", "metadataEntries": entries}

    with webserver([{"assetOrError": {"assetMaterializations": [event]}}]) as (client, _):
        (found,) = client.materializations(["ohlcv", "h1"])

    assert found.metadata == {"rows": 24, "complete": False, "source": "mt5"}
    assert found.at == datetime(2026, 7, 3, 22, tzinfo=UTC)


def test_nobody_answers() -> None:
    """Without a webserver the message says how to start one."""
    with pytest.raises(NotRunning, match="axia up"):
        DagsterClient("http://127.0.0.1:9").latest_run(COLLECTION)


@given(st.lists(st.sampled_from(DEFAULT_SYMBOLS), unique=True))
def test_neighbours_cover_the_choice(chosen: list[str]) -> None:
    """The stretches hold exactly the chosen symbols, and each is unbroken in the list of all."""
    stretches = list(neighbours(chosen, DEFAULT_SYMBOLS))

    assert sorted(name for stretch in stretches for name in stretch) == sorted(chosen)
    for stretch in stretches:
        start = DEFAULT_SYMBOLS.index(stretch[0])
        assert stretch == DEFAULT_SYMBOLS[start : start + len(stretch)]
