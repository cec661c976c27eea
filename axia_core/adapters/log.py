"""Events as lines of the process's log: what the local stack has where a deployment has CloudWatch and SNS."""

from __future__ import annotations

import json
import logging

from axia_core.ports import Events

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.CRITICAL}


class LogEvents(Events):
    """One JSON object per event, under the logger `axia.events`."""

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        event = {"event_type": event_type, "severity": severity, "component": component, "text": text, **details}
        logging.getLogger("axia.events").log(_LEVELS.get(severity, logging.ERROR), json.dumps(event))
