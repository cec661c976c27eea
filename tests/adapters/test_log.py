"""Log lines and events: one JSON object a line, each with demo or live."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from axia_core.adapters.log import LogEvents


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The process's logging is as it was."""
    logger = logging.getLogger("axia")
    handlers, level = list(logger.handlers), logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_event_is_one_line_with_its_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    """An event of any severity is one line that says the account, the text and every attribute."""
    LogEvents("live").publish("order_state", "info", "order_processor", "one\nis FILLED", order_id="A1", ticket="7")

    (line,) = lines(capsys)

    assert (line["account"], line["event_type"], line["severity"], line["level"]) == (
        "live",
        "order_state",
        "info",
        "INFO",
    )
    assert (line["text"], line["order_id"], line["ticket"]) == ("one\nis FILLED", "A1", "7")


def test_every_line_says_demo_or_live(capsys: pytest.CaptureFixture[str]) -> None:
    """What any part of AXIA logs after the events were composed carries the account as well."""
    LogEvents("demo")

    logging.getLogger("axia.ledger").critical("item %s is damaged", 7)

    (line,) = lines(capsys)
    assert (line["account"], line["logger"], line["text"]) == ("demo", "axia.ledger", "item 7 is damaged")


def test_composed_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Two resources that compose events in one process do not double the lines."""
    LogEvents("demo")
    LogEvents("demo").publish("order_state", "critical", "order_processor", "x")

    assert len(lines(capsys)) == 1


def test_reason_with_an_odd_character_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Text from outside cannot break a line, and an attribute cannot take the account's place."""
    LogEvents("demo").publish("x", "warning", "c", 'a "quoted" \u2028 line', account="live")

    assert [(line["account"], line["text"]) for line in lines(capsys)] == [("demo", 'a "quoted" \u2028 line')]
