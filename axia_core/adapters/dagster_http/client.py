"""Asking the running Dagster for runs and what came of them, over its webserver's GraphQL.

Nothing here imports Dagster: that alone takes most of a second in every `axia` command. The few names that both sides
must agree on (job, asset keys, range tags) stand here a second time, and a test compares them.
"""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from axia_core.adapters.dagster_http import queries
from axia_core.adapters.dagster_http.graphql import ask
from axia_core.domain.sessions import session
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput, NotRunning

COLLECTION = "daily_collection"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
TIMEOUT_S = 60.0
# Dagster writes an event per partition before it answers: a year of 40 series took more than a minute.
LAUNCH_TIMEOUT_S = 1_800.0
POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """Where a run stands; times are None until it has got there."""

    run_id: str
    job: str
    status: str
    steps_succeeded: int
    steps_failed: int
    materializations: int
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Nothing further will happen."""
        return self.status in FINISHED

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Materialization:
    """One event of an asset, with its metadata as plain values."""

    run_id: str
    partition: str | None
    at: datetime
    metadata: dict[str, Any]


class DagsterClient:
    """The Dagster behind one webserver, for example `http://127.0.0.1:3000`.

    Raises NotRunning when nobody answers; where that was a launch, the run may have been started all the same.
    """

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S, launch_timeout_s: float = LAUNCH_TIMEOUT_S) -> None:
        self._url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._launch_timeout_s = launch_timeout_s

    def launch_collection(self, days: Sequence[date], symbols: Sequence[str], timeframes: Sequence[Timeframe]) -> str:
        """Starts one run that collects every day from the first to the last of *days*, then the caches; its run id.

        *symbols* must be neighbours in the list of all symbols (`neighbours` cuts any choice so). Raises
        NotATradingDay, and InvalidInput where Dagster refuses the run.
        """
        first, last = (session(day).trading_date for day in (min(days), max(days)))
        names = sorted(symbols)
        tags = {RANGE_START_TAG: f"{first}|{names[0]}", RANGE_END_TAG: f"{last}|{names[-1]}"}
        paths = [[group, timeframe.lower()] for timeframe in timeframes for group in ("ohlcv", "cache")]
        # Naming assets would add every check of theirs, the weekly ones too; the job as a whole leaves those out.
        everything = set(timeframes) == set(Timeframe)
        return self.launch(COLLECTION, tags=tags, assets=None if everything else paths)

    def launch_order(self, order_id: str) -> str:
        """Starts the run that executes one order of the ledger; its run id."""
        return self.launch("order_execution", config={"ops": {"execute_order": {"config": {"order_id": order_id}}}})

    def launch(
        self,
        job: str,
        *,
        tags: dict[str, str] | None = None,
        assets: Sequence[Sequence[str]] | None = None,
        config: dict[str, Any] | None = None,
    ) -> str:
        """Starts a run of *job* (of some of its assets only, if given); its run id. Raises InvalidInput, NotRunning."""
        selection = None if assets is None else [{"path": list(path)} for path in assets]
        parameters = {
            "selector": {**self._repository(job), "jobName": job, "assetSelection": selection},
            "runConfigData": config or {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]},
        }
        try:
            result = self._ask(queries.LAUNCH, self._launch_timeout_s, parameters=parameters)["launchRun"]
        except _Late as error:
            remedy = f"It may be starting the run of {job} all the same: look at Runs in its UI before you try again"
            raise NotRunning(f"{error}. {remedy}") from error
        if result["__typename"] != "LaunchRunSuccess":
            raise InvalidInput("run", job, f"Dagster refused it ({result['__typename']})", _refusal(result))
        return str(result["run"]["runId"])

    def run_status(self, run_id: str) -> RunStatus:
        """Where a run stands; raises InvalidInput for an unknown id."""
        found = self._ask(queries.RUN, runId=run_id)["runOrError"]
        if found["__typename"] != "Run":
            raise InvalidInput("run_id", run_id, "Dagster does not know this run", "See Runs in the Dagster UI.")
        return _run_status(found)

    def wait(
        self,
        run_id: str,
        on_progress: Callable[[RunStatus], None] = lambda _: None,
        *,
        timeout_s: float = 3_600.0,
    ) -> RunStatus:
        """Waits until the run has ended, telling *on_progress* where it stands; the last status, ended or not."""
        deadline = time.monotonic() + timeout_s
        while True:
            status = self.run_status(run_id)
            on_progress(status)
            if status.is_finished or time.monotonic() > deadline:
                return status
            time.sleep(POLL_S)

    def failures(self, run_id: str) -> tuple[str, ...]:
        """What the run's failed steps say, one text each."""
        events = self._ask(queries.FAILURES, runId=run_id)["runOrError"].get("eventConnection", {}).get("events", [])
        return tuple(_failure_text(event) for event in events if event["__typename"] == "ExecutionStepFailureEvent")

    def latest_run(self, job_name: str) -> RunStatus | None:
        """The newest run of a job, or None when it never ran."""
        found = self._ask(queries.LATEST_RUN, job=job_name)["runsOrError"].get("results", [])
        return _run_status(found[0]) if found else None

    def materializations(
        self, asset_key: Sequence[str], *, limit: int = 100, partitions: Sequence[str] | None = None
    ) -> tuple[Materialization, ...]:
        """The newest events of an asset, newest first; of some partitions only, if given."""
        key = {"path": list(asset_key)}
        found = self._ask(queries.MATERIALIZATIONS, key=key, limit=limit, partitions=partitions)["assetOrError"]
        return tuple(_materialization(event) for event in found.get("assetMaterializations", []))

    def _repository(self, job: str) -> dict[str, str]:
        for repository in self._ask(queries.REPOSITORIES)["repositoriesOrError"].get("nodes", []):
            if any(known["name"] == job for known in repository["jobs"]):
                return {
                    "repositoryName": repository["name"],
                    "repositoryLocationName": repository["location"]["name"],
                }
        raise NotRunning(f"Dagster at {self._url} has not loaded the job {job}: see Deployment in its UI")

    def _ask(self, query: str, timeout_s: float | None = None, **variables: object) -> dict[str, Any]:
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            answer = ask(self._url, query, variables, timeout_s)
        except urllib.error.HTTPError as error:
            raise InvalidInput("query", error.code, error.read().decode(errors="replace")[:500]) from error
        except TimeoutError as error:
            raise _Late(f"Dagster at {self._url} is there and has not answered within {timeout_s:g} s") from error
        except (OSError, ValueError) as error:
            raise NotRunning(f"no Dagster answers at {self._url} ({error}): start it with `axia up`") from error
        if answer.get("errors"):
            raise InvalidInput("query", answer["errors"][0]["message"], "Dagster could not answer it")
        data: dict[str, Any] = answer["data"]
        return data


