"""What makes a history file one that lies: times out of order or off the grid, and a clock that is not UTC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axia_core.adapters.paper.bars import Ints
from axia_core.adapters.paper.clock import DAY_S, HOUR_S, SESSION_CLOCK, from_s
from axia_core.errors import UnreadableHistory

TOLERATED_CLOSED_SHARE = 0.005
REMEDY = "Correct or remove the row; nothing of this file was read."


def check_order(where: Sequence[str], time_s: Ints, base_s: int) -> None:
    """Refuse times that repeat, fall back or lie off the grid; *where* names the place of each row."""
    for found, rule in (
        (np.flatnonzero(time_s[1:] == time_s[:-1]) + 1, "the same time comes twice"),
        (np.flatnonzero(time_s[1:] < time_s[:-1]) + 1, "times must ascend"),
        (np.flatnonzero(time_s % base_s), f"bars of this file open on a grid of {base_s} s"),
    ):
        if len(found):
            index = int(found[0])
            raise UnreadableHistory(f"{where[index]}: time", from_s(int(time_s[index])).isoformat(), rule, REMEDY)


def check_clock(name: str, time_s: Ints) -> None:
    """Refuse a file with bars in the closed weekend: its times are not UTC, whatever they say."""
    share = _closed_share(time_s)
    if share <= TOLERATED_CLOSED_SHARE:
        return
    shift_h = min(range(-14, 15), key=lambda hours: (_closed_share(time_s - hours * HOUR_S), abs(hours)))
    rule = f"{share:.1%} of its bars lie in the closed weekend (Friday 17:00 to Sunday 17:00 New York)"
    remedy = f"Its clock seems to be UTC{shift_h:+d} h in most weeks; convert the times to UTC."
    raise UnreadableHistory(name, "time", f"{rule}, so its clock is not UTC", remedy)


def _closed_share(time_s: Ints) -> float:
    # On the session clock the week is Monday 00:00 to Saturday 00:00; 1970-01-01 was a Thursday.
    weekday = (SESSION_CLOCK.array_to_server_s(time_s) // DAY_S + 3) % 7
    return float(np.mean(weekday >= 5))
