"""How far the ask is from the bid, in points: constant, or wider around the New York close as with most brokers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axia_core.adapters.paper.bars import Ints
from axia_core.adapters.paper.clock import DAY_S, SESSION_CLOCK


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of one pair; `roll_points` holds within `roll_window_s` of 17:00 New York."""

    points: int
    roll_points: int | None = None
    roll_window_s: int = 0

    @property
    def least(self) -> int:
        """The narrowest it gets."""
        return min(self.points, self.points if self.roll_points is None else self.roll_points)

    @property
    def most(self) -> int:
        """The widest it gets."""
        return max(self.points, self.roll_points or 0)

    def at(self, time_s: int) -> int:
        """The spread at a UTC instant."""
        if self.roll_points is None:
            return self.points
        since_roll_s = SESSION_CLOCK.to_server_s(time_s) % DAY_S
        near = min(since_roll_s, DAY_S - since_roll_s) <= self.roll_window_s
        return self.roll_points if near else self.points

    def over(self, time_s: Ints) -> Ints:
        """The spread at each of some ascending UTC instants."""
        if self.roll_points is None:
            return np.full(len(time_s), self.points, dtype=np.int64)
        since_roll_s = SESSION_CLOCK.array_to_server_s(time_s) % DAY_S
        near = np.minimum(since_roll_s, DAY_S - since_roll_s) <= self.roll_window_s
        return np.where(near, self.roll_points, self.points)
