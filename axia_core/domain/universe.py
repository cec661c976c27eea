"""Which series are collected, and since when. A pair that leaves the universe leaves its stored days behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from axia_core.domain.holidays import Holidays
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Plan:
    """What is collected of one pair: from which trading date on, and in which timeframes."""

    start: date
    timeframes: tuple[Timeframe, ...]


@dataclass(frozen=True, slots=True)
class Universe:
    """The plan of every pair by its name, and the days on which nothing is expected of any."""

    plans: Mapping[str, Plan]
    holidays: Holidays

    def __post_init__(self) -> None:
        if not self.plans:
            raise InvalidInput("symbols", [], "there must be at least one pair", "Example: [symbols.USDJPY].")
        for name, plan in self.plans.items():
            key = f"symbols.{name}"
            if not plan.timeframes:
                known = ", ".join(Timeframe)
                raise InvalidInput(f"{key}.timeframes", [], f"there must be one of {known}", "Or leave the line out.")
            if len(set(plan.timeframes)) != len(plan.timeframes):
                shown = [timeframe.value for timeframe in plan.timeframes]
                raise InvalidInput(f"{key}.timeframes", shown, "one is there twice", "Name each once.")

    @property
    def first_day(self) -> date:
        """The earliest start of any pair: where Dagster's partitions begin."""
        return min(plan.start for plan in self.plans.values())

    def symbols_with(self, timeframe: Timeframe) -> tuple[Symbol, ...]:
        """The pairs that are collected in *timeframe*."""
        return tuple(Symbol(name) for name, plan in self.plans.items() if timeframe in plan.timeframes)

    def start_of(self, symbol: Symbol) -> date:
        """The first trading date of a pair; of one that is not collected (any more), the first day of all."""
        plan = self.plans.get(symbol.name)
        return self.first_day if plan is None else plan.start

    def why_not(self, symbol: Symbol, timeframe: Timeframe, day: date) -> str:
        """Why a day of a series is not collected at all, or nothing when it is."""
        plan = self.plans.get(symbol.name)
        if plan is None:
            return f"{symbol} is not among the symbols"
        if timeframe not in plan.timeframes:
            return f"{symbol} is collected in {', '.join(plan.timeframes)} only"
        if day < plan.start:
            return f"before its start on {plan.start}"
        return ""


def check_broker_names(names: Mapping[str, str]) -> None:
    """Raises InvalidInput when two pairs would be read under one name of the broker."""
    taken: dict[str, str] = {}
    for pair, name in sorted(names.items()):
        if name in taken:
            rule = f"{taken[name]} already has this name, and both would get the same prices"
            raise InvalidInput(f"symbols.{pair}.broker_name", name, rule, "Give each pair the name that is its own.")
        taken[name] = pair
