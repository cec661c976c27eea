"""Keeps a record of every alarm and event, and counts them by severity; SNS itself remembers nothing.

The embedded metric format makes the count a metric without a call and without a permission.
"""

import json
import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> None:
    """One line of the function's log for each record."""
    for record in event["Records"]:
        print(json.dumps(line(record["Sns"])))


def line(notification: dict[str, Any]) -> dict[str, Any]:
    """The record: what was said, its severity, and the metric that CloudWatch takes from this very line."""
    body = document(notification["Message"])
    alarm = body.get("AlarmName")
    attributes = {key: value["Value"] for key, value in notification.get("MessageAttributes", {}).items()}
    over = "recovered" if body.get("OldStateValue") == "ALARM" else "info"  # as the Slack function has it
    state = over if body.get("NewStateValue") == "OK" else "critical"
    severity = state if alarm else attributes.get("severity", "info")
    return {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "AXIA/TradingSystem",
                    "Dimensions": [["severity"]],
                    "Metrics": [{"Name": "SystemEvents", "Unit": "Count"}],
                }
            ],
        },
        "SystemEvents": 1,
        "severity": severity,
        "event_type": alarm or attributes.get("event_type", "event"),
        "component": attributes.get("component", "CloudWatch" if alarm else "axia"),
        "message_id": notification.get("MessageId"),
        "message": body or notification["Message"],
    }


def document(text: str) -> dict[str, Any]:
    """The JSON object in a message, or nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
