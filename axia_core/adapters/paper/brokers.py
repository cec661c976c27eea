"""Symbol rules as real brokers had them when somebody recorded `symbol_info`: pick one to meet its refusals."""

from __future__ import annotations

from axia_core.adapters.paper.profile import SymbolRules

# By what a caller meets, since two of the recorded brokers are unnamed.
BROKER_RULES: dict[str, SymbolRules] = {
    # MetaQuotes-Demo, EURUSD, 2022-03: any filling passes, prices are checked against the deviation.
    "metaquotes-demo": SymbolRules(spread_points=15, filling_mask=1, execution="instant", volume_max=500.0),
    # USDJPY, 2024-01: a request without type_filling (FOK) is refused with 10030.
    "ioc-only": SymbolRules(spread_points=55, filling_mask=2, volume_max=200.0),
    # EURJPY, 2022-11: FOK only, stops three points away, at most 15 lots in one direction.
    "fok-only": SymbolRules(
        spread_points=14, filling_mask=1, stops_level=3, freeze_level=3, volume_max=10.0, volume_limit=15.0
    ),
}
