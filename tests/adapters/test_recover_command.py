"""`axia recover ...` and how `axia drill` ends, from the command line to the local AWS server and a paper terminal."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axia_cli.demo import plan_for
from axia_cli.main import app
from axia_core.adapters.clock import SystemClock
from axia_core.adapters.dynamodb import DynamoOrderLedger
from axia_core.adapters.mt5 import beside
from axia_core.adapters.paper.profile import TerminalClock, TerminalProfile, create_terminal
from axia_core.adapters.redis import connect as connect_cache
from axia_core.adapters.s3 import S3BarStore
from axia_core.adapters.sqs import SqsOrderQueue
from axia_core.domain.holidays import holidays_from
from axia_core.domain.names import ORDER_QUEUE, TABLE, object_key
from axia_core.domain.sessions import last_closed_trading_days
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.domain.timeframes import Timeframe
from axia_core.drills.desk import ScratchDesk
from axia_core.recovery.recover import Recovery
from axia_core.recovery.stage import Stage
from axia_core.settings import Settings
from benchmarks.instrumented import Instrumented
from tests.bar_examples import USDJPY, same, session_bars, truth_of
from tests.conftest import LocalAws
from tests.crashing import Killed

H1 = Timeframe.H1
SWITCH = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}}
# A session that is open, now or by whole days ago: items of long ago would be removed by the server's own clock.
SHIFT = plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift
NEVER, DAY_BEFORE, DAY = last_closed_trading_days(datetime.now(UTC) + SHIFT, 3, holidays_from({}, {}).dates)


@dataclass
class Axia:
    """The command and what it works on: a table with a traded order, a versioned bucket with two days."""

    aws: LocalAws
    ledger: DynamoOrderLedger
    store: S3BarStore
    bucket: str
    settings: Settings

    def run(self, *arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=answer)

    def document(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def delete(self, key: dict[str, Any]) -> None:
        self.aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)

    def scratch(self) -> list[str]:
        """Whatever drills have left in the account."""
        tables = self.aws.client("dynamodb").list_tables()["TableNames"]
        queues = self.aws.client("sqs").list_queues(QueueNamePrefix="dr-drill-").get("QueueUrls", [])
        versions = self.aws.client("s3").list_object_versions(Bucket=self.bucket, Prefix="_dr/dr-drill-")
        objects = [one["Key"] for kind in ("Versions", "DeleteMarkers") for one in versions.get(kind, [])]
        return [*(name for name in tables if name.startswith("dr-drill-")), *queues, *objects]


@dataclass(frozen=True)
class Traded:
    """What an order has left in the table and at the broker."""

    items: list[dict[str, Any]]
    terminal: Path


@pytest.fixture(scope="module")
def traded(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Traded:
    """Once, because it takes seconds; each test begins with a copy of it."""
    return trade(aws, tmp_path_factory.mktemp("traded"))


@pytest.fixture
def axia(aws: LocalAws, redis_url: str, traded: Traded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Axia:
    return made(aws, redis_url, traded, tmp_path, monkeypatch)


def made(aws: LocalAws, redis_url: str, traded: Traded, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Axia:
    """An account that has traded, and an environment in which commands find it."""
    dynamodb, s3 = aws.client("dynamodb"), aws.client("s3")
    fill_table(aws, traded.items)
    shutil.copytree(traded.terminal, folder / "paper")
    bucket = f"recover-{abs(hash(folder)) % 10**12}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    variables = {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AXIA_BUCKET": bucket,
        "AXIA_REDIS_URL": redis_url,
        "AXIA_HOME": str(folder / "home"),
        "AXIA_MT5_PATH": str(folder / "paper"),
        "AXIA_CLOCK_SHIFT_S": str(SHIFT.total_seconds()),
        "AXIA_ABSENCE_S": "1",
        "AXIA_RECEIVE_WAIT_S": "1",
        "AXIA_DUPLICATE_WINDOW_S": "600",  # a smoke order looks like what was traded, and is no repeat of it
    }
    monkeypatch.chdir(folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    store = S3BarStore(s3, bucket)
    for day in (DAY_BEFORE, DAY):
        store.write(session_bars(day=day), truth_of(session_bars(day=day), day))
    return Axia(aws, DynamoOrderLedger(dynamodb, TABLE), store, bucket, Settings())


def trade(aws: LocalAws, folder: Path) -> Traded:
    """One order from queue to fill, by a desk as it works in production; the switch is released."""
    create_terminal(folder / "paper", TerminalProfile(clock=TerminalClock(shift_s=SHIFT.total_seconds())))
    settings = Settings(home=folder / "home", mt5_path=folder / "paper", absence_s=1.0, receive_wait_s=1)
    clock, dynamodb = SystemClock(SHIFT), aws.client("dynamodb")
    queue, ledger = SqsOrderQueue(aws.client("sqs"), ORDER_QUEUE, SHIFT), DynamoOrderLedger(dynamodb, TABLE)
    fill_table(aws, [])
    ledger.initialise_kill_switch(active=False, who="test", now=clock.now())
    with beside.connect(settings, clock) as broker:
        desk = ScratchDesk(settings=settings, queue=queue, ledger=ledger, broker=broker, clock=clock, owner="test")
        record = desk.smoke("traded", "USDJPY")
    assert record is not None
    assert record.state.is_final, record
    return Traded(dynamodb.scan(TableName=TABLE)["Items"], folder / "paper")


def fill_table(aws: LocalAws, items: list[dict[str, Any]]) -> None:
    """These instead of what was there."""
    dynamodb = aws.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    for item in items:
        dynamodb.put_item(TableName=TABLE, Item=item)


def test_plan_comes_first_and_a_no_changes_nothing(axia: Axia) -> None:
    """Numbered steps on stderr, then the question; after a no everything is as it was."""
    axia.delete(SWITCH)

    result = axia.run("recover", "kill-switch", answer="n\n")

    assert result.exit_code == 1
    assert "1. read the kill switch" in result.stderr
    assert not axia.ledger.kill_switch().known


def test_json_needs_consent_beforehand(axia: Axia) -> None:
    """With --json nobody can be asked: without --yes it is refused."""
    result = axia.run("recover", "orders", "--json")

    assert result.exit_code == 2
    assert "--yes" in json.loads(result.stdout)["error"]["message"]


def test_lost_switch_is_recovered_once(axia: Axia) -> None:
    """Deleted, it comes back at HALT with an audit; a second call leaves it, and so does one after a release."""
    axia.delete(SWITCH)

    first, second = (axia.document("recover", "kill-switch", "--yes") for _ in range(2))

    assert (first["changed"], first["active"], first["mode"], second["changed"]) == (True, True, "HALT", False)
    assert "recover kill-switch" in [line.what for line in axia.ledger.audit()]
    assert axia.run("kill-switch", "off", "--reason", "found out why").exit_code == 0
    assert axia.document("recover", "kill-switch", "--yes")["active"] is False


def test_a_death_before_the_first_item_is_back_leaves_the_new_epoch(axia: Axia) -> None:
    """What comes back is looked for at the broker, however often recovering dies on the way."""
    backup = axia.aws.client("dynamodb").create_backup(TableName=TABLE, BackupName="old")["BackupDetails"]["BackupArn"]
    axia.delete({"pk": {"S": "ORDER#traded"}, "sk": {"S": "METADATA"}})
    stage = Stage(axia.settings)
    stage.backups = Instrumented("backups", stage.backups, _die_before_putting_back)  # type: ignore[assignment]

    with pytest.raises(Killed):
        Recovery(stage, "test").orders(None, backup)

    epoch = axia.ledger.epoch()
    assert (axia.ledger.order("traded"), epoch is not None and epoch.restored_to is not None) == (None, True)


def _die_before_putting_back(boundary: str) -> None:
    if boundary == "before backups.put_missing":
        raise Killed(boundary)


def test_damaged_switch_is_recovered(axia: Axia) -> None:
    """One that `kill-switch on` cannot write over, because its version cannot be trusted."""
    item = SWITCH | {"active": {"S": "maybe"}, "version": {"N": "7"}}
    axia.aws.client("dynamodb").put_item(TableName=TABLE, Item=item)

    document = axia.document("recover", "kill-switch", "--yes")

    assert (document["changed"], document["version"], "maybe" in document["said"]) == (True, 1, True)


def test_lost_orders_come_back_from_a_backup(axia: Axia) -> None:
    """What was deleted is put back under HALT, what is newer stays, and a repeat changes nothing."""
    dynamodb = axia.aws.client("dynamodb")
    backup = dynamodb.create_backup(TableName=TABLE, BackupName="before")["BackupDetails"]["BackupArn"]
    before = {event.version for event in axia.ledger.events("traded")}
    axia.delete({"pk": {"S": "ORDER#traded"}, "sk": {"S": "METADATA"}})

    first, second = (axia.document("recover", "orders", "--backup", backup, "--yes") for _ in range(2))

    record = axia.ledger.order("traded")
    assert first["put_back"] == ["ORDER#traded/METADATA"]
    assert (second["put_back"], second["changed"]) == ([], False)
    assert record is not None
    assert before == {event.version for event in axia.ledger.events("traded")}
    assert axia.ledger.kill_switch().active
    assert axia.ledger.epoch() is not None
    assert "recover orders" in [line.what for line in axia.ledger.audit()]
    dynamodb.delete_table(TableName=first["copy"])


def test_orders_of_the_newest_moment(axia: Axia) -> None:
    """Without a moment it is the newest one that can be restored; the copy beside it is protected and stays."""
    document = axia.document("recover", "orders", "--yes")

    dynamodb = axia.aws.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=document["copy"])["TimeToLiveDescription"]["TimeToLiveStatus"]
    assert (document["put_back"], ttl) == ([], "ENABLED")
    assert document["next"][1].startswith("`axia order reconcile --days 1`")
    dynamodb.delete_table(TableName=document["copy"])


def test_cache_is_filled_again(axia: Axia) -> None:
    """From S3, as it is stored."""
    document = axia.document("recover", "cache", "--yes")

    cached = connect_cache(axia.settings, SystemClock(axia.settings.clock_shift)).read(USDJPY, H1)
    assert (document["series"], document["source"]) == ({"USDJPY H1": 48}, "s3")
    assert cached is not None
    assert "recover cache" in [line.what for line in axia.ledger.audit()]


def test_deleted_and_overwritten_days_come_back(axia: Axia) -> None:
    """By their versions; what was never stored is listed to be collected, and the exit code is 1 then."""
    s3 = axia.aws.client("s3")
    s3.delete_object(Bucket=axia.bucket, Key=object_key(USDJPY, H1, DAY))
    s3.put_object(Bucket=axia.bucket, Key=object_key(USDJPY, H1, DAY_BEFORE), Body=b"not parquet")
    days = ("--from", DAY_BEFORE.isoformat(), "--to", DAY.isoformat(), "--symbol", "USDJPY", "--timeframe", "H1")

    document = axia.document("recover", "partitions", *days, "--yes")

    back = axia.store.read(USDJPY, H1, DAY)
    assert (document["from_version"], document["lost"], document["complete"]) == (2, 0, True)
    assert back is not None
    assert same(back.bars, session_bars(day=DAY))
    assert axia.document("recover", "partitions", *days, "--yes")["intact"] == 2
    lost = axia.run("recover", "partitions", "--from", NEVER.isoformat(), *days[2:], "--yes", "--json")
    assert (lost.exit_code, json.loads(lost.stdout)["lost"]) == (1, 1)
    assert f"axia collect --from {NEVER}" in lost.stdout


def test_drill_without_a_copy_is_unknown(axia: Axia) -> None:
    """Osaka's copy is not there: that is neither a success nor a failure."""
    (osaka,) = axia.document("drill", "cache-osaka")["drills"]

    assert (osaka["result"], osaka["rpo_s"], osaka["rto_s"]) == ("unknown", "unknown", "unknown")
    assert "osaka" in osaka["reason"]


