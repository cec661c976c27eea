"""What is told of the kill switch and of dead letters when somebody changes them: once, and once that it is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryDeadLetterQueue, MemoryEvents, MemoryOrderLedger, MemoryOrderQueue
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.services.watch import LastLook, watch

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
OFF = KillSwitch(active=False, who="anna", reason="all is well")
ON = KillSwitch(active=True, who="anna", reason="strange prices")


class Watching:
    """Looks again and again, as the sensor does: only the cursor's text is carried on."""

    def __init__(self, switch: KillSwitch = OFF) -> None:
        self.clock = SteppedClock(NOW)
        self.ledger = MemoryOrderLedger(switch)
        self.queue = MemoryOrderQueue(self.clock)
        self.letters = MemoryDeadLetterQueue(self.queue)
        self.events = MemoryEvents()
        self.cursor: str | None = None

    def look(self) -> list[tuple[str, str, str]]:
        """What this look told."""
        before = LastLook.parse(self.cursor)
        known = len(self.events.published)
        seen, told = watch(before, ledger=self.ledger, letters=self.letters, events=self.events)
        self.cursor = seen.text()
        new = self.events.published[known:]
        assert [text for _, _, text in new] == list(told)
        return new

    def turn(self, wanted: KillSwitch) -> None:
        """Somebody changes the switch."""
        self.ledger.set_kill_switch(wanted, self.ledger.kill_switch().version, self.clock.now())

    def bury(self, body: str) -> None:
        """A message that nobody can take."""
        self.queue.send(body)
        for _ in range(4):
            self.queue.receive(10, 0, 0)


@pytest.fixture
def watching() -> Watching:
    made = Watching()
    made.look()
    return made


def test_a_state_is_no_change() -> None:
    """The first look tells nothing, whatever it finds."""
    watching = Watching(ON)
    watching.bury("no order")

    assert watching.look() == []


def test_a_person_s_throw_is_told_once_and_its_release_once(watching: Watching) -> None:
    """Who, how and why, with the time since when."""
    watching.turn(ON)
    thrown, again = watching.look(), watching.look()
    watching.turn(OFF)
    released = watching.look()

    assert thrown == [("kill_switch", "critical", "the kill switch was turned ON (HALT) by anna: strange prices")]
    assert again == []
    assert released == [("kill_switch", "recovered", "the kill switch was turned OFF by anna: all is well")]
    assert watching.events.details[0]["since"] == "2026-07-01T12:00:00+00:00"
    assert watching.look() == []


def test_another_mode_is_a_change(watching: Watching) -> None:
    """From HALT to REDUCE_ONLY something may be sent again: whoever heard of the one must hear of the other."""
    watching.turn(ON)
    watching.look()
    watching.turn(KillSwitch(active=True, mode=Mode.REDUCE_ONLY, who="anna", reason="exits only"))

    assert [severity for _, severity, _ in watching.look()] == ["critical"]


def test_what_axia_throws_itself_is_left_to_the_desk(watching: Watching) -> None:
    """The desk tells of it at that moment; its release, which is a person's, is told from here."""
    watching.turn(KillSwitch(active=True, who="desk", reason="DAILY_LOSS", automatic=True))
    thrown = watching.look()
    watching.turn(OFF)

    assert thrown == []
    assert [severity for _, severity, _ in watching.look()] == ["recovered"]


def test_a_throw_and_a_release_between_two_looks_end_in_a_release(watching: Watching) -> None:
    """The desk may have told of the throw already, so the release is never left out."""
    watching.turn(ON)
    watching.turn(OFF)

    assert [severity for _, severity, _ in watching.look()] == ["recovered"]


def test_the_emergency_command_is_told() -> None:
    """It writes neither version nor name; somebody did it, and people must know."""
    watching = Watching(KillSwitch(active=False, version=7))
    watching.look()
    watching.ledger = MemoryOrderLedger(KillSwitch(active=True))

    ((_, severity, text),) = watching.look()

    assert severity == "critical"
    assert "by somebody who did not ask AXIA: no reason given" in text


def test_a_rewound_table_has_released_nothing() -> None:
    """After a crash of the local server the switch may show an older version that is off as well."""
    watching = Watching(KillSwitch(active=False, version=7))
    watching.look()
    watching.ledger = MemoryOrderLedger(KillSwitch(active=False, version=6))

    assert watching.look() == []


def test_dead_letters_are_told_as_they_come_and_when_they_are_gone(watching: Watching) -> None:
    """Each arrival is told, with what else lies there; that somebody has dealt with one of them is not."""
    watching.bury("no order")
    first, again = watching.look(), watching.look()
    watching.bury("no order either")
    second = watching.look()
    watching.queue.dead_letters.pop()
    fewer = watching.look()
    watching.queue.dead_letters.clear()
    gone = watching.look()

    assert [(kind, severity) for kind, severity, _ in first] == [("dead_letter", "warning")]
    assert "2 order messages lie in the dead-letter queue, 1 of them new" in second[0][2]
    assert (again, fewer) == ([], [])
    assert gone == [("dead_letter", "recovered", "the dead-letter queue is empty again")]


def test_where_an_alarm_tells_of_dead_letters_this_does_not() -> None:
    """On AWS CloudWatch sees the queue also while the host is away."""
    watching = Watching()
    watching.look()
    watching.bury("no order")

    _, told = watch(LastLook.parse(watching.cursor), ledger=watching.ledger, letters=None, events=watching.events)

    assert told == ()
