"""Events that are told in several places at once; what goes wrong in one of them does not keep the others from it."""

from __future__ import annotations

import logging

from axia_core.ports import Events

LOG = logging.getLogger("axia.events_in_several_places")


class SeveralEvents(Events):
    """Tells each of *places* in their order."""

    def __init__(self, *places: Events) -> None:
        self.places = places

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        for place in self.places:
            try:
                place.publish(event_type, severity, component, text, **details)
            except Exception:  # no Events may raise: this is for one that does all the same
                LOG.exception("an event could not be told in one of its places")
