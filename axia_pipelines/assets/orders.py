"""Orders that have come to an end, one event each, written by the desk run: for people to look at, not to decide by.

House rule: a specification, nothing to materialize. The ledger in DynamoDB is the memory of orders.
https://docs.dagster.io/guides/build/assets/external-assets
"""

from __future__ import annotations

import dagster as dg

from axia_pipelines.metadata import ORDERS


def orders_asset(account: str) -> dg.AssetSpec:
    """The asset of all orders of an account, `demo` or `live`."""
    return dg.AssetSpec(
        ORDERS,
        description=f"""Orders of the {account} account that have come to an end, one event each: see *Events*.

Written by the desk, the run of [order_desk](/locations/axia/jobs/order_desk) that the
[order_sensor](/locations/axia/sensors/order_sensor) opens. For people to look at, not to decide by: the memory of
orders is the ledger, see `axia order list` and `axia order show`.""",
        group_name="trading",
        kinds={"sqs", "dynamodb"},
        owners=["team:trading"],
        metadata={"account": account},
    )
