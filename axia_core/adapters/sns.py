"""Events to an SNS topic, from a thread of their own: whoever tells goes on at once, whatever SNS does.

What is waiting is bounded, and so is the time in which a message is tried; what could not be sent then is dropped,
because the log (which another adapter writes) has it. Trouble is logged once, and once that it is over.
"""

from __future__ import annotations

import atexit
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axia_core.aws import client, translated
from axia_core.domain.events import Severity, remedy_of
from axia_core.errors import AxiaError, TransientError
from axia_core.masking import masked
from axia_core.ports import Clock, Events
from axia_core.settings import Settings

LOG = logging.getLogger("axia.sns")
MOST_WAITING = 1_000
TRIED_FOR_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
# A program that goes on sending orders under HALT is one thing to know, not five hundred.
MOST_ALIKE, WINDOW_S = 10, 60.0
LAST_ALIKE = " (more warnings of this kind within the minute are in the log alone)"
LAST_WORDS_S = 5.0  # a process that ends waits for so long at most
TEXT_CHARACTERS, ATTRIBUTE_CHARACTERS = 4_000, 1_000  # SNS takes 256 KB with all attributes, each event far less
_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2, Severity.RECOVERED: 2}


@dataclass(frozen=True, slots=True)
class Letter:
    """One event as SNS takes it."""

    body: str
    attributes: dict[str, str]


Send = Callable[[Letter], None]


class SnsTopic:
    """Sends to one topic, named or by its ARN, which is looked up at the first call. Raises AxiaError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: tuple[Any, str] | None = None

    def __call__(self, letter: Letter) -> None:
        attributes = {name: {"DataType": "String", "StringValue": said} for name, said in letter.attributes.items()}
        with translated(f"publishing to {self._settings.topic}"):
            sns, arn = self._found = self._found or self._find()
            sns.publish(TopicArn=arn, Message=letter.body, MessageAttributes=attributes)

    def _find(self) -> tuple[Any, str]:
        """A topic cannot be asked for by name; account and partition are those of whoever asks."""
        name, sns = self._settings.topic, client(self._settings, "sns")
        if name.startswith("arn:"):
            return sns, name
        caller = client(self._settings, "sts").get_caller_identity()
        partition = str(caller["Arn"]).split(":")[1]
        return sns, f"arn:{partition}:sns:{self._settings.aws_region}:{caller['Account']}:{name}"


class SnsEvents(Events):
    """Events of *least* severity and above, sent in their order; `flush` is for the end of a process."""

    def __init__(
        self,
        send: Send,
        account: str,
        clock: Clock,
        *,
        least: Severity = Severity.WARNING,
        tried_for_s: float = TRIED_FOR_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._send = send
        self._account = account
        self._clock = clock
        self._least = least
        self._tried_for_s = tried_for_s
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[float, Letter]] = deque()
        self._changed = threading.Condition()
        self._hurry = threading.Event()
        self._alike: dict[str, tuple[float, int]] = {}
        self._thread: threading.Thread | None = None
        self._troubled = False
        self._lost = 0

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        try:
            alike = self._count(event_type) if severity == Severity.WARNING else 0
            if _rank(severity) >= _RANKS[self._least] and alike <= MOST_ALIKE:
                text += LAST_ALIKE if alike == MOST_ALIKE else ""
                told = details | {"account": self._account, "at": self._clock.now().isoformat(timespec="seconds")}
                self._put(letter(event_type, severity, component, text, told))
        except Exception:  # whoever tells must go on
            LOG.exception("an event could not be made ready for SNS")

    def flush(self, timeout_s: float = LAST_WORDS_S) -> bool:
        """Whether all that waited was dealt with in time; from now on each message is tried once."""
        self._hurry.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def _count(self, event_type: str) -> int:
        """Which one of its kind it is, within the window that the first one began."""
        now = time.monotonic()
        with self._changed:
            began, count = self._alike.get(event_type, (now, 0))
            began, count = (began, count) if now - began < WINDOW_S else (now, 0)
            self._alike[event_type] = (began, count + 1)
            return count + 1

    def _put(self, ready: Letter) -> None:
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                self._lost += 1
                return
            self._waiting.append((time.monotonic() + self._tried_for_s, ready))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="axia-sns", daemon=True)
                self._thread.start()
                atexit.register(self.flush)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                until, ready = self._waiting[0]
            self._deliver(ready, until)
            with self._changed:
                # Only now: `flush` waits for what is under way as well.
                self._waiting.popleft()
                self._changed.notify_all()

    def _deliver(self, ready: Letter, until: float) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self._send(ready)
            except Exception as trouble:  # noqa: BLE001 - one message must not end the thread for all others
                self._note_trouble(trouble)
                if not self._may_try_again(trouble, until):
                    with self._changed:
                        self._lost += 1
                    return None
            else:
                return self._note_success()
            self._hurry.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _may_try_again(self, trouble: Exception, until: float) -> bool:
        return isinstance(trouble, TransientError) and time.monotonic() < until and not self._hurry.is_set()

    def _note_trouble(self, trouble: Exception) -> None:
        if not self._troubled:
            self._troubled = True
            why = str(trouble) if isinstance(trouble, AxiaError) else f"{type(trouble).__name__}: {trouble}"
            LOG.error("events do not reach people at the moment and are only in this log: %s", why)

    def _note_success(self) -> None:
        if self._troubled or self._lost:
            LOG.warning("events reach people again; %d did not", self._lost)
        self._troubled, self._lost = False, 0


def letter(event_type: str, severity: str, component: str, text: str, details: dict[str, str]) -> Letter:
    """The message: attributes to filter by, and a JSON body with what, how bad, since when and what to run."""
    remedy = remedy_of(event_type, details)
    attributes = {"event_type": event_type, "severity": severity, "component": component}
    body = {"since": details.get("at", ""), **details, **attributes, "text": text[:TEXT_CHARACTERS], "remedy": remedy}
    # SNS refuses an empty value.
    kept = {name: said[:ATTRIBUTE_CHARACTERS] or "unknown" for name, said in attributes.items()}
    return Letter(masked(json.dumps({name: said for name, said in body.items() if said})), kept)


def connect(settings: Settings, clock: Clock) -> SnsEvents:
    """The topic that the settings name."""
    return SnsEvents(SnsTopic(settings), settings.account, clock, least=Severity(settings.topic_severity))


def _rank(severity: str) -> int:
    """An unknown severity is as loud as the loudest."""
    return _RANKS.get(Severity(severity), 2) if severity in list(Severity) else 2
