"""Ops of the order path: keep a desk open, or execute one order by its id.

House rule: open the desk, iterate, show. What happens to an order is `axia_core.desk`'s business. The op is a generator
because `context.log_event` would keep every event in memory; it takes no pool (a killed run keeps its slot) and has no
retry policy (nothing is ever sent again by a retry).
https://docs.dagster.io/guides/build/ops
"""

import time
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from axia_core.domain.events import Severity
from axia_core.domain.messages import Lease
from axia_core.domain.order_states import State
from axia_core.ports import Events
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.logged import logged
from axia_pipelines.metadata import order_materialization
from axia_pipelines.ops.cancellation import Cancellation
from axia_pipelines.resources import DeskResource, OrderPorts

LEASE_POLL_S = 0.25
LEASE_SLACK_S = 2.0


class OneOrder(dg.Config):
    """Which order to execute."""

    order_id: str


class RunLogEvents(Events):
    """Events that also reach the run's log when a person must look; the others would only cost each order 8 ms."""

    def __init__(self, ports: OrderPorts, log: dg.DagsterLogManager) -> None:
        self._events = ports.events
        self._account = ports.account
        self._log = log

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        self._events.publish(event_type, severity, component, text, **details)
        if severity == Severity.CRITICAL:
            self._log.error(f"{self._account}: {text}")


@dg.op(out={}, description="Accepts and executes orders until the New York close, a cancel, or the loss of the lease.")
def keep_desk_open(
    context: dg.OpExecutionContext, desk: dg.ResourceParam[DeskResource]
) -> Iterator[dg.AssetMaterialization]:
    """One event on `orders` per finished order, while the queue is empty."""
    cancellation = Cancellation()
    events = RunLogEvents(desk.ports, context.log)
    with logged(context), shown_as_failure(), desk.open(context.run_id, events) as opened:
        _await_lease(context.instance, desk.ports)
        for record in cancellation.shield(opened.run(cancellation)):
            yield order_materialization(record, desk.ports.account)


@dg.op(out={}, description="Executes the order called order_id, under the desk's lease, and shows how it ended.")
def execute_order(
    context: dg.OpExecutionContext, config: OneOrder, desk: dg.ResourceParam[DeskResource]
) -> Iterator[dg.AssetMaterialization]:
    """A cancel is not held back here: an operator must be able to give up on an order that stays UNKNOWN."""
    events = RunLogEvents(desk.ports, context.log)
    with logged(context), shown_as_failure(), desk.open(context.run_id, events) as opened:
        record = opened.execute_one(config.order_id)
    yield order_materialization(record, desk.ports.account)
    if record.state is State.UNKNOWN:
        raise dg.Failure(f"order {config.order_id} is UNKNOWN: {record.reason}", allow_retries=False)


def _await_lease(instance: dg.DagsterInstance, ports: OrderPorts) -> None:
    """Returns when no desk holds the lease: the one that a dead desk left is ended, or runs out.

    One that is renewed is left to the desk to refuse.
    """
    deadline = ports.clock.now() + timedelta(seconds=ports.lease_s + LEASE_SLACK_S)
    while (lease := ports.ledger.lease_holder(ports.clock.now())) is not None and ports.clock.now() < deadline:
        if is_left_behind(lease, instance, ports):
            return ports.ledger.release_lease(lease)
        ports.clock.sleep(LEASE_POLL_S)
    return None


def is_left_behind(lease: Lease, instance: dg.DagsterInstance, ports: OrderPorts) -> bool:
    """Whether a dead desk left the lease: its run is over, and it was not renewed since.

    Should its process live after all, it has lost the lease, and its terminal ends before the next desk begins.
    """
    record = instance.get_run_record_by_id(lease.owner)
    if record is None or record.end_time is None:
        return False
    remaining_s = (lease.expires_at - ports.clock.now()).total_seconds()
    return remaining_s + (time.time() - record.end_time) <= ports.lease_s
