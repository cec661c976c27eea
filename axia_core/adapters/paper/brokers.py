"""Symbol rules as real brokers had them when somebody recorded `symbol_info`: pick one to meet its refusals.

In terminal.json: `"broker": "ioc-only"`. Rules of one's own broker come from `rules_from` over its symbol_info.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axia_core.adapters.paper.rules import EXECUTIONS, TRADE_MODES, SymbolRules

_SAME = ("volume_min", "volume_max", "volume_step", "volume_limit", "swap_long", "swap_short")
_RENAMED = {"spread_points": "spread", "filling_mask": "filling_mode", "stops_level": "trade_stops_level"}
_RENAMED |= {"freeze_level": "trade_freeze_level", "contract_size": "trade_contract_size"}
_RENAMED |= {"swap_triple_day": "swap_rollover3days"} | {name: name for name in _SAME}
_SWAP_BY_POINTS = 1


def rules_from(symbol_info: Mapping[str, Any]) -> SymbolRules:
    """The rules that a recorded `symbol_info()._asdict()` states; what it lacks keeps its default."""
    values = {ours: symbol_info[theirs] for ours, theirs in _RENAMED.items() if theirs in symbol_info}
    if symbol_info.get("swap_mode") != _SWAP_BY_POINTS:
        # Swaps by money or by interest are not modelled; none is nearer to them than points would be.
        values |= {"swap_long": 0.0, "swap_short": 0.0}
    for ours, theirs, modes in (
        ("execution", "trade_exemode", EXECUTIONS),
        ("trade_mode", "trade_mode", TRADE_MODES),
    ):
        if theirs in symbol_info:
            values[ours] = next(name for name, number in modes.items() if number == symbol_info[theirs])
    return SymbolRules(**values)


# By what a caller meets, since two of the recorded brokers are unnamed.
BROKER_RULES: dict[str, SymbolRules] = {
    # MetaQuotes-Demo, EURUSD, 2022-03: any filling passes, prices are checked against the deviation.
    "metaquotes-demo": SymbolRules(
        spread_points=15, filling_mask=1, execution="instant", volume_max=500.0, swap_long=-0.7, swap_short=-1.0
    ),
    # USDJPY, 2024-01: a request without type_filling (FOK) is refused with 10030.
    "ioc-only": SymbolRules(spread_points=55, filling_mask=2, volume_max=200.0, swap_long=12.46, swap_short=-25.92),
    # EURJPY, 2022-11: FOK only, stops three points away, at most 15 lots in one direction.
    "fok-only": SymbolRules(
        spread_points=14, filling_mask=1, stops_level=3, freeze_level=3, volume_max=10.0, volume_limit=15.0
    ),
}
