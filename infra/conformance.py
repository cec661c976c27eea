"""Is what is deployed what the template says?

Each property is read through its service's own API, never CloudFormation's. Here is the comparison; how a property is
read is in `properties`, and changing anything is `reconcile`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from axia_core.errors import StoreUnavailable
from infra.clients import Clients
from infra.properties import PROPERTIES
from infra.property import Property
from infra.template import Resource, Template

MISSING = "(missing)"


@dataclass(frozen=True)
class Difference:
    """A property that is not what the template says."""

    resource: Resource
    property: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.resource.name} {self.property}: template {self.expected!r}, deployed {self.actual!r}"


@dataclass(frozen=True)
class Report:
    """What was compared and what differs; `unread` are the properties that nobody taught us to read."""

    resources: int
    properties: int
    differences: tuple[Difference, ...]
    unread: tuple[str, ...]


def total(reports: Sequence[Report]) -> Report:
    """Several reports as one."""
    return Report(
        sum(report.resources for report in reports),
        sum(report.properties for report in reports),
        tuple(difference for report in reports for difference in report.differences),
        tuple(dict.fromkeys(name for report in reports for name in report.unread)),
    )


def compare(template: Template, clients: Clients) -> Report:
    """Read every property we know how to read and compare it with the template."""
    resources = template.resources.values()
    pairs = [(resource, known) for resource in resources for known in readable(resource)]
    unread = tuple(f"{r.type} {name}" for r in resources for name in r.properties if not _known(r, name))
    differences = tuple(found for resource, known in pairs if (found := difference(resource, known, clients)))
    return Report(len(template.resources), len(pairs), differences, tuple(dict.fromkeys(unread)))


def readable(resource: Resource) -> Iterator[Property]:
    """The properties of a resource that the template sets and that we can read."""
    return (known for known in PROPERTIES.get(resource.type, ()) if known.name in resource.properties)


def difference(resource: Resource, known: Property, clients: Clients) -> Difference | None:
    """The difference in one property, or None."""
    expected = known.expected(resource)
    try:
        actual = known.read(clients, resource)
    except ClientError as error:
        if not _says_missing(error):
            raise StoreUnavailable(f"{resource.name} {known.name} could not be read: {error}") from error
        actual = MISSING
    except BotoCoreError as error:
        raise StoreUnavailable(f"{resource.name} {known.name} could not be read: {error}") from error
    same = normal(expected) == normal(actual)
    return None if same else Difference(resource, known.name, expected, actual)


def normal(value: Any) -> Any:
    """A value without the accidents of its notation: 60 and "60", true and "true", the order of a set."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _known(resource: Resource, name: str) -> bool:
    return any(known.name == name for known in PROPERTIES.get(resource.type, ()))


def _says_missing(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    return code == "404" or any(word in code for word in ("NotFound", "NoSuch", "NonExistent"))
