"""The functions' pure parts: what Slack is told, and what is recorded."""

from __future__ import annotations

import json
from typing import Any

from axia_core.adapters.sns import letter
from infra.functions import slack, system_alert


def alarm(state: str, before: str = "ALARM") -> dict[str, Any]:
    """What SNS hands on when an alarm changes."""
    message = {
        "AlarmName": "Unknown-Orders",
        "AlarmDescription": "It is not known of at least one order whether it took effect.",
        "OldStateValue": before,
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": "2026-07-03T07:00:00Z",
        "Region": "Asia Pacific (Tokyo)",
    }
    return {"Message": json.dumps(message), "MessageAttributes": {}, "Timestamp": "2026-07-03T07:00:01Z"}


def event(
    event_type: str = "order_state",
    severity: str = "critical",
    text: str = "the order of 0.1 lots is UNKNOWN",
    **details: str,
) -> dict[str, Any]:
    """What SNS hands on of an event of ours, as the SNS adapter writes it."""
    written = letter(event_type, severity, "desk", text, {"order_id": "o-7", "account": "live", **details})
    typed = {name: {"Type": "String", "Value": value} for name, value in written.attributes.items()}
    return {"Message": written.body, "MessageAttributes": typed, "Timestamp": "2026-07-03T07:00:01Z"}


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
    told = slack.slack_message(slack.parsed(event(since="2026-07-03T06:59:00+00:00", run_id="0123456789")))

    assert told["text"] == "CRITICAL order_state"
    assert told["attachments"][0]["text"].splitlines() == [
        "the order of 0.1 lots is UNKNOWN",
        "since 2026-07-03T06:59:00+00:00 (desk, LIVE, run 01234567)",
        "run: `axia order show o-7`",
    ]


def test_a_hostile_order_cannot_call_the_whole_channel() -> None:
    """What an order says of itself is text, and no mention or link of Slack's."""
    told = slack.slack_message(slack.parsed(event(text="comment <!channel> & more")))

    assert told["attachments"][0]["text"].startswith("comment &lt;!channel&gt; &amp; more")


def test_an_alarm_without_a_command_of_its_own_begins_with_the_doctor() -> None:
    """Nobody is left without something to run."""
    notification = alarm("ALARM")
    notification["Message"] = notification["Message"].replace("Unknown-Orders", "EC2-Disk")

    assert slack.parsed(notification)["remedy"] == "axia doctor"


def test_a_new_alarm_that_finds_all_well_is_told_to_nobody() -> None:
    """After a deployment every alarm turns to OK; that is no recovery."""
    assert slack.parsed(alarm("OK", before="INSUFFICIENT_DATA"))["severity"] == "info"
    assert system_alert.line(alarm("OK", before="INSUFFICIENT_DATA"))["severity"] == "info"


def test_a_message_that_is_no_document_is_told_as_it_stands() -> None:
    """Whatever somebody publishes by hand."""
    found = slack.parsed({"Message": "{look at the host}", "Timestamp": "now"})

    assert (found["text"], found["severity"]) == ("{look at the host}", "info")


def test_the_record_counts_by_severity() -> None:
    """One line is the record and, in the embedded format, the metric."""
    line = system_alert.line(event(severity="warning"))

    assert line["severity"] == "warning"
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "AXIA/TradingSystem"
    assert system_alert.line(alarm("ALARM"))["severity"] == "critical"
