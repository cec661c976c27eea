"""The code location of `bare_dagster`: a job that stays, a sensor that has nothing to do, and no import but Dagster."""

import os
import time
from pathlib import Path

import dagster as dg

MARK = "bare-run-is-open"


@dg.op
def stay() -> None:
    """Says that it is there, and remains until it is killed."""
    Path(os.environ["DAGSTER_HOME"], MARK).touch()
    while True:
        time.sleep(60)


@dg.job(executor_def=dg.in_process_executor)
def bare_job() -> None:
    """One run, which stays."""
    stay()


@dg.sensor(job=bare_job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def bare_sensor() -> dg.SkipReason:
    """Looks every five seconds, as the order sensor does."""
    return dg.SkipReason("there is nothing to do")


defs = dg.Definitions(jobs=[bare_job], sensors=[bare_sensor])
