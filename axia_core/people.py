"""Where events go, composed from the settings: always into the log, and to the SNS topic where they name one."""

from __future__ import annotations

from axia_core.adapters.clock import SystemClock
from axia_core.adapters.log import LogEvents
from axia_core.ports import Events
from axia_core.settings import Settings


def events_of(settings: Settings) -> Events:
    """What this process tells people with. Opens nothing: the topic is looked for when there is something to tell."""
    log = LogEvents(settings.account)
    if not settings.topic:
        return log
    from axia_core.adapters import several, sns

    return several.SeveralEvents(log, sns.connect(settings, SystemClock(settings.clock_shift)))
