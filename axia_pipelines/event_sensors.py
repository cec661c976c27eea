"""Sensors that start nothing and tell people: what has ended badly, and what was changed behind AXIA's back.

House rule: as for the other sensors. What people have been told is in the cursor, and it is told before the cursor is
kept: a daemon that dies in between tells it once more, never not at all.
https://docs.dagster.io/guides/automate/sensors
"""

import dagster as dg

from axia_core.services.watch import LastLook, watch
from axia_pipelines.outcomes import Outcomes, Told
from axia_pipelines.resources import DeskResource


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people of runs, backfills and asset checks that failed, once, and once that it is over. "
    "Starts nothing. To have everything that is still wrong told anew, reset its cursor.",
)
def outcome_sensor(context: dg.SensorEvaluationContext, desk: dg.ResourceParam[DeskResource]) -> dg.SkipReason:
    """One sensor and not one of Dagster's for each status: they make a tick each, and forget what they have told."""
    assert context.repository_def is not None  # so in every code server
    outcomes = Outcomes(Told.parse(context.cursor), context.instance, desk.ports.events)
    told = outcomes.look(context.repository_def.asset_graph.asset_check_keys)
    context.update_cursor(told.text())
    return dg.SkipReason(
        "; ".join(outcomes.sentences) or f"Nothing new has ended; {len(told.faults)} faults are known."
    )


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people of every change of the kill switch by a person, through whatever door, and of messages "
    "in the dead-letter queue. Starts nothing.",
)
def change_sensor(context: dg.SensorEvaluationContext, desk: dg.ResourceParam[DeskResource]) -> dg.SkipReason:
    """Two small calls to AWS."""
    ports = desk.ports
    before = LastLook.parse(context.cursor)
    seen, told = watch(before, ledger=ports.ledger, letters=ports.letters, events=ports.events)
    context.update_cursor(seen.text())
    return dg.SkipReason("; ".join(told) or f"The kill switch is {'on' if seen.is_on else 'off'}, as before.")
