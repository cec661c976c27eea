"""Any arguments whatever: a call of the module answers or fails with last_error, and raises as the real one does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axia_core.adapters.paper import metatrader5 as mt5
from axia_core.adapters.paper import surface
from axia_core.adapters.paper.profile import TerminalProfile

from .conftest import NOON, PaperTerminal

POSITIONAL = sorted(
    name for name, function in surface.API["functions"].items() if function["flags"] == "positional-only"
)
KEYWORD = ["symbols_get", "positions_get", "orders_get", "history_orders_get", "history_deals_get", "login"]

values = st.one_of(
    st.sampled_from(["USDJPY", "EURUSD", "", "X" * 40, "\ud800", b"USDJPY", None, True, 0, 1, -1, 5, 16_408, 10**12]),
    st.sampled_from([np.int64(3), np.float32(1), 2**63, 2**64, 2**70, float("nan"), float("inf"), -0.5, 0.1]),
    st.sampled_from([NOON, NOON.replace(tzinfo=None), NOON.date(), datetime(1970, 1, 1, tzinfo=UTC), [], {}]),
    st.integers(int(NOON.timestamp()) - 90_000, int(NOON.timestamp()) + 90_000),
)
fields = st.dictionaries(st.sampled_from(surface.TradeRequest.__match_args__), values)
likely = st.fixed_dictionaries(
    {"action": st.sampled_from([1, 5, 6, 7, 8, 10]), "symbol": st.just("USDJPY"), "type": st.integers(0, 9)},
    optional={
        "volume": st.floats(),
        "price": st.floats(),
        "sl": st.floats(),
        "comment": st.text(max_size=31),
        "position": st.integers(0, 2**64),
        "order": st.integers(0, 2**64),
        "expiration": st.integers(0, 2**33),
        "type_time": st.integers(0, 5),
    },
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", autouse=True)
def connected() -> Iterator[None]:
    """One terminal for the whole file: what a call leaves behind must not make the next one raise."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        PaperTerminal(Path(folder), TerminalProfile(selected=True)).move(timedelta())
        assert mt5.initialize(folder)
        yield
        mt5.shutdown()


def _answer(name: str, *arguments: Any, **options: Any) -> Any:
    """The answer; None where Python's own conversion of an argument fails, which the real module lets surface."""
    try:
        return getattr(mt5, name)(*arguments, **options)
    except SystemError as error:
        if mt5.last_error()[0] != -2 or f"{name}> returned a result with an exception set" not in str(error):
            raise
        return None


@given(st.sampled_from(POSITIONAL), st.lists(values, max_size=5))
@quick
def test_positional_arguments(name: str, arguments: list[Any]) -> None:
    """A positional call answers None or False exactly when last_error says why, the two of the book excepted."""
    answer = _answer(name, *arguments)

    if name in ("market_book_add", "market_book_release"):
        assert answer is (False if mt5.last_error()[0] == 1 else None)
        return
    assert (mt5.last_error()[0] == 1) == (answer is not None and answer is not False)


@given(
    st.sampled_from(KEYWORD),
    st.lists(values, max_size=3),
    st.dictionaries(st.sampled_from(["ticket", "symbol", "group", "position", "login", "password", "server"]), values),
)
@quick
def test_keyword_arguments(name: str, arguments: list[Any], options: dict[str, Any]) -> None:
    """A keyword call answers None or False exactly when last_error says why."""
    answer = _answer(name, *arguments, **options)

    assert (mt5.last_error()[0] == 1) == (answer is not None and answer is not False)


@given(st.one_of(fields, likely))
@quick
def test_requests(request_: dict[str, Any]) -> None:
    """A request of any content is answered with a retcode or refused with last_error, by check and send alike."""
    checked, sent = _answer("order_check", request_), _answer("order_send", request_)

    assert (checked is None) == (sent is None) == (mt5.last_error()[0] != 1)
