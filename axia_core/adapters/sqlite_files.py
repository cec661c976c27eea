"""SQLite files that another program owns, kept small while it uses them: free pages are given back, nothing is read.

SQLite reuses the pages of deleted rows but never shortens a file by itself.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

WORTH_IT = 0.2  # of the file is free: below that it would be rewritten for little
WAIT_S = 5.0  # for whoever is writing; after that it is left to the next time
SIDE_FILES = ("-wal", "-shm")


def size_bytes(file: Path) -> int:
    """The file with its write-ahead log; 0 where there is none."""
    return sum(part.stat().st_size for part in _parts(file) if part.exists())


def compact(file: Path) -> bool:
    """Shortens the file where a good part of it is free; False where it is not, or where it is being written."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=WAIT_S, isolation_level=None)) as database:
        try:
            if _free_share(database) < WORTH_IT:
                return False
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the new file stands in the log until then
        except sqlite3.OperationalError:
            return False
    return True


def remove(file: Path) -> bool:
    """Deletes the file and what lies beside it; False where it is open (Windows) or was gone already."""
    removed = False
    for part in _parts(file):
        with suppress(OSError):
            part.unlink()
            removed = True
    return removed


def _parts(file: Path) -> tuple[Path, ...]:
    return file, *(file.with_name(file.name + suffix) for suffix in SIDE_FILES)


def _free_share(database: sqlite3.Connection) -> float:
    free, pages = (int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("freelist_count", "page_count"))
    return free / pages if pages else 0.0
