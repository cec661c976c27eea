"""A code location whose one job takes the express lane and sleeps: something to launch, look at and kill."""

import time

import dagster as dg

from axia_pipelines.instance.coordinator import EXPRESS_TAG


@dg.op
def sleep() -> None:
    time.sleep(60)


@dg.job(tags={EXPRESS_TAG: "true"}, executor_def=dg.in_process_executor)
def express_sleep() -> None:
    sleep()


@dg.job(executor_def=dg.in_process_executor)
def queued_sleep() -> None:
    sleep()


defs = dg.Definitions(jobs=[express_sleep, queued_sleep])
