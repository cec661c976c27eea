"""Log lines to one stream of CloudWatch Logs: a handler whose `emit` never waits and never raises."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from axia_core.adapters.cloudwatch.batches import Line, as_events, batch
from axia_core.adapters.cloudwatch.outbox import Outbox, Pace
from axia_core.aws import client, error_code, translated
from axia_core.domain import names
from axia_core.errors import StoreUnavailable
from axia_core.settings import Settings

PACE = Pace(every_s=5.0, full_at=1_000, most_items=10_000, most_bytes=8 * 1_048_576)
CLOSES_WITHIN_S = 2.0
READ_TIMEOUT_S = 5.0


class CloudWatchLines(logging.Handler):
    """Puts lines into an outbox; *make_client* is called by its thread, with the first line."""

    def __init__(self, make_client: Callable[[], Any], group: str, stream: str, pace: Pace = PACE) -> None:
        super().__init__(logging.INFO)
        self._make_client = make_client
        self._client: Any = None
        self._place = {"logGroupName": group, "logStreamName": stream}
        self._outbox = Outbox(f"logs to {stream}", pace, self._send, lambda line: line.size_bytes)

    @property
    def dropped(self) -> int:
        """How many lines were dropped that no line has told of yet."""
        return self._outbox.dropped

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._outbox.put(Line.of(int(record.created * 1_000), self.format(record)))
        except Exception:  # noqa: BLE001 - a log that cannot be written must not keep an order from being executed
            self.handleError(record)

    def close(self) -> None:
        """Sends what waits, within two seconds at most; Python's own logging calls it when a process ends."""
        self._outbox.close(CLOSES_WITHIN_S)
        super().close()

    def _send(self, waiting: list[Line], dropped: int) -> int:
        notice = [self._notice(dropped, waiting[0].at_ms)] if dropped else []
        lines = batch([*notice, *waiting])
        with translated(f"writing log lines to {self._place['logStreamName']}"):
            if self._client is None:
                self._client = self._make_client()
            self._put(as_events(lines))
        return len(lines) - len(notice)

    def _put(self, events: list[dict[str, Any]]) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.put_log_events(**self._place, logEvents=events)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            # Somebody has deleted the stream; without its group this raises in turn, and lines are dropped.
            self._make_stream()
            raise StoreUnavailable("the log stream was missing and has been made") from error

    def _make_stream(self) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.create_log_stream(**self._place)
        except ClientError as error:
            if error_code(error) != "ResourceAlreadyExistsException":  # another console was faster
                raise

    def _notice(self, dropped: int, at_ms: int) -> Line:
        """A line of the time of the next one that was kept: what is missing is missing there."""
        line = {
            "at": datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds"),
            "level": "WARNING",
            "logger": "axia.logs",
            "account": getattr(self.formatter, "account", ""),
            "text": f"{dropped} log lines before this one were dropped: CloudWatch took them too slowly or not at all",
            "dropped": dropped,
        }
        return Line.of(at_ms, json.dumps(line))


def connect(settings: Settings, stream: str) -> CloudWatchLines:
    """A handler for *stream* of the application's log group; nothing is called yet."""
    return CloudWatchLines(lambda: client(settings, "logs", read_timeout_s=READ_TIMEOUT_S), names.LOG_GROUP, stream)
