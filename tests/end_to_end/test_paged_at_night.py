"""A fault on one side, a message in Slack on the other: once, and once that it is over.

Everything between is real: the events' thread, the topic of the core stack on a local AWS server, its Slack function,
the secret with the webhook, and a webhook that listens on this machine.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from axia_core.adapters.clock import SteppedClock
from axia_core.adapters.memory import MemoryBroker, MemoryOrderLedger, MemoryOrderQueue
from axia_core.desk import Desk
from axia_core.desk_rules import DeskRules
from axia_core.domain import names
from axia_core.domain.broker import Evidence
from axia_core.domain.kill_switch import KillSwitch
from axia_core.domain.order_states import Execution, State
from axia_core.domain.outcomes import Unknown
from axia_core.ports import Events
from axia_core.settings import Settings
from axia_pipelines.definitions import build_definitions
from axia_pipelines.event_sensors import change_sensor, outcome_sensor
from axia_pipelines.jobs import COLLECTION
from axia_pipelines.partitions import range_tags
from axia_pipelines.resources import DeskResource
from tests.conftest import LocalAws
from tests.pipelines.fakes import BUY, FRIDAY, SATURDAY_MORNING, TWO_SYMBOLS, WEDNESDAY_NOON, FakeBars, market
from tests.pipelines.fakes import settings as two_symbols

WITHIN_S = 60.0
LONG_ENOUGH_FOR_A_SECOND_COPY_S = 1.0
SECRET = "TSS/slack/webhook"


@dataclass
class Slack:
    """What a webhook on this machine was sent, oldest first."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def titled(self, title: str) -> list[str]:
        """The texts under a title."""
        return [message["attachments"][0]["text"] for message in self.messages if message["text"] == title]

    def wait_for(self, title: str) -> str:
        """The text of the first message under a title; fails the test when none comes."""
        deadline = time.monotonic() + WITHIN_S
        while not self.titled(title):
            assert time.monotonic() < deadline, f"{title} did not come; what came: {self.messages}"
            time.sleep(0.05)
        return self.titled(title)[0]


@pytest.fixture
def slack(aws: LocalAws) -> Iterator[Slack]:
    """Slack's place, while the secret points at it."""
    heard = Slack()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secrets = aws.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    value = json.dumps({"webhook_url": f"http://127.0.0.1:{server.server_port}/"})
    secrets.put_secret_value(SecretId=SECRET, SecretString=value)
    yield heard
    secrets.put_secret_value(SecretId=SECRET, SecretString=before)
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(aws: LocalAws) -> DeskResource:
    """What a code server of this stack looks at and tells with; the kill switch is off."""
    made = DeskResource(Settings(topic=names.TOPIC, aws_endpoint_url=aws.endpoint_url, aws_region=aws.region))
    release(made, "a fresh start")
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


Tick = Callable[[], None]


@pytest.fixture
def tick(instance: dg.DagsterInstance, desk: DeskResource) -> Iterator[Tick]:
    """Both sensors once, as the daemon has them evaluated; each keeps its cursor."""
    repository = build_definitions(two_symbols(), desk=desk).get_repository_def()
    with (
        dg.build_sensor_context(instance=instance, repository_def=repository, resources={"desk": desk}) as outcomes,
        dg.build_sensor_context(instance=instance, repository_def=repository, resources={"desk": desk}) as changes,
    ):

        def both() -> None:
            outcome_sensor(outcomes)
            change_sensor(changes)

        both()  # what was there before is no news
        yield both


def nothing_came_twice(slack: Slack, *titles: str) -> None:
    """Each title once, also after a while."""
    time.sleep(LONG_ENOUGH_FOR_A_SECOND_COPY_S)
    assert {title: len(slack.titled(title)) for title in titles} == dict.fromkeys(titles, 1)


def test_a_collection_that_fails(instance: dg.DagsterInstance, tick: Tick, slack: Slack) -> None:
    """The run at 07:00 fails because the cache is away: a person hears it with the command, and that it is over."""
    kept = FakeBars(SteppedClock(SATURDAY_MORNING))
    job = build_definitions(two_symbols(), market=market(), bars=kept).resolve_job_def(COLLECTION)
    tags = range_tags(FRIDAY, FRIDAY, TWO_SYMBOLS)
    kept.cache.down = True

    failed = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    tick()
    tick()
    fault = slack.wait_for("WARNING run_failure")
    kept.cache.down = False
    job.execute_in_process(instance=instance, tags=tags)
    tick()
    tick()
    over = slack.wait_for("RECOVERED run_failure")

    what, since, command = fault.splitlines()
    assert what.startswith(f"daily_collection failed (run {failed.run_id[:8]}, days 2026-07-03): cache__")
    assert "CacheUnavailable" in what
    assert since.startswith("since 20")
    assert "DEMO" in since
    assert command == "run: `axia collect --from 2026-07-03 --to 2026-07-03`"
    assert over.startswith("daily_collection has succeeded again")
    nothing_came_twice(slack, "WARNING run_failure", "RECOVERED run_failure")


