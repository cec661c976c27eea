"""Applies on the local server what its CloudFormation drops without a word: lifecycle, tags, TTL and PITR.

The values come from the same template. On AWS there is nothing to reconcile, and a difference there is a finding of
`conformance`, not something to overwrite.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from axia_core.aws import LOOPBACK
from axia_core.errors import InvalidInput
from infra.clients import Clients
from infra.conformance import Difference, difference, readable
from infra.template import Template


def reconcile(
    template: Template, clients: Clients, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[Difference, ...]:
    """Write every writable property that differs, and say which those were; a second run writes nothing."""
    _require_local(clients)
    found = [
        (known, differs)
        for resource in template.resources.values()
        for known in readable(resource)
        if known.write and (differs := difference(resource, known, clients))
    ]
    for known, differs in found:
        progress(f"set {differs.resource.name} {known.name}")
        assert known.write is not None
        known.write(clients, differs.resource)
    return tuple(differs for _, differs in found)


def _require_local(clients: Clients) -> None:
    endpoint = clients("s3").meta.endpoint_url
    if urlsplit(endpoint).hostname not in LOOPBACK:
        raise InvalidInput(
            "endpoint", endpoint, "only a local server is reconciled", "On AWS use `axia deploy --check`."
        )
