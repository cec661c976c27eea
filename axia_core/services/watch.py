"""Watch what nobody tells of by itself: people's changes of the kill switch, and messages that nobody could take.

It is told before it is remembered: a death in between tells it once more, never not at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from axia_core.domain.events import EventType, Severity
from axia_core.domain.kill_switch import KillSwitch
from axia_core.ports import DeadLetterQueue, Events, OrderLedger

COMPONENT = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """What the last look saw; a first look only remembers, because a state is no change."""

    is_on: bool
    mode: str
    version: int
    letters: int = 0  # as many as people know of

    @classmethod
    def parse(cls, text: str | None) -> LastLook | None:
        """The inverse of `text`; None before the first look."""
        return cls(**json.loads(text)) if text else None

    def text(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self))


def watch(
    before: LastLook | None, *, ledger: OrderLedger, letters: DeadLetterQueue | None, events: Events
) -> tuple[LastLook, tuple[str, ...]]:
    """What there is to remember, and what was told.

    *letters* is None where an alarm of CloudWatch tells of them. Raises StoreUnavailable.
    """
    switch = ledger.kill_switch()
    count = _count(letters)
    now = LastLook(is_on=switch.active, mode=switch.mode.value, version=switch.version, letters=count)
    if before is None:
        return now, ()
    told = (*_tell_switch(before, switch, events), *_tell_letters(before.letters, count, events))
    return now, told


def _count(letters: DeadLetterQueue | None) -> int:
    if letters is None:
        return 0
    depth = letters.depth()
    return depth.waiting + depth.in_flight  # somebody who looks at them holds them for a moment


def _tell_switch(before: LastLook, switch: KillSwitch, events: Events) -> tuple[str, ...]:
    if not _has_changed(before, switch) or (switch.active and switch.automatic):
        return ()  # what AXIA throws by itself is told by the desk that does it
    how = f"ON ({switch.mode})" if switch.active else "OFF"
    by = switch.who or "somebody who did not ask AXIA"
    text = f"the kill switch was turned {how} by {by}: {switch.reason or 'no reason given'}"
    severity = Severity.CRITICAL if switch.active else Severity.RECOVERED
    details = {"since": switch.at.isoformat(timespec="seconds")} if switch.at else {}
    details |= {"event_id": f"kill_switch#{switch.version}", "mode": switch.mode.value, "who": switch.who}
    events.publish(EventType.KILL_SWITCH, severity, COMPONENT, text, **details)
    return (text,)


def _has_changed(before: LastLook, switch: KillSwitch) -> bool:
    """The emergency command writes no version; a rewound table has a lower one, which released nothing."""
    if switch.active:
        return replace(before, letters=0) != LastLook(is_on=True, mode=switch.mode.value, version=switch.version)
    return before.is_on or switch.version > before.version


def _tell_letters(before: int, count: int, events: Events) -> tuple[str, ...]:
    if count > before:
        text = f"{count} order messages lie in the dead-letter queue, {count - before} of them new; none was executed"
        events.publish(EventType.DEAD_LETTER, Severity.WARNING, COMPONENT, text, messages=str(count))
        return (text,)
    if before and not count:
        text = "the dead-letter queue is empty again"
        events.publish(EventType.DEAD_LETTER, Severity.RECOVERED, COMPONENT, text, messages="0")
        return (text,)
    return ()
