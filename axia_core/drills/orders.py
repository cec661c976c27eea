"""Tier 1, rehearsed: the kill switch and the order ledger come back from the table's own backup.

Each works on a copy beside the table, with a queue of its own. The broker of production is asked and never told; what
is sent goes to a paper terminal of the drill's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from axia_core.adapters.memory import MemoryEvents
from axia_core.desk_rules import DeskRules
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.domain.order_states import OrderRecord, State
from axia_core.domain.sessions import is_open
from axia_core.drills.bench import Bench, restored_copy
from axia_core.drills.desk import ScratchDesk, free_symbol
from axia_core.errors import NotRunning
from axia_core.ports import Broker, OrderLedger
from axia_core.reconciliation import Reconciled, Reconciliation
from axia_core.services.recover_kill_switch import recover_kill_switch
from axia_core.services.restore_beside import Beside
from axia_core.services.restored import restored
from axia_core.services.witness import Rehearsal

ROOM = timedelta(minutes=5)  # of the open market, for a smoke order
EMERGENCY = {"pk": "GLOBALCONFIG", "sk": "SETTING#KILL_SWITCH", "active": True}  # the original runbook's put-item


def drill_kill_switch(bench: Bench) -> None:
    """The switch reads in the copy as in its source, stops an order there, and survives its own loss and misuse."""
    with restored_copy(bench) as beside:
        ledger = bench.stage.ledger(beside.copy)
        _reads_alike(bench, beside, ledger)
        _stops_an_order(bench, ledger)
        bench.steps.human("find out why it was lost, then `axia kill-switch off --reason ...`")
    _is_lost_and_recovered(bench)


def drill_orders(bench: Bench) -> None:
    """The restored ledger boots in HALT, is reconciled with the broker, and works off a smoke order once released."""
    with restored_copy(bench) as beside, bench.stage.witness() as production:
        ledger = bench.stage.ledger(beside.copy)
        with bench.steps.step("the restored ledger boots in HALT") as told:
            restored(beside.restored_to, bench.who, ledger=ledger, clock=bench.stage.clock)
            switch = ledger.kill_switch()
            told.ok = switch.active and switch.mode is Mode.HALT and ledger.epoch() is not None
            told.detail = switch.reason
        _reconcile(bench, ledger, production)
        bench.steps.human("compare with the terminal and the day's statement, then `axia kill-switch off --reason ...`")
        _work_off(bench, ledger, production)


def _reads_alike(bench: Bench, beside: Beside, copy: OrderLedger) -> None:
    with bench.steps.step("the kill switch reads in the copy as in its source") as told:
        here, there = copy.kill_switch(), bench.stage.ledger(bench.stage.settings.table).kill_switch()
        moved_on = there.at is not None and there.at > beside.restored_to
        told.ok = here == there or moved_on
        told.detail = f"{'ON ' + here.mode if here.active else 'OFF'}, version {here.version}"


def _stops_an_order(bench: Bench, ledger: OrderLedger) -> None:
    with bench.steps.step("HALT on the copy refuses a smoke order") as told:
        wanted = KillSwitch(active=True, reason="a drill on a copy", who=bench.who)
        ledger.set_kill_switch(wanted, ledger.kill_switch().version, bench.stage.clock.now())
        with _scratch_desk(bench, ledger) as desk:
            record = desk.smoke(f"drill-{bench.drill_id}-1", free_symbol(desk.settings, ledger))
        told.ok = record is not None and record.state is State.REFUSED and "KILL_SWITCH" in record.reason
        told.detail = _words(record)
    bench.rto = bench.steps.elapsed


def _is_lost_and_recovered(bench: Bench) -> None:
    """In an empty table: missing means HALT, the emergency command means HALT, and the next change works."""
    backups, clock, table = bench.stage.backups, bench.stage.clock, bench.name("switch")
    with bench.removed_after(f"the table {table}", lambda: backups.discard(table)):
        with bench.steps.step("a table without a switch means HALT, and so does the original's put-item") as told:
            backups.make_scratch(table)
            ledger = bench.stage.ledger(table)
            missing = ledger.kill_switch()
            backups.put_missing(table, EMERGENCY)
            emergency = ledger.kill_switch()
            told.ok = missing.active and not missing.known and emergency.active and emergency.mode is Mode.HALT
        with bench.steps.step("`axia recover kill-switch` completes it, once, and a release works") as told:
            done = [recover_kill_switch(table, bench.who, ledger=ledger, backups=backups, clock=clock) for _ in "12"]
            released = KillSwitch(active=False, reason="a drill", who=bench.who)
            off = ledger.set_kill_switch(released, done[-1].after.version, clock.now())
            told.ok = [one.changed for one in done] == [True, False] and not off.active and len(ledger.audit()) > 1


def _reconcile(bench: Bench, ledger: OrderLedger, production: Broker) -> None:
    with bench.steps.step("the copy is reconciled with the broker, which is asked and never told") as told:
        found = _reconciled(bench, ledger, production)
        unknown = [one.order.order_id for one in found.open if one.state is State.UNKNOWN]
        strays = [stray.text for stray in found.strays if stray.ours]
        told.detail = f"{len(found.settled)} settled, {len(found.open)} open, {len(strays)} positions not accounted for"
        # Each is what the lost minutes hold, or what production has not settled either.
        bench.notes += [f"UNKNOWN at the broker: {order_id}" for order_id in unknown] + strays
    bench.compared += len(found.settled) + len(found.open)


def _reconciled(bench: Bench, ledger: OrderLedger, production: Broker) -> Reconciled:
    clock, rules = bench.stage.clock, DeskRules.of(bench.stage.settings)
    reconciliation = Reconciliation(
        ledger=ledger, broker=production, events=MemoryEvents(), clock=clock, rules=rules, owner=bench.who
    )
    ends_at = clock.now() + timedelta(seconds=2 * rules.lease_s)
    while True:
        try:
            return reconciliation.run()
        except NotRunning:  # the lease that the copy shows belongs to the desk of production, and runs out here
            if clock.now() > ends_at:
                raise
            clock.sleep(0.5)


def _work_off(bench: Bench, ledger: OrderLedger, production: Broker) -> None:
    now = bench.stage.clock.now()
    if not (is_open(now) and is_open(now + ROOM)):
        bench.notes.append("the market is closed, so no smoke order could be filled: the RTO is unknown")
        return
    with bench.steps.step("released on the copy, a smoke order goes from queue to fill, at a paper broker") as told:
        switch = KillSwitch(active=False, reason="a drill on a copy", who=bench.who)
        ledger.set_kill_switch(switch, ledger.kill_switch().version, now)
        with _scratch_desk(bench, ledger, production) as desk:
            record = desk.smoke(f"drill-{bench.drill_id}-1", free_symbol(desk.settings, ledger))
        told.ok = record is not None and record.state is State.FILLED
        told.detail = _words(record)
    bench.rto = bench.steps.elapsed


@contextmanager
def _scratch_desk(bench: Bench, ledger: OrderLedger, production: Broker | None = None) -> Iterator[ScratchDesk]:
    stage, queue = bench.stage, bench.name("queue")
    settings = stage.scratch_settings(stage.folder(bench.drill_id), stage.settings.clock_shift)
    with bench.removed_after(f"the queue {queue}", lambda: stage.queues.discard(queue)), stage.paper(settings) as paper:
        stage.queues.make(queue)
        broker = paper if production is None else Rehearsal(production, paper, ours=f"drill-{bench.drill_id}")
        yield ScratchDesk(
            settings=settings,
            queue=stage.queue(queue, settings.clock_shift),
            ledger=ledger,
            broker=broker,
            clock=stage.clock,
            owner=bench.who,
        )


def _words(record: OrderRecord | None) -> str:
    return "it never arrived" if record is None else f"{record.state} {record.reason}".strip()
