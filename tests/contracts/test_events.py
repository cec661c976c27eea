"""One contract for every place of events: the log, memory, an SNS topic (that answers, and that does not), several."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.log import LogEvents
from axia_core.adapters.memory import MemoryEvents
from axia_core.adapters.several import SeveralEvents
from axia_core.adapters.sns import Letter, SnsEvents
from axia_core.domain.events import EventType, Severity
from axia_core.errors import StoreUnavailable
from axia_core.ports import Events

CLOCK = SteppedClock(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))


def refuse(_: Letter) -> None:
    raise StoreUnavailable("nothing answers")


class Raises(Events):
    """A place that breaks its own promise."""

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        raise RuntimeError("broken")


PLACES: dict[str, Callable[[], Events]] = {
    "log": lambda: LogEvents("demo"),
    "memory": MemoryEvents,
    "sns": lambda: SnsEvents(lambda _: None, "demo", CLOCK),
    "sns that is down": lambda: SnsEvents(refuse, "demo", CLOCK, tried_for_s=0.0),
    "several": lambda: SeveralEvents(Raises(), LogEvents("demo"), MemoryEvents()),
}


@pytest.fixture(params=list(PLACES))
def events(request: pytest.FixtureRequest) -> Iterator[Events]:
    yield PLACES[request.param]()
    logging.getLogger("axia").handlers.clear()


@pytest.mark.parametrize("kind", list(EventType))
@pytest.mark.parametrize("severity", list(Severity))
def test_every_kind_and_severity_can_be_told(events: Events, kind: EventType, severity: Severity) -> None:
    """Whatever there is to tell is told without an error."""
    events.publish(kind, severity, "test", "something happened", order_id="o-1", since="2026-07-01T12:00:00+00:00")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(text=st.text(), detail=st.text(), kind=st.text(), severity=st.text())
def test_nothing_that_is_said_can_raise(events: Events, text: str, detail: str, kind: str, severity: str) -> None:
    """An order's words may be hostile: no text, kind or severity keeps whoever tells it from going on."""
    events.publish(kind, severity, "test", text, reason=detail, remedy="{reason}")


def test_telling_does_not_wait(events: Events) -> None:
    """A hundred events are told in far less time than one call to a service that is away would take."""
    began = time.monotonic()

    for number in range(100):
        events.publish(EventType.ORDER_STATE, Severity.CRITICAL, "test", f"order {number} is UNKNOWN", order_id="o")

    assert time.monotonic() - began < 2.0


def test_an_end_is_logged_as_no_error(caplog: Any) -> None:
    """What is over is told as loudly as what began it, and is not mistaken for trouble."""
    LogEvents("demo").publish(EventType.KILL_SWITCH, Severity.RECOVERED, "test", "it was released")

    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_one_broken_place_does_not_keep_the_others_from_it(caplog: Any) -> None:
    """What one place makes of an event is no concern of the next one."""
    kept = MemoryEvents()

    SeveralEvents(Raises(), kept).publish(EventType.KILL_SWITCH, Severity.CRITICAL, "test", "it was thrown")

    assert kept.published == [("kill_switch", "critical", "it was thrown")]
    assert "could not be told in one of its places" in caplog.text
