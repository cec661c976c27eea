"""Turns a system event or an alarm into one Slack message: what, how bad, since when, and what to run."""

import json
import os
import urllib.request
from typing import Any

import boto3

COLOURS = {"critical": "#c62828", "warning": "#f9a825", "info": "#1565c0", "recovered": "#2e7d32"}
# What a person who was just woken up types first.
COMMANDS = {
    "SQS-DLQ-Messages": "axia dlq list",
    "SQS-Queue-Age": "axia order list --open",
    "Unknown-Orders": "axia order reconcile",
    "Order-Success-Rate": "axia order list",
    "Data-Source-Health": "axia ohlcv coverage",
    "Host-Heartbeat": "axia kill-switch status",
    "DynamoDB-Throttles": "axia kill-switch status",
    "order_state": "axia order show {order_id}",
    "stray_position": "axia order reconcile",
    "kill_switch": "axia kill-switch status",
    "statement": "axia order statement",
}


def handler(event: dict[str, Any], context: object) -> None:
    """Send each record that is loud enough; an error makes SNS try again."""
    events = [parsed(record["Sns"]) for record in event["Records"]]
    loud = [found for found in events if found["severity"] in os.environ["SEVERITIES"].split(",")]
    url = webhook() if loud else None
    for found in loud:
        if url:
            post(url, slack_message(found))
        else:
            print(json.dumps({"unsent": found, "why": "the secret holds the placeholder"}))


def slack_message(found: dict[str, Any]) -> dict[str, Any]:
    """What Slack is sent."""
    severity = found["severity"]
    lines = [found["text"], f"since {found['since']}, {found['component']}"]
    if command := command_for(found):
        lines.append(f"run: `{command}`")
    title = f"{severity.upper()} {found['event_type']}"
    return {"text": title, "attachments": [{"color": COLOURS.get(severity, "#616161"), "text": "\n".join(lines)}]}


def parsed(notification: dict[str, Any]) -> dict[str, Any]:
    """The fields that every message has, from an alarm of CloudWatch or an event of AXIA."""
    body = document(notification["Message"])
    if "AlarmName" in body:
        ended = body["NewStateValue"] == "OK"
        return {
            "event_type": body["AlarmName"],
            "severity": "recovered" if ended else "critical",
            "component": body.get("Region", "CloudWatch"),
            "since": body.get("StateChangeTime", notification.get("Timestamp")),
            "text": f"{body.get('AlarmDescription') or ''} {body.get('NewStateReason', '')}".strip(),
        }
    attributes = {key: value["Value"] for key, value in notification.get("MessageAttributes", {}).items()}
    defaults = {"event_type": "event", "severity": "info", "component": "axia", "since": notification.get("Timestamp")}
    text = {"text": body.get("text") or notification["Message"]}
    return defaults | body | attributes | text


def command_for(found: dict[str, Any]) -> str:
    """The command, without those that need what the event does not carry."""
    command = COMMANDS.get(found["event_type"].removesuffix("-Read"), "")
    return command.format(**found) if "{" not in command or found.get("order_id") else ""


def document(text: str) -> dict[str, Any]:
    """The JSON object in a message, or nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def webhook() -> str | None:
    """The URL in the secret; None while it is the placeholder of the template."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SLACK_SECRET"])
    url: str = json.loads(secret["SecretString"])["webhook_url"]
    return None if url.endswith("...") else url


def post(url: str, message: dict[str, Any]) -> None:
    """One request; Slack answers 200 or an error that is raised."""
    body = json.dumps(message).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()
