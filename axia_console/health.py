"""Is every part there: asked side by side with a limit of time, so that one that hangs does not hang the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from axia_console.book import seconds_taken
from axia_core.domain.order_states import OrderRecord, State
from axia_core.errors import AxiaError

WITHIN_S = 4.0
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one part said; `well` is whether it is as it should be."""

    part: str
    well: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Orders of a day in numbers; seconds are None where no order has ended."""

    orders: int
    unsettled: int
    median_s: float | None
    worst_s: float | None
    by_state: Mapping[State, int]


def ask(parts: Mapping[str, Callable[[], tuple[bool, str]]], within_s: float = WITHIN_S) -> tuple[Answer, ...]:
    """Every part's answer, in their order; one that raises or takes too long is not well."""
    pool = ThreadPoolExecutor(max_workers=max(1, len(parts)), thread_name_prefix="health")
    asked = {name: pool.submit(question) for name, question in parts.items()}
    answers = tuple(_answer(name, future, within_s) for name, future in asked.items())
    pool.shutdown(wait=False, cancel_futures=True)
    return answers


def figures(records: tuple[OrderRecord, ...], now: datetime) -> Figures:
    """The orders that changed in the last 24 hours."""
    recent = [record for record in records if now - record.updated_at <= DAY]
    taken = [seconds_taken(record) for record in recent if record.state.is_final]
    states = sorted({record.state for record in recent})
    return Figures(
        orders=len(recent),
        unsettled=sum(record.state not in (State.PLACED,) and not record.state.is_final for record in recent),
        median_s=median(taken) if taken else None,
        worst_s=max(taken, default=None),
        by_state={state: sum(record.state is state for record in recent) for state in states},
    )


def _answer(name: str, future: Future[tuple[bool, str]], within_s: float) -> Answer:
    try:
        well, text = future.result(within_s)
    except AxiaError as error:
        return Answer(name, False, str(error))
    except TookTooLong:
        return Answer(name, False, f"no answer within {within_s:g} s")
    return Answer(name, well, text)
