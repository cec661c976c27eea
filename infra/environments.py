"""Environments: which stacks there are, in which region and order, with which parameters: `parameters.toml`, read.

Nothing is deployed here; what a reference to another stack's output means is `stacks`'.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axia_core.errors import InvalidInput

FILE = Path(__file__).with_name("parameters.toml")
PREFIX = "axia-"


@dataclass(frozen=True)
class Plan:
    """One stack of an environment; its region is None where it is the settings' own."""

    name: str
    region: str | None
    parameters: Mapping[str, str]

    @property
    def template(self) -> Path:
        """Its template."""
        return Path(__file__).with_name(f"{self.name}.yaml")

    @property
    def stack_name(self) -> str:
        """What CloudFormation calls it."""
        return PREFIX + self.name


@dataclass(frozen=True)
class Environment:
    """The stacks of one environment in the order in which they are deployed."""

    name: str
    plans: tuple[Plan, ...]

    def plan(self, name: str) -> Plan:
        """One stack of it; raises InvalidInput when it has none of that name."""
        found = next((plan for plan in self.plans if plan.name == name), None)
        if found is None:
            known = ", ".join(plan.name for plan in self.plans)
            raise InvalidInput("stack", name, f"the environment {self.name} has no such stack", f"It has {known}.")
        return found


def read(name: str, file: Path = FILE) -> Environment:
    """An environment of the parameters file; raises InvalidInput for one that is not there."""
    document = _document(file)
    if name not in document:
        rule = f"{file} has no such environment"
        raise InvalidInput("environment", name, rule, f"It has {', '.join(document)}.")
    section = document[name]
    regions = section.get("regions", {})
    plans = (Plan(stack, regions.get(stack), _strings(section.get(stack, {}))) for stack in section["stacks"])
    return Environment(name, tuple(plans))


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput("parameters", str(file), f"it cannot be read: {error}") from error


def _strings(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items()}
