"""The functions' pure parts: what Slack is told, and what is recorded."""

from __future__ import annotations

import json
from typing import Any

from infra.functions import slack, system_alert


def alarm(state: str) -> dict[str, Any]:
    """What SNS hands on when an alarm changes."""
    message = {
        "AlarmName": "Unknown-Orders",
        "AlarmDescription": "It is not known of at least one order whether it took effect.",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": "2026-07-03T07:00:00Z",
        "Region": "Asia Pacific (Tokyo)",
    }
    return {"Message": json.dumps(message), "MessageAttributes": {}, "Timestamp": "2026-07-03T07:00:01Z"}


def event(**attributes: str) -> dict[str, Any]:
    """What SNS hands on of an event of ours."""
    typed = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    message = json.dumps({"text": "the order of 0.1 lots is UNKNOWN", "order_id": "o-7"})
    return {"Message": message, "MessageAttributes": typed, "Timestamp": "2026-07-03T07:00:01Z"}


def test_an_alarm_says_what_how_bad_since_when_and_what_to_run() -> None:
    """Everything that a person needs at night is in the message."""
    told = json.dumps(slack.slack_message(slack.parsed(alarm("ALARM"))))

    assert all(word in told for word in ("CRITICAL Unknown-Orders", "since 2026-07-03T07:00:00Z", "Threshold Crossed"))
    assert "axia order reconcile" in told


def test_the_end_of_an_alarm_is_told_as_such() -> None:
    """In another colour."""
    told = slack.slack_message(slack.parsed(alarm("OK")))

    assert told["text"] == "RECOVERED Unknown-Orders"
    assert told["attachments"][0]["color"] == slack.COLOURS["recovered"]


def test_an_event_names_its_order_in_the_command() -> None:
    """Attributes decide severity and component; the order's id is in the body."""
    told = slack.slack_message(slack.parsed(event(event_type="order_state", severity="critical", component="desk")))

    assert told["text"] == "CRITICAL order_state"
    assert "axia order show o-7" in told["attachments"][0]["text"]


def test_a_message_that_is_no_document_is_told_as_it_stands() -> None:
    """Whatever somebody publishes by hand."""
    found = slack.parsed({"Message": "{look at the host}", "Timestamp": "now"})

    assert (found["text"], found["severity"]) == ("{look at the host}", "info")


def test_the_record_counts_by_severity() -> None:
    """One line is the record and, in the embedded format, the metric."""
    line = system_alert.line(event(event_type="order_state", severity="warning"))

    assert line["severity"] == "warning"
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "AXIA/TradingSystem"
    assert system_alert.line(alarm("ALARM"))["severity"] == "critical"
