"""Names of scratch resources: a drill can tell its own and a dead one's from everything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain import names
from axia_core.domain.drill_names import Owner, is_leftover, is_scratch, owner, owner_of, scratch_name, scratch_prefix

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ME = owner("here", 100, NOW)


@given(
    pid=st.integers(1, 2**22),
    since=st.integers(0, 2**31).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_name_tells_its_owner(pid: int, since: datetime) -> None:
    """Of a table, a queue, an object and a folder."""
    mine = owner("here", pid, since)
    made = scratch_name(mine.drill_id, "orders"), scratch_prefix(mine.drill_id) + "a/b", f"dr-drill-{mine.drill_id}"

    assert [owner_of(name) for name in made] == [mine] * 3
    assert len(scratch_name(mine.drill_id, "hostqueue")) <= 80


@pytest.mark.parametrize(
    "name",
    [
        names.TABLE,
        names.ORDER_QUEUE,
        "USDJPY/H1/2026/07/03/data.parquet",
        "_dr/reports/orders/20260701T120000Z-0a1b2c-7.json",
        "_dr/heartbeat.json",
        "dr-drill-",
        "dr-drill-20269901T120000Z-0a1b2c-7-orders",
        "x-dr-drill-20260701T120000Z-0a1b2c-7-orders",
        "",
    ],
)
def test_production_is_no_scratch(name: str) -> None:
    """No name of production, and none that only looks like a drill's, may ever be deleted by one."""
    assert not is_scratch(name)
    assert not is_leftover(name, ME, frozenset(), NOW + timedelta(days=365))


@pytest.mark.parametrize(
    ("made_by", "expected"),
    [
        (ME, False),
        (owner("here", 200, NOW - timedelta(minutes=5)), False),
        (owner("here", 300, NOW - timedelta(minutes=5)), True),
        (owner("there", 300, NOW - timedelta(hours=1)), False),
        (owner("there", 300, NOW - timedelta(hours=13)), True),
        (owner("here", 200, NOW - timedelta(hours=13)), True),
    ],
    ids=[
        "my own",
        "of a living process",
        "of a dead process",
        "of another host",
        "old there",
        "old, its number reused",
    ],
)
def test_leftover(made_by: Owner, expected: bool) -> None:
    """What a process left that is gone; another host's only once it is too old for any drill."""
    name = scratch_name(made_by.drill_id, "orders")

    assert is_leftover(name, ME, frozenset({100, 200}), NOW) is expected
