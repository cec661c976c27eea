"""What a property is: its name in the template, how it is read through its service's API, and perhaps how it is set.

The properties of each service are in `properties` (stores, queues, logs, roles), `function_properties`,
`network_properties` and `host_properties`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.clients import Clients
from infra.template import Resource

Read = Callable[[Clients, Resource], Any]
Write = Callable[[Clients, Resource], None]


@dataclass(frozen=True)
class Property:
    """One property: its name in the template, how to read it, and perhaps how to write it."""

    name: str
    read: Read
    write: Write | None = None
    shape: Callable[[Any], Any] = lambda value: value

    def expected(self, resource: Resource) -> Any:
        """What the template says, in the shape that `read` answers in."""
        return self.shape(resource.properties[self.name])


def described(describe: Callable[[Clients, Resource], Mapping[str, Any]], key: str, name: str = "") -> Property:
    """A property that a service's description holds under *key*, called *name* in the template if not the same."""
    wanted = name or key
    return Property(wanted, lambda clients, resource: project(describe(clients, resource), key, resource, wanted))


def project(description: Mapping[str, Any], key: str, resource: Resource, name: str) -> Any:
    """What a description says of what the template says; services add defaults of their own beside it."""
    return _like(description.get(key), resource.properties[name])


def _like(actual: Any, expected: Any) -> Any:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {key: _like(actual.get(key), value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [_like(found, wanted) for found, wanted in zip(actual, expected, strict=True)]
    return actual


def own_tags(tags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tags without those that CloudFormation adds on AWS."""
    return [tag for tag in tags if not tag["Key"].startswith("aws:")]
