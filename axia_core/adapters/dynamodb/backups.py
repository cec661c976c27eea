"""The order table's backups in DynamoDB: restored beside it, protected again, read whole, and deleted if a drill's.

Times go in and out on AXIA's clock; DynamoDB knows the wall clock only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from axia_core.adapters.dynamodb import items
from axia_core.aws import error_code, translated
from axia_core.domain.drill_names import PREFIX, is_scratch
from axia_core.errors import InvalidInput, NewerItem, NotRunning, VersionConflict
from axia_core.ports.recovery import Item, Protection, TableBackups
from axia_core.settings import Settings

TTL_ATTRIBUTE = "ttl"
RECOVERY_DAYS = 35
POLL_S, LOCAL_POLL_S = 5.0, 0.05
WITHIN_S = 4 * 3600.0  # the design's RTO; a restore of a table this small takes some twenty minutes
ABSENT = "ResourceNotFoundException"
EXISTS = frozenset({"TableAlreadyExistsException", "ResourceInUseException", "TableInUseException"})
NOT_READY = frozenset({"ContinuousBackupsUnavailableException", "ResourceInUseException", "TableInUseException"})
STILL_ON = "ValidationException"  # TTL is enabled already


class DynamoBackups(TableBackups):
    """Backups of any table; made and deleted are only the drills' own, and the copy that a recovery asks for."""

    def __init__(self, dynamodb: Any, like: str, clock_shift: timedelta = timedelta(), poll_s: float = POLL_S) -> None:
        self._dynamodb = dynamodb
        self._like = like
        self._shift = clock_shift
        self._poll_s = poll_s

    def now(self) -> datetime:
        return datetime.now(UTC)

    def exists(self, table: str) -> bool:
        return self._status(table) is not None

    def await_ready(self, table: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while (status := self._status(table)) != "ACTIVE":
            if time.monotonic() > deadline:
                raise NotRunning(
                    f"the table {table} is still {status} after {WITHIN_S:.0f} s; ask again to go on waiting"
                )
            time.sleep(self._poll_s)

    def newest_point(self, table: str) -> datetime | None:
        described = self._continuous(table)["PointInTimeRecoveryDescription"]
        newest = described.get("LatestRestorableDateTime")
        if described["PointInTimeRecoveryStatus"] != "ENABLED" or newest is None:
            return None
        return self._ours(newest)

    def restore(self, table: str, copy: str, to: datetime | None = None, backup: str | None = None) -> datetime:
        shows = self._moment(table, to, backup)
        if self._status(copy) is None:
            self._begin(table, copy, shows if to is not None else None, backup)
        self.await_ready(copy)
        return self._restored_to(copy) or shows

    def protect(self, copy: str, *, for_good: bool = False) -> Protection:
        with translated(f"protecting {copy}"):
            self._when_ready(self._turn_on_recovery, copy)
            if not self.protection(copy).ttl:
                specification = {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
                self._dynamodb.update_time_to_live(TableName=copy, TimeToLiveSpecification=specification)
            if for_good:
                self._dynamodb.update_table(TableName=copy, DeletionProtectionEnabled=True)
        return self.protection(copy)

    def protection(self, table: str) -> Protection:
        with translated(f"looking at {table}"):
            ttl = self._dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        recovery = self._continuous(table)["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        counts = ttl["TimeToLiveStatus"] in ("ENABLED", "ENABLING") and ttl.get("AttributeName") == TTL_ATTRIBUTE
        return Protection(ttl=counts, point_in_time=recovery == "ENABLED")

    def items(self, table: str) -> Iterator[Item]:
        with translated(f"reading {table}"):
            for page in self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
                yield from (items.plain(item) for item in page["Items"])

    def put_missing(self, table: str, item: Item) -> bool:
        with translated(f"putting an item back into {table}"):
            try:
                self._dynamodb.put_item(
                    TableName=table, Item=items.wire(dict(item)), ConditionExpression="attribute_not_exists(pk)"
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def reset_switch(self, table: str) -> str | None:
        with translated("reading the kill switch"):
            key = items.key(items.GLOBAL, items.KILL_SWITCH)
            wired = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        if wired is None or items.kill_switch(items.plain(wired)).known:
            return None
        if items.is_newer(items.plain(wired)):
            raise NewerItem(f"the kill switch in {table} was written by a newer version of AXIA; use that one")
        self._replace(table, wired, items.wire({"pk": items.GLOBAL, "sk": items.KILL_SWITCH, "active": True}))
        return str(items.plain(wired))

    def make_scratch(self, name: str) -> None:
        _require_scratch(name)
        with translated(f"making {name}"):
            like = self._dynamodb.describe_table(TableName=self._like)["Table"]
            try:
                self._dynamodb.create_table(TableName=name, **_shape(like))
            except ClientError as error:
                if error_code(error) not in EXISTS:
                    raise
        self.await_ready(name)

    def discard(self, name: str) -> None:
        _require_scratch(name)
        with translated(f"deleting {name}"):
            try:
                self._dynamodb.delete_table(TableName=name)
            except ClientError as error:
                if error_code(error) != ABSENT:
                    raise

    def scratch(self) -> tuple[str, ...]:
        found: list[str] = []
        with translated("listing the drills' tables"):
            for page in self._dynamodb.get_paginator("list_tables").paginate():
                found += [name for name in page["TableNames"] if is_scratch(name)]
        return tuple(found)

    def _replace(self, table: str, seen: Item, item: Item) -> None:
        """Writes over exactly what was seen."""
        names = {f"#{number}": name for number, name in enumerate(seen)}
        values = {f":{number}": value for number, value in enumerate(seen.values())}
        same = " AND ".join(f"#{number} = :{number}" for number in range(len(seen)))
        with translated("replacing the kill switch"):
            try:
                self._dynamodb.put_item(
                    TableName=table,
                    Item=item,
                    ConditionExpression=same,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                raise VersionConflict("the kill switch was changed meanwhile; look at it again") from error

    def _moment(self, table: str, to: datetime | None, backup: str | None) -> datetime:
        """What will be restored: the given moment, a backup's own, or the newest that can be."""
        if backup is not None:
            with translated(f"looking at the backup {backup}"):
                told = self._dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]
            return self._ours(told["BackupDetails"]["BackupCreationDateTime"])
        newest = self.newest_point(table)
        if newest is None:
            rule = "it has no point-in-time recovery, so there is nothing to restore from"
            raise InvalidInput("table", table, rule, "Turn it on (`axia deploy`), or restore a backup of your own.")
        return newest if to is None else to

    def _begin(self, table: str, copy: str, to: datetime | None, backup: str | None) -> None:
        asked: dict[str, Any] = {"TargetTableName": copy, "BillingModeOverride": "PAY_PER_REQUEST"}
        with translated(f"restoring {table} into {copy}"):
            try:
                if backup is not None:
                    self._dynamodb.restore_table_from_backup(BackupArn=backup, **asked)
                    return
                when = {"UseLatestRestorableTime": True} if to is None else {"RestoreDateTime": to - self._shift}
                self._dynamodb.restore_table_to_point_in_time(SourceTableName=table, **when, **asked)
            except ClientError as error:
                if error_code(error) not in EXISTS:
                    raise

    def _restored_to(self, copy: str) -> datetime | None:
        """What AWS says that it restored; the emulator says nothing of it."""
        with translated(f"looking at {copy}"):
            table = self._dynamodb.describe_table(TableName=copy)["Table"]
        summary = table.get("RestoreSummary", {})
        return self._ours(summary["RestoreDateTime"]) if "RestoreDateTime" in summary else None

    def _status(self, table: str) -> str | None:
        with translated(f"looking at {table}"):
            try:
                return str(self._dynamodb.describe_table(TableName=table)["Table"]["TableStatus"])
            except ClientError as error:
                if error_code(error) != ABSENT:
                    raise
                return None

    def _continuous(self, table: str) -> dict[str, Any]:
        with translated(f"looking at the backups of {table}"):
            answer = self._dynamodb.describe_continuous_backups(TableName=table)
        described: dict[str, Any] = answer["ContinuousBackupsDescription"]
        return described

    def _turn_on_recovery(self, copy: str) -> None:
        wanted = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": RECOVERY_DAYS}
        self._dynamodb.update_continuous_backups(TableName=copy, PointInTimeRecoverySpecification=wanted)

    def _when_ready(self, call: Any, copy: str) -> None:
        """A table that has just been restored answers for a while that its backups are not there yet."""
        for _ in range(60):
            try:
                call(copy)
            except ClientError as error:
                if error_code(error) not in NOT_READY:
                    raise
                time.sleep(self._poll_s)
            else:
                return
        raise NotRunning(f"point-in-time recovery of {copy} could not be turned on yet; ask again")

    def _ours(self, told: datetime) -> datetime:
        return told.astimezone(UTC) + self._shift


def of(settings: Settings, dynamodb: Any) -> DynamoBackups:
    """The backups of the table that the settings name, by a client with the rights for it; nothing is called yet."""
    poll_s = POLL_S if settings.aws_endpoint_url is None else LOCAL_POLL_S
    return DynamoBackups(dynamodb, settings.table, settings.clock_shift, poll_s)


def _shape(like: dict[str, Any]) -> dict[str, Any]:
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in like.get("GlobalSecondaryIndexes", [])
    ]
    return {
        "AttributeDefinitions": like["AttributeDefinitions"],
        "KeySchema": like["KeySchema"],
        "GlobalSecondaryIndexes": indexes,
        "BillingMode": "PAY_PER_REQUEST",
    }


def _require_scratch(name: str) -> None:
    if not is_scratch(name):
        raise InvalidInput("table", name, f"a drill makes and deletes only tables named {PREFIX}...")
