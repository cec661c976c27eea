"""What happened in one paper terminal, on disk: `state.sqlite`, shared by processes and intact when one is killed.

Write-ahead log with synchronous=NORMAL: a transaction that has returned survives the death of any process. Rules of
trading are not here; rows go in and come out as dicts whose keys are the field names of the MT5 structs. Table and
column names in the statements are literals of this package; every value is bound.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from axia_core.adapters.paper.clock import real_ms

STATE_FILE = "state.sqlite"
KEPT_AUDIT_ROWS = 50_000

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS market_watch (symbol TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
  ticket INTEGER PRIMARY KEY, time_msc INTEGER, time_update_msc INTEGER, type INTEGER, magic INTEGER,
  identifier INTEGER, reason INTEGER, volume REAL, price_open REAL, sl REAL, tp REAL, symbol TEXT, comment TEXT,
  swap REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS orders (
  ticket INTEGER PRIMARY KEY, live INTEGER, time_setup_msc INTEGER, time_done_msc INTEGER, time_expiration INTEGER,
  type INTEGER, type_time INTEGER, type_filling INTEGER, state INTEGER, magic INTEGER, position_id INTEGER,
  position_by_id INTEGER, reason INTEGER, volume_initial REAL, volume_current REAL, price_open REAL, sl REAL, tp REAL,
  price_current REAL, price_stoplimit REAL, symbol TEXT, comment TEXT);
CREATE INDEX IF NOT EXISTS orders_live ON orders (live) WHERE live = 1;
CREATE INDEX IF NOT EXISTS orders_done ON orders (time_done_msc);
CREATE TABLE IF NOT EXISTS deals (
  ticket INTEGER PRIMARY KEY, "order" INTEGER, time_msc INTEGER, type INTEGER, entry INTEGER, magic INTEGER,
  position_id INTEGER, reason INTEGER, volume REAL, price REAL, commission REAL, swap REAL, profit REAL, fee REAL,
  symbol TEXT, comment TEXT);
CREATE INDEX IF NOT EXISTS deals_time ON deals (time_msc);
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER, pid INTEGER, function TEXT, arguments TEXT, error INTEGER,
  answer TEXT);
"""


class Store:
    """One connection to one terminal's state; safe to use from one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, folder: Path, balance: float, currency_digits: int) -> Store:
        """The state in *folder*; a new one begins with a balance deal of *balance*."""
        connection = sqlite3.connect(folder / STATE_FILE, timeout=10, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        store = cls(connection)
        with store.transaction():
            store._create(balance, currency_digits)
            store._add_what_is_new()
        return store

    def _create(self, balance: float, currency_digits: int) -> None:
        if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit'").fetchone():
            return
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        first = {"next_order": 10_000_001, "next_deal": 20_000_002, "next_request": 1, "evaluated_ms": 0}
        first["balance"] = round(balance * 10**currency_digits)
        self._db.executemany("INSERT INTO account VALUES (?, ?)", first.items())
        deal = dict.fromkeys(("order", "time_msc", "entry", "magic", "position_id", "reason"), 0)
        money = dict.fromkeys(("volume", "price", "commission", "swap", "fee"), 0.0)
        texts = {"symbol": "", "comment": "initial balance"}
        self.insert("deals", deal | money | texts | {"ticket": 20_000_001, "type": 2, "profit": balance})

    def _add_what_is_new(self) -> None:
        """Give a state that an older version wrote the columns that came later."""
        if "swap" not in {row["name"] for row in self._db.execute("PRAGMA table_info(positions)")}:
            self._db.execute("ALTER TABLE positions ADD COLUMN swap REAL NOT NULL DEFAULT 0")

    def close(self) -> None:
        """Let go of the file; the state stays."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing does; other writers wait."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk refuses the commit and may have rolled back already.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def value(self, key: str) -> int:
        """A number of the account: balance (in minor units), next tickets, evaluated_ms."""
        return int(self._db.execute("SELECT value FROM account WHERE key = ?", (key,)).fetchone()[0])

    def set_value(self, key: str, value: int) -> None:
        """Change (or begin) a number of the account."""
        self._db.execute("INSERT OR REPLACE INTO account VALUES (?, ?)", (key, value))

    def take(self, key: str) -> int:
        """A counter's value, which nobody gets again. A counter nobody has used begins at 1."""
        self._db.execute("INSERT OR IGNORE INTO account VALUES (?, 1)", (key,))
        statement = "UPDATE account SET value = value + 1 WHERE key = ? RETURNING value - 1"
        return int(self._db.execute(statement, (key,)).fetchone()[0])

    def rows(self, table: str, where: str = "1", *values: object) -> list[Row]:
        """Rows of positions, orders or deals, by ticket."""
        with closing(self._db.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY ticket", _bound(values))) as found:
            return [_from_row(row) for row in found]

    def count(self, table: str, where: str = "1", *values: object) -> int:
        """How many rows `rows` would give."""
        return int(self._db.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", _bound(values)).fetchone()[0])

    def insert(self, table: str, row: Row) -> None:
        """Add a row."""
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", _to_values(row))

    def update(self, table: str, ticket: int, **changes: object) -> None:
        """Change fields of one row."""
        names = ", ".join(f'"{name}" = ?' for name in changes)
        self._db.execute(f"UPDATE {table} SET {names} WHERE ticket = ?", (*_to_values(changes), ticket))

    def delete(self, table: str, ticket: int) -> None:
        """Remove one row."""
        self._db.execute(f"DELETE FROM {table} WHERE ticket = ?", (ticket,))

    def watched(self, symbol: str) -> bool:
        """Whether Market Watch shows a symbol."""
        return self._db.execute("SELECT 1 FROM market_watch WHERE symbol = ?", (symbol,)).fetchone() is not None

    def watch(self, symbol: str, shown: bool) -> None:
        """Show a symbol in Market Watch, or hide it."""
        show, hide = "INSERT OR IGNORE INTO market_watch VALUES (?)", "DELETE FROM market_watch WHERE symbol = ?"
        self._db.execute(show if shown else hide, (symbol,))

    def audit(self, function: str, arguments: str, error: int, answer: str) -> None:
        """Write down one call; old rows go, so that the file stays bounded."""
        values = (real_ms(), os.getpid(), function, arguments, error, answer)
        columns = "at_ms, pid, function, arguments, error, answer"
        added = self._db.execute(f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?)", values).lastrowid or 0
        if added % 1_000 == 0:
            self._db.execute("DELETE FROM audit WHERE id <= ?", (added - KEPT_AUDIT_ROWS,))

    def audited(self) -> list[Row]:
        """The calls written down, oldest first."""
        return [dict(row) for row in self._db.execute("SELECT * FROM audit ORDER BY id")]


def _to_values(row: Row) -> tuple[Any, ...]:
    # A magic number has 64 unsigned bits, an SQLite integer 64 signed ones.
    return tuple(_signed(value) if name == "magic" else value for name, value in row.items())


def _bound(values: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(_signed(value) if isinstance(value, int) else value for value in values)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _from_row(found: sqlite3.Row) -> Row:
    row = dict(found)
    if row["magic"] < 0:
        row["magic"] += 1 << 64
    return row