def test_an_order_that_is_unknown(desk: DeskResource, slack: Slack) -> None:
    """The broker does not answer whether it took the order; later it shows it filled."""
    traded = trading(desk.ports.events)
    traded.queue.send(json.dumps({**BUY, "symbol": "USDJPY", "order_id": "night-1"}))
    traded.broker.script.append(Unknown("no answer within 4 s"))
    traded.broker.findings.append(Evidence(state=State.FILLED, execution=Execution(ticket=5), found_in="deals"))

    next(traded.run(lambda: False))

    fault = slack.wait_for("CRITICAL order_state")
    over = slack.wait_for("RECOVERED order_state")
    assert "order night-1 is UNKNOWN, BUY USDJPY 0.1 lots: no answer within 4 s" in fault
    assert fault.endswith("run: `axia order show night-1`")
    assert "order night-1 is FILLED (it was UNKNOWN)" in over
    nothing_came_twice(slack, "CRITICAL order_state", "RECOVERED order_state")


def test_a_switch_that_is_thrown_by_hand(aws: LocalAws, desk: DeskResource, tick: Tick, slack: Slack) -> None:
    """The emergency command of the runbook names nobody; a person releases the switch through AXIA."""
    item = {"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}, "active": {"BOOL": True}}

    aws.client("dynamodb").put_item(TableName=names.TABLE, Item=item)
    tick()
    tick()
    fault = slack.wait_for("CRITICAL kill_switch")
    release(desk, "prices are sane again")
    tick()
    tick()
    over = slack.wait_for("RECOVERED kill_switch")

    assert fault.startswith("the kill switch was turned ON (HALT) by somebody who did not ask AXIA")
    assert fault.endswith("run: `axia kill-switch status`")
    assert "turned OFF by anna: prices are sane again" in over
    nothing_came_twice(slack, "CRITICAL kill_switch", "RECOVERED kill_switch")


def test_a_message_that_nobody_can_take(aws: LocalAws, tick: Tick, slack: Slack) -> None:
    """It lies in the dead-letter queue: told when it comes there, and when somebody has dealt with it."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=names.DEAD_LETTER_QUEUE)["QueueUrl"]

    sqs.send_message(QueueUrl=url, MessageBody="no order")
    tick()
    tick()
    fault = slack.wait_for("WARNING dead_letter")
    sqs.purge_queue(QueueUrl=url)
    tick()
    tick()
    over = slack.wait_for("RECOVERED dead_letter")

    assert "1 order messages lie in the dead-letter queue" in fault
    assert fault.endswith("run: `axia dlq list`")
    assert over.startswith("the dead-letter queue is empty again")
    nothing_came_twice(slack, "WARNING dead_letter", "RECOVERED dead_letter")


@dataclass
class Trading:
    """A desk over memory, except for whom it tells."""

    queue: MemoryOrderQueue
    broker: MemoryBroker
    desk: Desk

    def run(self, stopped: Callable[[], bool]) -> Iterator[Any]:
        return self.desk.run(stopped)


def trading(events: Events) -> Trading:
    """At noon of a Wednesday, the switch off."""
    clock = SteppedClock(WEDNESDAY_NOON)
    queue, broker = MemoryOrderQueue(clock), MemoryBroker(clock)
    ledger = MemoryOrderLedger(KillSwitch(active=False, version=1))
    rules = DeskRules.of(two_symbols())
    desk = Desk(queue=queue, ledger=ledger, broker=broker, events=events, clock=clock, rules=rules, owner="test")
    return Trading(queue, broker, desk)


def release(desk: DeskResource, reason: str) -> None:
    """A person releases the switch, whatever it shows."""
    ledger, clock = desk.ports.ledger, desk.ports.clock
    seen = ledger.kill_switch()
    wanted = replace(seen, active=False, who="anna", reason=reason, known=True, automatic=False)
    ledger.set_kill_switch(wanted, seen.version, clock.now())
