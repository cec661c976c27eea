"""Log lines and events as JSON, one object a line, each with demo or live: for a machine to read.

A line also says which order, run and partition it is about, where there is one, and never a secret.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from axia_core.log_context import current_context
from axia_core.masking import masked
from axia_core.ports import Events

ROOT = "axia"
EVENTS = "axia.events"
_LEVELS = {
    "info": logging.INFO,
    "warning": logging.WARNING,
    "critical": logging.CRITICAL,
    "recovered": logging.WARNING,  # as loud as what it ends
}


class LogEvents(Events):
    """Events under the logger `axia.events`; making one also has every `axia` logger write its lines with *account*."""

    def __init__(self, account: str) -> None:
        self._account = account
        write_lines(account)

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        event = {"event_type": event_type, "severity": severity, "component": component, **details}
        extra = {"event": event | {"account": self._account}}
        logging.getLogger(EVENTS).log(_LEVELS.get(severity, logging.ERROR), text, extra=extra)


class JsonLine(logging.Formatter):
    """A record as one line of JSON: an event's attributes, and what the line is about, stand beside the text."""

    def __init__(self, account: str) -> None:
        super().__init__()
        self.account = account

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "account": self.account,
            "text": _text(record),
            **current_context(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return masked(json.dumps(line | getattr(record, "event", {}), default=str))


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit: half a line is better than a trace in its place
        return str(record.msg)


class _Lines(logging.Handler):
    """Writes to what stderr is at that moment: in a child of the local stack that is its log file."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - a log that cannot be written must not keep an order from being executed
            self.handleError(record)


def write_lines(account: str) -> None:
    """Has everything under the logger `axia` written as lines that say *account*; the last call counts."""
    logger = logging.getLogger(ROOT)
    ours = next((one for one in logger.handlers if isinstance(one, _Lines)), None)
    if ours is None:
        ours = _Lines()
        logger.addHandler(ours)
        logger.setLevel(logging.INFO)
    ours.setFormatter(JsonLine(account))
