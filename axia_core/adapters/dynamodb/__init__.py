"""The order ledger in DynamoDB: `ledger` acts, `items` knows what is stored under which key. `connect` opens it."""

from axia_core.adapters.dynamodb.ledger import DynamoOrderLedger, connect

__all__ = ["DynamoOrderLedger", "connect"]
