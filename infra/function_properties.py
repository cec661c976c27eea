"""How the properties of functions, subscriptions and dashboards are read."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from typing import Any

from infra.clients import Clients
from infra.property import Property, described, own_tags, project
from infra.template import Resource


def _function(clients: Clients, function: Resource) -> dict[str, Any]:
    found: dict[str, Any] = clients("lambda").get_function_configuration(FunctionName=function.name)
    return found


def _code(clients: Clients, function: Resource) -> Any:
    # CloudFormation makes an archive with one file of inline code.
    location = clients("lambda").get_function(FunctionName=function.name)["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=30) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {"ZipFile": archive.read("index.py").decode()}


def _vpc(clients: Clients, function: Resource) -> Any:
    actual = _function(clients, function).get("VpcConfig")
    return project({"VpcConfig": actual}, "VpcConfig", function, "VpcConfig")


def _set_vpc(clients: Clients, function: Resource) -> None:
    wanted = function.properties["VpcConfig"]
    clients("lambda").update_function_configuration(FunctionName=function.name, VpcConfig=wanted)


def _function_tags(clients: Clients, function: Resource) -> Any:
    tags = clients("lambda").list_tags(Resource=_function(clients, function)["FunctionArn"])["Tags"]
    return own_tags([{"Key": key, "Value": value} for key, value in tags.items()])


def _permission(clients: Clients, permission: Resource) -> dict[str, Any]:
    name = permission.properties["FunctionName"]
    policy = json.loads(clients("lambda").get_policy(FunctionName=name)["Policy"])
    wanted = str(permission.properties["SourceArn"])
    found = [each for each in policy["Statement"] if wanted in json.dumps(each.get("Condition", {}))]
    return _as_permission(found[0]) | {"FunctionName": name} if found else {}


def _as_permission(statement: dict[str, Any]) -> dict[str, Any]:
    (condition,) = statement["Condition"].values()
    principal = statement["Principal"]
    return {
        "Action": statement["Action"],
        "Principal": principal.get("Service") if isinstance(principal, dict) else principal,
        "SourceArn": condition.get("AWS:SourceArn") or condition.get("aws:SourceArn"),
    }


def _feed(clients: Clients, feed: Resource) -> dict[str, Any]:
    listed = clients("lambda").list_event_source_mappings(FunctionName=feed.properties["FunctionName"])
    found: dict[str, Any] = next(iter(listed["EventSourceMappings"]), {})
    return found | {"FunctionName": str(found.get("FunctionArn", "")).rpartition(":")[2]}


def _subscription(clients: Clients, subscription: Resource) -> dict[str, Any]:
    topic, protocol = subscription.properties["TopicArn"], subscription.properties["Protocol"]
    pages = clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    ends = [each for page in pages for each in page["Subscriptions"] if each["Protocol"] == protocol]
    endpoint = subscription.properties["Endpoint"]
    return next((each for each in ends if each["Endpoint"] == endpoint), {})


def _dashboard(clients: Clients, dashboard: Resource) -> Any:
    return json.loads(clients("cloudwatch").get_dashboard(DashboardName=dashboard.name)["DashboardBody"])


def _dashboard_name(clients: Clients, dashboard: Resource) -> Any:
    return clients("cloudwatch").get_dashboard(DashboardName=dashboard.name)["DashboardName"]


_FUNCTION = ("FunctionName", "Description", "Runtime", "Handler", "Timeout", "MemorySize", "Role", "Environment")
_FEED = ("FunctionName", "EventSourceArn", "StartingPosition", "BatchSize", "MaximumRetryAttempts", "FilterCriteria")

PROPERTIES: dict[str, tuple[Property, ...]] = {
    "AWS::Lambda::Function": (
        *(described(_function, name) for name in (*_FUNCTION, "LoggingConfig")),
        Property("VpcConfig", _vpc, _set_vpc),
        Property("Code", _code),
        Property("Tags", _function_tags),
    ),
    "AWS::Lambda::Permission": tuple(
        described(_permission, name) for name in ("FunctionName", "Action", "Principal", "SourceArn")
    ),
    "AWS::Lambda::EventSourceMapping": tuple(described(_feed, name) for name in _FEED),
    "AWS::SNS::Subscription": tuple(described(_subscription, name) for name in ("TopicArn", "Protocol", "Endpoint")),
    "AWS::CloudWatch::Dashboard": (
        Property("DashboardName", _dashboard_name),
        Property("DashboardBody", _dashboard, shape=json.loads),
    ),
}
