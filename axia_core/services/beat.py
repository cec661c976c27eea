"""Use case: leave a mark of the time in each store, by which its copies tell how old they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axia_core.domain.beats import Beat
    from axia_core.ports import Clock
    from axia_core.ports.verification import Heartbeats


def beat(places: Sequence[Heartbeats], clock: Clock) -> tuple[Beat, ...]:
    """The mark that was written in each place; raises StoreUnavailable where one could not be."""
    return tuple(place.write(clock.now()) for place in places)
