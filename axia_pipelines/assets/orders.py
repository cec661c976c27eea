"""Orders that have come to an end, one event each, written by the desk run: for people to look at, not to decide by.

House rule: a specification, nothing to materialize. The ledger in DynamoDB is the memory of orders.
https://docs.dagster.io/guides/build/assets/external-assets
"""

from __future__ import annotations

import dagster as dg

from axia_pipelines.metadata import ORDERS

orders = dg.AssetSpec(
    ORDERS,
    description=(__doc__ or "").partition("\n")[0],
    group_name="trading",
    kinds={"sqs", "dynamodb"},
    owners=["team:trading"],
)
