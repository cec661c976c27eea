"""Turns a system event or an alarm into one Slack message: what, how bad, since when, and what to run."""

import json
import os
import urllib.request
from typing import Any

import boto3

COLOURS = {"critical": "#c62828", "warning": "#f9a825", "info": "#1565c0", "recovered": "#2e7d32"}
# What a person types first; an event brings its own.
COMMANDS = {
    "SQS-DLQ-Messages": "axia dlq list",
    "SQS-Queue-Age": "axia order list --open",
    "Unknown-Orders": "axia order reconcile",
    "Order-Success-Rate": "axia order list",
    "Data-Source-Health": "axia ohlcv coverage",
    "Host-Heartbeat": "axia kill-switch status",
}


def handler(event: dict[str, Any], context: object) -> None:
    """Send each record that is loud enough; an error makes SNS try again."""
    quiet = set(COLOURS) - set(os.environ["SEVERITIES"].split(","))
    events = [parsed(record["Sns"]) for record in event["Records"]]
    loud = [found for found in events if found["severity"] not in quiet]
    url = webhook() if loud else None
    for found in loud:
        if url:
            post(url, slack_message(found))
        else:
            print(json.dumps({"unsent": found, "why": "the secret holds the placeholder"}))


def slack_message(found: dict[str, Any]) -> dict[str, Any]:
    """What Slack is sent."""
    severity = str(found["severity"])
    where = [found["component"], found.get("account", "").upper(), found.get("run_id") and f"run {found['run_id'][:8]}"]
    lines = [found["text"][:2000], f"since {found['since']} ({', '.join(filter(None, where))})"]
    if found.get("remedy"):
        lines.append(f"run: `{found['remedy']}`")
    text = escaped("\n".join(lines))
    title = escaped(f"{severity.upper()} {found['event_type']}")
    return {"text": title, "attachments": [{"color": COLOURS.get(severity, "#616161"), "text": text}]}


def escaped(text: str) -> str:
    """As Slack wants it; an order's own words must not call a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def parsed(notification: dict[str, Any]) -> dict[str, Any]:
    """The same fields from an alarm and from an event."""
    body = document(notification["Message"])
    if "AlarmName" in body:
        # A new alarm that finds all well has recovered from nothing.
        over = "recovered" if body.get("OldStateValue") == "ALARM" else "info"
        return {
            "event_type": body["AlarmName"],
            "severity": over if body["NewStateValue"] == "OK" else "critical",
            "component": body.get("Region", "CloudWatch"),
            "since": body.get("StateChangeTime", notification.get("Timestamp")),
            "text": f"{body.get('AlarmDescription') or ''} {body.get('NewStateReason', '')}".strip(),
            "remedy": COMMANDS.get(body["AlarmName"], "axia doctor"),
        }
    attributes = {key: value["Value"] for key, value in notification.get("MessageAttributes", {}).items()}
    defaults = {"event_type": "event", "severity": "info", "component": "axia", "since": notification.get("Timestamp")}
    text = {"text": body.get("text") or notification["Message"]}
    return defaults | body | attributes | text


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
