"""SQLite files of others get shorter without losing anything, and are left alone while somebody writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from axia_core.adapters import sqlite_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with a write-ahead log, of whose rows nine in ten were deleted."""
    made = tmp_path / "one.db"
    with closing(sqlite3.connect(made, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE lines (number INTEGER, text TEXT)")
        database.executemany("INSERT INTO lines VALUES (?, ?)", ((n, "x" * 500) for n in range(1_000)))
        database.execute("DELETE FROM lines WHERE number % 10")
    return made


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        yield database


def test_free_pages_are_given_back(file: Path, writer: sqlite3.Connection) -> None:
    """The file gets shorter while another program has it open, which reads and writes on."""
    before = sqlite_files.size_bytes(file)

    assert sqlite_files.compact(file)

    assert sqlite_files.size_bytes(file) < before / 3
    writer.execute("INSERT INTO lines VALUES (1, 'y')")
    assert writer.execute("SELECT COUNT(*) FROM lines").fetchone() == (101,)


def test_a_full_file_is_left_as_it_is(file: Path) -> None:
    """Where little is free nothing is rewritten; a file that is not there is none of our business."""
    sqlite_files.compact(file)

    assert not sqlite_files.compact(file)
    assert not sqlite_files.compact(file.with_name("none.db"))
    assert not file.with_name("none.db").exists()


def test_a_file_being_written_is_left_to_the_next_time(
    file: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes is waited for, not for ever, and is not disturbed."""
    monkeypatch.setattr(sqlite_files, "WAIT_S", 0.05)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO lines VALUES (1, 'y')")

    assert not sqlite_files.compact(file)

    writer.execute("COMMIT")
    assert writer.execute("SELECT COUNT(*) FROM lines").fetchone() == (101,)


def test_removing_takes_the_side_files_along(file: Path) -> None:
    """The database and its write-ahead log go together; a second time there is nothing to remove."""
    file.with_name("one.db-wal").touch()

    assert sqlite_files.remove(file)
    assert list(file.parent.iterdir()) == []
    assert not sqlite_files.remove(file)
