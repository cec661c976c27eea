"""Log files that running programs append to, kept below a size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PREVIOUS = ".previous"  # as `axia up` calls the logs of its last start


def bound(file: Path, most_bytes: int) -> int:
    """Moves the end of a log that has grown too large to `*.previous` and empties it; the bytes freed.

    The writer keeps its file: it appends, so it goes on at the new end. Lines of this very moment may be lost.
    """
    size = file.stat().st_size
    if size <= most_bytes:
        return 0
    previous = file.with_suffix(PREVIOUS)
    before = previous.stat().st_size if previous.exists() else 0
    with file.open("rb") as log, previous.open("wb") as kept:
        log.seek(max(0, size - most_bytes))
        shutil.copyfileobj(log, kept)
    os.truncate(file, 0)
    return size + before - previous.stat().st_size
