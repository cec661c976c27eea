"""One question to the Dagster webserver's GraphQL. What is asked, and what an answer means, is for the callers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any


def ask(base_url: str, query: str, variables: Mapping[str, object], timeout_s: float) -> dict[str, Any]:
    """The whole answer, `errors` included; raises OSError (HTTPError among them) and ValueError."""
    body = json.dumps({"query": query, "variables": dict(variables)}).encode()
    request = urllib.request.Request(f"{base_url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout_s) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
