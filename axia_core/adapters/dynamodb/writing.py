"""DynamoDB's expressions and calls behind a few verbs: get, put, check, transact, query. Nothing about orders."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from axia_core.adapters.dynamodb import items
from axia_core.adapters.dynamodb.items import Item
from axia_core.aws import error_code, translated
from axia_core.errors import StoreUnavailable

CHECK_FAILED = "ConditionalCheckFailed"
BATCH = 100  # BatchGetItem's limit
CONFLICT_TRIES, CONFLICT_WAIT_S = 3, 0.05


class Table:
    """One table; conditions and values are given plain, and typed here."""

    def __init__(self, dynamodb: Any, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, pk: str, sk: str) -> Item | None:
        """A consistent read of one item."""
        with translated(f"reading {pk}"):
            answer = self._dynamodb.get_item(TableName=self._name, Key=items.key(pk, sk), ConsistentRead=True)
        return items.plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> Iterator[Item]:
        """Consistent reads of many items; those that are gone are left out."""
        for start in range(0, len(keys), BATCH):
            wanted = [items.key(pk, sk) for pk, sk in keys[start : start + BATCH]]
            while wanted:
                request = {self._name: {"Keys": wanted, "ConsistentRead": True}}
                with translated("reading orders"):
                    answer = self._dynamodb.batch_get_item(RequestItems=request)
                yield from (items.plain(item) for item in answer["Responses"].get(self._name, ()))
                wanted = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])

    def query(self, pk: str, sk_prefix: str) -> Iterator[Item]:
        """A consistent read of a partition's items whose sort key begins with *sk_prefix*, in order."""
        yield from self._pages(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.wire({":pk": pk, ":prefix": sk_prefix}),
            ConsistentRead=True,
        )

    def query_from(self, pk: str, first_sk: str) -> Iterator[Item]:
        """A consistent read of a partition's items from *first_sk* on, in order."""
        yield from self._pages(
            "query",
            KeyConditionExpression="pk = :pk AND sk >= :first",
            ExpressionAttributeValues=items.wire({":pk": pk, ":first": first_sk}),
            ConsistentRead=True,
        )

    def query_index(self, marker: str) -> list[tuple[str, str]]:
        """Keys of the items that the sparse index lists under *marker*."""
        found = self._pages(
            "query",
            IndexName=items.OPEN_INDEX,
            KeyConditionExpression="#open = :marker",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=items.wire({":marker": marker}),
        )
        return [(item["pk"], item["sk"]) for item in found]

    def scan_orders(self) -> Iterator[Item]:
        """Every order's record; for people only, since it reads the whole table."""
        values = items.wire({":metadata": items.METADATA, ":prefix": "ORDER#"})
        condition = "sk = :metadata AND begins_with(pk, :prefix)"
        yield from self._pages("scan", FilterExpression=condition, ExpressionAttributeValues=values)

    def put(self, item: Item, condition: str = "", values: Item | None = None, names: Item | None = None) -> Item:
        """A transaction step that writes a whole item, with its schema."""
        step = {"TableName": self._name, "Item": items.wire({"schema": items.SCHEMA} | item)}
        return {"Put": step | _conditional(condition, values or {}, names or {})}

    def write(self, what: str, item: Item) -> None:
        """Writes a whole item, with its schema, whatever was there: for what is no order's business."""
        with translated(what):
            self._dynamodb.put_item(TableName=self._name, Item=items.wire({"schema": items.SCHEMA} | item))

    def check(self, pk: str, sk: str, condition: str, values: Item, names: Item) -> Item:
        """A transaction step that only checks an item."""
        step = {"TableName": self._name, "Key": items.key(pk, sk)}
        return {"ConditionCheck": step | _conditional(condition, values, names)}

    def set_attributes(self, pk: str, sk: str, attributes: Item, expected_version: int) -> Item:
        """A transaction step that sets attributes (None removes one) if the item's version is the expected one."""
        names = {f"#{name}": name for name in attributes}
        kept = {name: value for name, value in attributes.items() if value is not None}
        sets = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
        removes = [f"#{name}" for name, value in attributes.items() if value is None]
        values = {f":{name}": value for name, value in kept.items()} | {":expected": expected_version}
        step = {
            "TableName": self._name,
            "Key": items.key(pk, sk),
            "UpdateExpression": sets + (" REMOVE " + ", ".join(removes) if removes else ""),
        }
        return {"Update": step | _conditional("#version = :expected", values, names)}

    def change(self, pk: str, sk: str, expression: str, names: Item, values: Item) -> Item:
        """A transaction step that updates an item whatever it is, and makes it where there is none."""
        step = {"TableName": self._name, "Key": items.key(pk, sk), "UpdateExpression": expression}
        return {"Update": step | _conditional("", values, names)}

    def transact(self, what: str, steps: list[Item]) -> list[str]:
        """All steps or none; an empty list when done, else the reason of each step. Raises StoreUnavailable.

        A conflict with another transaction on the same item (a switch that is thrown, a lease that is renewed) has
        written nothing, and is tried again.
        """
        for _ in range(CONFLICT_TRIES):
            reasons = self._transact(what, steps)
            if not reasons or CHECK_FAILED in reasons:
                return reasons
            time.sleep(CONFLICT_WAIT_S)
        raise StoreUnavailable(f"{what}: the transaction was cancelled ({', '.join(reasons)})")

    def _transact(self, what: str, steps: list[Item]) -> list[str]:
        with translated(what):
            try:
                self._dynamodb.transact_write_items(TransactItems=steps)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
        return []

    def update(
        self, what: str, key: Item, expression: str, names: Item, values: Item, condition: str = "attribute_exists(pk)"
    ) -> bool:
        """A single conditional update; False when the condition does not hold."""
        request = {"TableName": self._name, "Key": key, "UpdateExpression": expression}
        with translated(what):
            try:
                self._dynamodb.update_item(**request, **_conditional(condition, values, names))
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def _pages(self, operation: str, **request: Any) -> Iterator[Item]:
        with translated(f"reading {self._name}"):
            for page in self._dynamodb.get_paginator(operation).paginate(TableName=self._name, **request):
                yield from (items.plain(item) for item in page["Items"])


def _conditional(condition: str, values: Item, names: Item) -> Item:
    request: Item = {}
    if condition:
        request["ConditionExpression"] = condition
    if values:
        request["ExpressionAttributeValues"] = items.wire(values)
    if names:
        request["ExpressionAttributeNames"] = names
    return request
