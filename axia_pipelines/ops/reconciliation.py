"""The op that reconciles ledger and broker while no desk is open.

House rule: as for the desk's ops: open, call, show. It sends nothing, so a retry would do no harm, and none is needed:
the next hour's run does the same.
https://docs.dagster.io/guides/build/ops
"""

import dagster as dg

from axia_core.domain.order_states import State
from axia_core.errors import NotRunning
from axia_core.reconciliation import Reconciled
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.logged import logged
from axia_pipelines.ops.desk import RunLogEvents
from axia_pipelines.resources import DeskResource


@dg.op(description="Settles UNKNOWN orders by the broker's evidence and looks for positions nobody ordered.")
def reconcile_orders(context: dg.OpExecutionContext, desk: dg.ResourceParam[DeskResource]) -> None:
    """Green and idle where a desk has opened meanwhile; red where ledger and broker disagree."""
    events = RunLogEvents(desk.ports, context.log)
    owner = f"reconciliation {context.run_id}"
    with logged(context), shown_as_failure(), desk.reconciliation(owner, events) as opened:
        try:
            found = opened.run()
        except NotRunning as taken:
            context.log.info(f"nothing to do: {taken}")
            return
    _show(context, found)


def _show(context: dg.OpExecutionContext, found: Reconciled) -> None:
    for record in (*found.settled, *found.open):
        context.log.info(f"order {record.order.order_id} is {record.state}: {record.reason}")
    wrong = [stray.text for stray in found.strays if stray.ours]
    unknown = [record.order.order_id for record in found.open if record.state is State.UNKNOWN]
    if unknown:
        wrong.append(f"still UNKNOWN: {', '.join(unknown)}; look at the terminal, then `axia order resolve`")
    if wrong:
        raise dg.Failure("; ".join(wrong), allow_retries=False)
