"""What the stack asks the Dagster webserver: is it up, do its daemons live, end the runs."""

from __future__ import annotations

import time
from typing import Any

from axia_core.adapters.dagster_http.graphql import ask

_TIMEOUT_S = 5.0
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
_LOCATION = """{ locationStatusesOrError { ... on WorkspaceLocationStatusEntries { entries { name loadStatus } } } }"""
_UNFINISHED = """{ runsOrError(filter: {statuses: [STARTING, STARTED, CANCELING, NOT_STARTED]}) {
  ... on Runs { results { runId } } } }"""
_TERMINATE = """mutation ($runs: [String!]!) { terminateRuns(runIds: $runs, terminatePolicy: SAFE_TERMINATE) {
  ... on TerminateRunsResult { terminateRunResults { __typename } } } }"""


def up(url: str) -> bool:
    """Whether the webserver answers and has loaded our code location."""
    try:
        entries = _ask(url, _LOCATION)["locationStatusesOrError"]["entries"]
    except (OSError, KeyError, ValueError):
        return False
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


def daemons_healthy(url: str) -> bool:
    """Whether every daemon that the instance needs has told of itself."""
    try:
        statuses = _ask(url, _DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (OSError, KeyError, ValueError):
        return False
    return all(status["healthy"] for status in statuses if status["required"])


def end_runs(url: str, timeout_s: float) -> bool:
    """Ask every unfinished run to end and wait for it; False when some did not, or nobody answers."""
    deadline = time.monotonic() + timeout_s
    try:
        while runs := _unfinished(url):
            _ask(url, _TERMINATE, {"runs": runs})
            if time.monotonic() > deadline:
                return False
            time.sleep(0.25)
    except (OSError, KeyError, ValueError):
        return False
    return True


def _unfinished(url: str) -> list[str]:
    return [run["runId"] for run in _ask(url, _UNFINISHED)["runsOrError"]["results"]]


def _ask(url: str, query: str, variables: dict[str, object] | None = None) -> dict[str, Any]:
    data: dict[str, Any] = ask(url, query, variables or {}, _TIMEOUT_S)["data"]
    return data
