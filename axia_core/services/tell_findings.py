"""Use case: tell people what the recovery checks found that they did not find the last time, and keep it.

It is kept after it was told: whoever dies in between tells it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from axia_core.domain.events import EventType
from axia_core.domain.verification import Change, changes
from axia_core.errors import CorruptObject

if TYPE_CHECKING:
    from axia_core.domain.verification import Verification
    from axia_core.ports import Events
    from axia_core.ports.verification import Verifications

COMPONENT = "recovery"


def tell_findings(found: Verification, kept: Verifications, events: Events) -> tuple[Change, ...]:
    """Each check that turned, as one event, and its recovery as one; raises StoreUnavailable."""
    told = tuple(changes(_last(kept), found))
    for change in told:
        finding = change.finding
        events.publish(
            EventType.RECOVERY,
            change.severity,
            COMPONENT,
            change.text,
            check=finding.check,
            status=finding.status.value,
            since=found.at.isoformat(),
            event_id=f"{finding.check}-{finding.status}-{found.at:%Y%m%dT%H%M%SZ}",
            remedy=finding.remedy,
        )
    kept.keep(found)
    return told


def _last(kept: Verifications) -> Verification | None:
    try:
        return kept.last()
    except CorruptObject:
        return None  # what is red is told once more, which is better than never
