"""The op that keeps Dagster's storage and the stack's logs from growing for ever.

House rule: call, show. What may go and what must stay is `axia_pipelines.retention`'s.
https://docs.dagster.io/guides/build/ops
"""

from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg

from axia_pipelines.resources import BarsResource


@dg.op(description="Deletes old runs of the desk, empties old logs of runs, and shortens the files.")
def retain(context: dg.OpExecutionContext, bars: dg.ResourceParam[BarsResource]) -> None:
    """By the wall clock and not by AXIA's: Dagster dates its runs by no other."""
    from axia_pipelines.retention import Retention

    done = Retention(context.instance, bars.settings).apply(datetime.now(UTC))
    context.add_output_metadata(asdict(done))
