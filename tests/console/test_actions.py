"""What pages do: one ticket is one order, stopping wins, releasing needs a reason and a look, all of it audited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from axia_console.actions import OtherContent, Sent, release, send_once, throw
from axia_console.tickets import Claim, Stage, Tickets
from axia_core.adapters.memory import MemoryOrderLedger, MemoryOrderQueue
from axia_core.domain.kill_switch import UNREADABLE, AuditLine, KillSwitch, Mode
from axia_core.errors import InvalidInput, InvalidOrder, StoreUnavailable, VersionConflict
from axia_core.services.accept import accept
from tests.console.conftest import Desk

WHO = "alice@example.com"


def message(order_id: str = "T1", lots: float = 0.1) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "symbol": "USDJPY",
        "order_action": "BUY",
        "order_type": "MARKET",
        "lot_size": lots,
    }


def sent(desk: Desk, made: dict[str, Any], queue: MemoryOrderQueue | None = None) -> Sent | OtherContent:
    return send_once(
        made,
        WHO,
        tickets=desk.tickets,
        ledger=desk.ledger,
        queue=queue or desk.queue,
        clock=desk.clock,
        symbols=desk.settings.symbols,
    )


def accept_all(desk: Desk) -> None:
    symbols = desk.settings.symbols
    from axia_core.adapters.memory import MemoryEvents

    received = desk.queue.receive(10, 0, 10)
    acknowledge, events = desk.queue.delete_all, MemoryEvents()
    accept(received, acknowledge=acknowledge, ledger=desk.ledger, clock=desk.clock, events=events, symbols=symbols)


def test_sent_once(desk: Desk) -> None:
    """The same ticket again sends nothing more, and says so."""
    assert sent(desk, message()) == Sent("T1")
    assert sent(desk, message()) == Sent("T1", repeated=True)
    assert desk.queue.depth().waiting == 1


def test_other_content_is_not_sent(desk: Desk) -> None:
    """A ticket's id stands for what was sent first: another tab's other content is not sent, and raises no alarm."""
    sent(desk, message())

    assert sent(desk, message(lots=0.2)) == OtherContent("T1")
    assert desk.queue.depth().waiting == 1


def test_ledger_remembers_over_a_restart(desk: Desk) -> None:
    """A console that has forgotten its tickets does not send what the ledger knows."""
    sent(desk, message())
    accept_all(desk)
    desk.tickets = Tickets()

    assert sent(desk, message()) == Sent("T1", repeated=True)
    desk.tickets = Tickets()
    assert sent(desk, message(lots=0.2)) == OtherContent("T1")
    assert desk.queue.depth().waiting == 0


class Deaf(MemoryOrderQueue):
    """A queue that does not answer."""

    def send(self, body: str) -> str:
        raise StoreUnavailable("nothing answers")


def test_failure_may_be_repeated_as_it_was(desk: Desk) -> None:
    """After a failure the same may be sent once more under its id; other content may not, since it may have arrived."""
    with pytest.raises(StoreUnavailable):
        sent(desk, message(), Deaf(desk.clock))

    assert desk.tickets.stage("T1") is Stage.FAILED
    assert sent(desk, message(lots=0.2)) == OtherContent("T1")
    assert sent(desk, message()) == Sent("T1")
    assert desk.tickets.stage("T1") is Stage.SENT


def test_audited_with_who(desk: Desk) -> None:
    """The audit names the person, the order and its id before it is sent."""
    sent(desk, message())

    (line,) = desk.ledger.audit()
    assert (line.who, line.what) == (WHO, "console: BUY USDJPY 0.1 lots MARKET as T1")


class NoAudit(MemoryOrderLedger):
    """A ledger that keeps no audit."""

    def note_audit(self, line: AuditLine) -> None:
        raise StoreUnavailable("nothing answers")


def test_what_cannot_be_audited_is_not_sent(desk: Desk) -> None:
    """Without an audit line there is no order."""
    desk.ledger = NoAudit(KillSwitch(active=False, version=1))

    with pytest.raises(StoreUnavailable):
        sent(desk, message())

    assert desk.queue.depth().waiting == 0


def test_invalid_is_refused_before_the_claim(desk: Desk) -> None:
    """What is no order leaves its ticket open."""
    with pytest.raises(InvalidOrder):
        sent(desk, message(lots=-1))

    assert desk.tickets.stage("T1") is Stage.OPEN


def test_one_of_many_threads_sends() -> None:
    """However many sessions claim a ticket at once, one has it."""
    tickets = Tickets()
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: tickets.claim("T1", "content"), range(64)))

    assert claims.count(Claim.YOURS) == 1


def test_tabs_share_a_ticket() -> None:
    """One person's tabs have one ticket per purpose; another person has another."""
    tickets = Tickets()
    first = tickets.open("a", "entry")

    assert tickets.open("a", "entry") == first
    assert len({first, tickets.open("b", "entry"), tickets.open("a", "close-1")}) == 3
    second = tickets.renew("a", "entry", first)
    assert tickets.renew("a", "entry", first) == second != first


def test_throw_and_release(desk: Desk) -> None:
    """Both change the switch with who and why."""
    thrown = throw(Mode.REDUCE_ONLY, " storm ", WHO, ledger=desk.ledger, clock=desk.clock)
    assert (thrown.active, thrown.mode, thrown.who, thrown.reason) == (True, Mode.REDUCE_ONLY, WHO, "storm")
    assert thrown.cancel_pending

    released = release("over", WHO, thrown, ledger=desk.ledger, clock=desk.clock)

    assert not released.active
    assert [line.who for line in desk.ledger.audit()] == [WHO, WHO]


def test_release_needs_a_reason(desk: Desk) -> None:
    """Without one nothing changes."""
    thrown = throw(Mode.HALT, "", WHO, ledger=desk.ledger, clock=desk.clock)

    with pytest.raises(InvalidInput, match="reason"):
        release("  ", WHO, thrown, ledger=desk.ledger, clock=desk.clock)

    assert desk.ledger.kill_switch().active


def test_release_from_an_old_look_fails(desk: Desk) -> None:
    """Somebody stopped again meanwhile: that stop stays."""
    seen = throw(Mode.REDUCE_ONLY, "first", WHO, ledger=desk.ledger, clock=desk.clock)
    throw(Mode.HALT, "second", "bob", ledger=desk.ledger, clock=desk.clock)

    with pytest.raises(VersionConflict):
        release("over", WHO, seen, ledger=desk.ledger, clock=desk.clock)

    assert desk.ledger.kill_switch().reason == "second"


def test_unreadable_switch_is_not_released(desk: Desk) -> None:
    """What nobody could read nobody has judged."""
    with pytest.raises(InvalidInput, match="cannot be read"):
        release("over", WHO, UNREADABLE, ledger=desk.ledger, clock=desk.clock)