class _Late(NotRunning):
    """The question was put, and no answer came in time."""


def neighbours(symbols: Sequence[str], known: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """*symbols* cut into stretches that are unbroken in the sorted list of all *known* ones: one run each."""
    stretch: list[str] = []
    for name in sorted(known):
        if name in symbols:
            stretch.append(name)
        elif stretch:
            yield tuple(stretch)
            stretch = []
    if stretch:
        yield tuple(stretch)


def _run_status(run: dict[str, Any]) -> RunStatus:
    stats = run["stats"]
    return RunStatus(
        run_id=run["runId"],
        job=run["jobName"],
        status=run["status"],
        steps_succeeded=stats.get("stepsSucceeded") or 0,
        steps_failed=stats.get("stepsFailed") or 0,
        materializations=stats.get("materializations") or 0,
        started_at=_time(run["startTime"]),
        ended_at=_time(run["endTime"]),
    )


def _materialization(event: dict[str, Any]) -> Materialization:
    at = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)
    values = {entry["label"]: _value(entry) for entry in event["metadataEntries"]}
    return Materialization(run_id=event["runId"], partition=event["partition"], at=at, metadata=values)


def _value(entry: dict[str, Any]) -> object:
    """The plain value of a metadata entry; None for the kinds that we do not write."""
    if entry.get("intRepr") is not None:
        return int(entry["intRepr"])  # intValue is null beyond 32 bits
    return next((value for name, value in entry.items() if name in _VALUES and value is not None), None)


_VALUES = ("text", "floatValue", "boolValue", "url", "path", "jsonString")


def _refusal(result: dict[str, Any]) -> str:
    details = [error["message"] for error in result.get("errors") or []]
    return "; ".join([result.get("message") or "", *details]).strip("; ")[:1_000]


def _failure_text(event: dict[str, Any]) -> str:
    described = (event.get("failureMetadata") or {}).get("description")
    return f"{event['stepKey']}: {described or (event.get('error') or {}).get('message', '')}".strip()


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
