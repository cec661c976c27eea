"""`aws ...` commands of runbooks as calls of the same operations: the project does not install the AWS CLI.

A command's words are looked up in botocore's own model of the service, as the AWS CLI does it: an unknown operation or
option fails, values are read by the type that the model gives them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

from botocore import xform_name


def run_aws(command: str, client: Callable[[str], Any]) -> dict[str, Any]:
    """What the operation answers; raises ValueError for words that the service does not know."""
    _, service, verb, *words = shlex.split(command.replace("\\\n", " "))
    chosen = client(service)
    operation = next((name for name in _operations(chosen) if xform_name(name, "-") == verb), None)
    if operation is None:
        raise ValueError(f"{service} has no operation {verb}")
    shape = chosen.meta.service_model.operation_model(operation).input_shape
    members = {f"--{xform_name(name, '-')}": (name, member) for name, member in shape.members.items()}
    given: dict[str, Any] = {}
    while words:
        option = words.pop(0)
        if option not in members:
            raise ValueError(f"{verb} has no option {option}")
        name, member = members[option]
        values = []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        given[name] = _value(member, values)
    answer: dict[str, Any] = getattr(chosen, xform_name(operation))(**given)
    return answer


def _operations(client: Any) -> list[str]:
    names: list[str] = client.meta.service_model.operation_names
    return names


def _value(member: Any, values: list[str]) -> Any:
    match member.type_name:
        case "list":
            return values
        case "integer":
            return int(values[0])
        case "boolean":
            return True
        case "structure" | "map":
            return json.loads(values[0])
    return values[0]
