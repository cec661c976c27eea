"""What every StatementStore promises, over memory and over S3 (a local AWS server)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from axia_core.adapters.memory_statements import MemoryStatements
from axia_core.adapters.s3.statements import S3Statements
from axia_core.domain.broker import Booking
from axia_core.domain.names import statement_key
from axia_core.domain.statement import Balance, Item, Missing, Statement
from axia_core.errors import CorruptObject
from axia_core.ports import StatementStore
from tests.services.test_survey import deal

DAY = date(2026, 7, 1)
NOW = datetime(2026, 7, 2, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> StatementStore:
    """An empty store of the kind under test."""
    return MemoryStatements() if request.param == "memory" else s3_statements(request)


def s3_statements(request: pytest.FixtureRequest) -> S3Statements:
    s3 = request.getfixturevalue("aws").client("s3")
    bucket = f"statements-{abs(hash(request.node.name)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    return S3Statements(s3, bucket, "demo")


def example() -> Statement:
    """A day with everything in it."""
    money = {"trades": Decimal("65.9"), "bookings": Decimal(500), "closing": Decimal("10565.90")}
    return Statement(
        day=DAY,
        account="demo",
        login=1,
        currency="USD",
        made_at=NOW,
        over=True,
        balance=Balance(opening=Decimal(10_000), opening_from="the statement of 2026-06-30", settled=True, **money),
        items=(Item(deal=deal(1), order_id="A1", origin="order A1", mismatch="ticket 7 in the ledger"),),
        bookings=(Booking(ticket=9, what="deposit or withdrawal", amount=Decimal(500), comment="x", at=NOW),),
        missing=(Missing(order_id="A2", text="FILLED in the ledger", settled=False),),
    )


def test_reads_what_was_written(store: StatementStore) -> None:
    """A statement reads back as it was, an unknown opening balance included."""
    unknown = replace(example(), balance=replace(example().balance, opening=None), day=date(2026, 7, 2))

    assert store.write(example())
    assert store.write(unknown)

    assert (store.read(DAY), store.read(unknown.day)) == (example(), unknown)


def test_nothing_is_none(store: StatementStore) -> None:
    """A day without a statement is None."""
    assert store.read(DAY) is None


def test_same_again_changes_nothing(store: StatementStore) -> None:
    """What is found again an hour later is the same statement, and the kept one stays."""
    store.write(example())

    assert not store.write(replace(example(), made_at=NOW + timedelta(hours=1)))
    assert store.read(DAY) == example()


def test_other_replaces(store: StatementStore) -> None:
    """A statement that says something else takes the place of the kept one."""
    store.write(example())
    settled = replace(example(), missing=())

    assert store.write(settled)
    assert store.read(DAY) == settled


def test_damaged_object_is_an_error(request: pytest.FixtureRequest) -> None:
    """An object that is no statement is named, and never taken for a day that matches."""
    store = s3_statements(request)
    store._s3.put_object(Bucket=store._bucket, Key=statement_key("demo", DAY), Body=b'{"schema": 1}')

    with pytest.raises(CorruptObject, match="2026/07/01"):
        store.read(DAY)
