"""What a run is to a person who hears of it: what it is called, how bad its failure is, why it failed, what to run.

House rule: words only. Who is told, and when, is `axia_pipelines.outcomes`'.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.execution.plan.objects import StepFailureData

from axia_core.domain.events import Severity
from axia_pipelines.partitions import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG

COMPONENT = "dagster"
WHY_CHARACTERS = 600
BY_HAND = "__ASSET_JOB"
# Money moves, or nobody knows whether it does; what else fails can wait for the morning.
GRAVE = frozenset({"order_desk", "order_reconciliation", "daily_statement"})
# An order's own run is an operator's who looks at it, and how the order ends is an event of the order.
TOLD_ELSEWHERE = frozenset({"order_execution"})
_REMEDIES = {
    "order_desk": "axia order list --open",
    "order_reconciliation": "axia order reconcile",
    "daily_statement": "axia order statement",
    "healing": "axia ohlcv coverage",
    "quality_check": "axia ohlcv coverage",
    "recovery_verification": "axia verify",
    "recovery_drills": "axia drill",
}


def is_told_elsewhere(run: dg.DagsterRun) -> bool:
    """Whether people hear of it in another way."""
    return run.job_name in TOLD_ELSEWHERE


def subject_of(run: dg.DagsterRun) -> str:
    """What fails and recovers: the job, or the assets that somebody materialized by hand."""
    if run.job_name != BY_HAND:
        return run.job_name
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    return f"materializing {', '.join(assets)}"[:200]


def collects(run: dg.DagsterRun) -> bool:
    """Whether it reads bars: the daily collection, or the same by hand in the UI."""
    keys = run.asset_selection or ()
    return run.job_name == "daily_collection" or (
        run.job_name == BY_HAND and any(key.path[0] == "ohlcv" for key in keys)
    )


def severity_of(run: dg.DagsterRun) -> Severity:
    """How bad it is that the run failed."""
    return Severity.CRITICAL if run.job_name in GRAVE else Severity.WARNING


def days_of(run: dg.DagsterRun) -> tuple[str, ...]:
    """The first and the last trading day that the run asked for, one where they are the same, none without days."""
    one = run.tags.get(PARTITION_TAG)
    asked = (run.tags.get(RANGE_START_TAG, one), run.tags.get(RANGE_END_TAG, one))
    days = [key.partition("|")[0] for key in asked if key]
    return tuple(dict.fromkeys(days))


def remedy_for(run: dg.DagsterRun) -> str:
    """The command to run first."""
    days = days_of(run)
    if collects(run) and days:
        return f"axia collect --from {days[0]} --to {days[-1]}"
    if run.job_name == "daily_statement" and days:
        return f"axia order statement --date {days[-1]}"
    return _REMEDIES.get(run.job_name, "axia doctor")


def failure_of(run: dg.DagsterRun, entry: dg.EventLogEntry | None, instance: dg.DagsterInstance) -> str:
    """Why it failed: the words of its first failed step, else those of the run's end."""
    for step in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        failed = step.dagster_event.step_failure_data if step.dagster_event else None
        if failed is None:
            continue
        where = step.dagster_event.step_key if step.dagster_event else ""
        return f"{where}: {_words(failed)}"[:WHY_CHARACTERS]
    event = entry.dagster_event if entry else None
    words = [_last_engine_event(run, instance), event.message if event else None]
    return ("; ".join(filter(None, words)) or "see the run")[:WHY_CHARACTERS]


def _last_engine_event(run: dg.DagsterRun, instance: dg.DagsterInstance) -> str:
    """Of a run that was killed, what its launcher says of it; the first sentence, the others are advice."""
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    last = events[-1].dagster_event if events else None
    return ((last.message if last else None) or "").partition(". ")[0]


def _words(failed: StepFailureData) -> str:
    """A failure's own words; of nested errors the outermost is Dagster's, and the innermost the cause."""
    if failed.user_failure_data and failed.user_failure_data.description:
        return failed.user_failure_data.description
    error = failed.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else "see the run"
