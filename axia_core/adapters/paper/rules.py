"""The broker's rules for a symbol, as a part of the profile: spread, volumes, filling, distances, costs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from axia_core.adapters.paper.spreads import Spread

TRADE_MODES = {"disabled": 0, "longonly": 1, "shortonly": 2, "closeonly": 3, "full": 4}
EXECUTIONS = {"request": 0, "instant": 1, "market": 2, "exchange": 3}


class Part(BaseModel):
    """A part of a profile: it cannot be changed, and an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SymbolRules(Part):
    """The broker's rules for a symbol."""

    spread_points: int = Field(12, ge=0)
    roll_spread_points: int | None = Field(None, ge=0, description="The spread around the New York close, if another.")
    roll_window_s: int = Field(300, ge=0, description="How long before and after 17:00 New York it holds.")
    commission_per_lot: float = Field(0.0, ge=0, description="In the account's currency, for each deal: per side.")
    swap_long: float = Field(0.0, description="Points a BUY earns a night; negative ones are paid.")
    swap_short: float = Field(0.0, description="Points a SELL earns a night.")
    swap_triple_day: int = Field(3, ge=0, le=6, description="Day whose night counts for three; 0 is Sunday.")
    filling_mask: int = Field(3, ge=0, le=7, description="Bits: FOK 1, IOC 2, BOC 4.")
    execution: Literal["request", "instant", "market", "exchange"] = "market"
    trade_mode: Literal["disabled", "longonly", "shortonly", "closeonly", "full"] = "full"
    stops_level: int = Field(0, ge=0, description="Points between the market and a stop.")
    freeze_level: int = Field(0, ge=0, description="Points from the market within which nothing can be changed.")
    volume_min: float = Field(0.01, gt=0)
    volume_max: float = Field(100.0, gt=0)
    volume_step: float = Field(0.01, gt=0)
    volume_limit: float = Field(0.0, ge=0, description="Most lots in one direction; 0 means no limit.")
    contract_size: float = Field(100_000.0, gt=0)
    fills_at_most: float | None = Field(None, gt=0, description="Lots at once: IOC fills partly, FOK not at all.")

    @property
    def has_swap(self) -> bool:
        """Whether a night costs or earns anything."""
        return bool(self.swap_long or self.swap_short)

    @property
    def spread(self) -> Spread:
        """The spread over time."""
        return Spread(self.spread_points, self.roll_spread_points, self.roll_window_s)
