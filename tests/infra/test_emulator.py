"""The local AWS server in its own process: what survives, who may come in, what it says of itself."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_cli.stack import emulator_client
from axia_cli.stack.emulator import pause_after
from axia_cli.stack.guard import signed_for, writes
from axia_cli.stack.processes import Child
from axia_cli.stack.state import Boot
from axia_core.errors import NotRunning
from infra.clients import clients
from infra.stacks import check_core, deploy_core
from tests.conftest import REGION, LocalAws, start_emulator

BUCKET, TABLE = "tss-raw-data", "TSS_DynamoDB_OrderState"


@dataclass
class Machine:
    """A local AWS server that can be stopped, killed and started again on the same folder."""

    folder: Path
    port: int
    child: Child | None = field(default=None)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Boot:
        """Start it; what it says of this life."""
        self.child = start_emulator(self.folder, self.port)
        boot = emulator_client.boot(self.url)
        assert boot is not None
        return boot

    def stop(self) -> None:
        """Stop it cleanly."""
        if self.child:
            self.child.stop(grace_s=10)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.child
        self.child.process.kill()
        self.child.process.wait()

    def client(self, service: str) -> Any:
        """A fresh client."""
        return clients(REGION, self.url)(service)


@pytest.fixture
def machine(tmp_path: Path, free_port: int) -> Iterator[Machine]:
    """A local AWS server on an empty folder, not yet started."""
    machine = Machine(tmp_path / "aws", free_port)
    yield machine
    machine.stop()


def test_state_survives_a_stop(machine: Machine) -> None:
    """Stack, items, messages and objects are there after a stop and a start, which go on with the same life."""
    first = machine.start()
    deploy_core(clients(REGION, machine.url), region=REGION)
    _write(machine, "before")
    machine.stop()

    second = machine.start()

    assert _written(machine) == {"object": b"before", "item": "before", "message": "before"}
    assert check_core(clients(REGION, machine.url), region=REGION).differences == ()
    assert second.clean
    assert second.boot_id == first.boot_id


def test_a_kill_loses_nothing_that_was_saved_and_no_object(machine: Machine) -> None:
    """After kill -9 objects are all there, the rest as of the last save, and a new life has begun."""
    first = machine.start()
    deploy_core(clients(REGION, machine.url), region=REGION)
    _write(machine, "saved")
    emulator_client.save(machine.url)
    machine.client("s3").put_object(Bucket=BUCKET, Key="late", Body=b"late")
    machine.kill()

    boot = machine.start()

    assert _written(machine) == {"object": b"saved", "item": "saved", "message": "saved"}
    assert machine.client("s3").get_object(Bucket=BUCKET, Key="late")["Body"].read() == b"late"
    assert not boot.clean
    assert boot.boot_id != first.boot_id
    assert boot.saved_at < boot.booted_at


def test_writes_are_saved_without_being_asked(machine: Machine) -> None:
    """A write is on disk a few seconds later."""
    machine.start()
    machine.client("sqs").create_queue(QueueName="quiet")
    file = machine.folder / "state" / "sqs.json"

    assert machine.child
    machine.child.wait_until(lambda: file.exists() and "quiet" in file.read_text(), timeout_s=60)


@given(st.floats(0.0, 6.0))
def test_saving_takes_at_most_a_tenth_of_the_time(save_took_s: float) -> None:
    """Nobody is answered meanwhile."""
    assert save_took_s <= (save_took_s + pause_after(save_took_s)) / 10


def test_what_is_saved_quickly_is_saved_every_two_seconds() -> None:
    """So that a kill loses little; and once a minute, whatever a save has taken."""
    assert (pause_after(0.1), pause_after(600.0)) == (2.0, 60.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{broken", "cannot be read"),
        (json.dumps({"__ministack_format__": 999, "payload": {}}), "written by a newer MiniStack"),
    ],
)
def test_a_state_folder_it_cannot_read_is_named_with_the_remedy(machine: Machine, content: str, said: str) -> None:
    """It refuses to start rather than start empty."""
    (machine.folder / "state").mkdir(parents=True)
    (machine.folder / "state" / "dynamodb.json").write_text(content)

    with pytest.raises(NotRunning, match=said) as refused:
        machine.start()

    assert str(machine.folder) in str(refused.value)
    assert "move" in str(refused.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:4566"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", f"/{BUCKET}"), ("POST", "/_axia/stop"), ("OPTIONS", "/")])
def test_web_pages_are_refused(aws: LocalAws, headers: dict[str, str], method: str, path: str) -> None:
    """A page in the developer's browser gets nothing, whatever it asks for."""
    status, body = _ask(aws, method, path, headers)

    assert status == 403
    assert list(json.loads(body)) == ["error"]


def test_programs_are_let_in(aws: LocalAws) -> None:
    """The same request without a browser's headers is answered."""
    status, _ = _ask(aws, "GET", "/_axia/boot", {})

    assert status == 200


def test_an_unknown_request_of_ours_names_the_known_ones(aws: LocalAws) -> None:
    """A wrong path under /_axia/ is told what there is."""
    status, body = _ask(aws, "GET", "/_axia/boots", {})

    assert status == 404
    assert "GET /_axia/boot" in json.loads(body)["known"]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "", False),
        ("PUT", "", True),
        ("POST", "", True),
        ("POST", "DynamoDB_20120810.GetItem", False),
        ("POST", "DynamoDB_20120810.TransactWriteItems", True),
        ("POST", "AmazonSQS.ReceiveMessage", False),
        ("POST", "AmazonSQS.DeleteMessage", True),
    ],
)
def test_only_writes_make_a_save_necessary(method: str, target: str, expected: bool) -> None:
    """Polling an idle queue all night saves nothing."""
    assert writes(method, {"x-amz-target": target}) is expected


def test_the_service_is_read_from_the_signature() -> None:
    """A save knows which service changed."""
    signature = "AWS4-HMAC-SHA256 Credential=axia/20260703/ap-northeast-1/dynamodb/aws4_request, SignedHeaders=host"

    assert signed_for({"authorization": signature}) == "dynamodb"
    assert signed_for({}) == ""


def _write(machine: Machine, value: str) -> None:
    machine.client("s3").put_object(Bucket=BUCKET, Key="key", Body=value.encode())
    item = {"pk": {"S": "ORDER#1"}, "sk": {"S": "METADATA"}, "value": {"S": value}}
    machine.client("dynamodb").put_item(TableName=TABLE, Item=item)
    url = machine.client("sqs").get_queue_url(QueueName="TSS_OrderRequestQueue")["QueueUrl"]
    machine.client("sqs").send_message(QueueUrl=url, MessageBody=value)


def _written(machine: Machine) -> dict[str, object]:
    key = {"pk": {"S": "ORDER#1"}, "sk": {"S": "METADATA"}}
    url = machine.client("sqs").get_queue_url(QueueName="TSS_OrderRequestQueue")["QueueUrl"]
    return {
        "object": machine.client("s3").get_object(Bucket=BUCKET, Key="key")["Body"].read(),
        "item": machine.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]["value"]["S"],
        "message": machine.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"],
    }


def _ask(aws: LocalAws, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