def test_what_a_killed_drill_left_is_swept(axia: Axia) -> None:
    """A drill that is killed in the middle leaves scratch resources; the next one removes them."""
    command = [sys.executable, "-m", "axia_cli", "drill", "host"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not axia.scratch() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    process.wait()
    left = axia.scratch()

    result = axia.run("drill", "objects")

    assert left != []
    assert "which an earlier drill has left behind" in result.stderr
    assert axia.scratch() == []


def test_failed_drill_exits_1(axia: Axia, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that cannot be asked fails the orders drill, which says why and cleans up."""
    monkeypatch.setenv("AXIA_MT5_PATH", str(axia.settings.home / "nowhere"))

    result = axia.run("drill", "orders", "--json")

    (orders,) = json.loads(result.stdout)["drills"]
    assert (result.exit_code, orders["result"]) == (1, "failed")
    assert axia.scratch() == []


def test_table_that_is_gone_comes_back_whole(axia: Axia, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its backup under its own name, protected again, in HALT; without a backup the remedy is named."""
    dynamodb, table = axia.aws.client("dynamodb"), "orders-of-a-test"
    dynamodb.restore_table_to_point_in_time(SourceTableName=TABLE, TargetTableName=table, UseLatestRestorableTime=True)
    backup = dynamodb.create_backup(TableName=table, BackupName="kept")["BackupDetails"]["BackupArn"]
    dynamodb.delete_table(TableName=table)
    monkeypatch.setenv("AXIA_TABLE", table)

    refused = axia.run("recover", "orders", "--yes")
    document = axia.document("recover", "orders", "--backup", backup, "--yes")
    again = axia.document("recover", "orders", "--backup", backup, "--yes")

    ledger = DynamoOrderLedger(dynamodb, table)
    order, switch = ledger.order("traded"), ledger.kill_switch()
    recovery = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    protected = dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    dynamodb.delete_table(TableName=again["copy"])
    assert protected
    assert refused.exit_code == 2
    assert "list-backups" in refused.stderr
    assert document["table"] == table
    assert again["put_back"] == []
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert order is not None
    assert switch.active
