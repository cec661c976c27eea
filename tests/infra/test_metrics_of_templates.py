"""Metrics between code and templates: no alarm waits for what nobody publishes, no reading is seen by nobody."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axia_core.adapters.cloudwatch.batches import Taken, as_data
from axia_core.adapters.cloudwatch.metrics import connect
from axia_core.domain import names
from axia_core.domain.metrics import Metric, Reading
from axia_core.settings import Settings
from infra import cost, environments, prices
from infra.template import CORE, Resource
from tests.conftest import LocalAws
from tests.infra.test_template import read
from tests.snapshot_examples import NOW

BOOTSTRAP = CORE.parent / "bootstrap"
NUMBERS = ("Period", "EvaluationPeriods", "Threshold")
SHARES = {"OrderSuccessRate", "MemoryUsedPercent", "DiskUsedPercent"}


def alarms() -> list[Resource]:
    """The alarms on metrics of our own."""
    found = [each for each in read(CORE).resources.values() if each.type == "AWS::CloudWatch::Alarm"]
    return [each for each in found if each.properties["Namespace"] == names.METRICS_NAMESPACE]


def shown() -> set[str]:
    """Our metrics on the dashboard."""
    body = json.loads(read(CORE).resources["Dashboard"].properties["DashboardBody"])
    lines = [each["properties"].get("metrics", []) for each in body["widgets"] if each["type"] == "metric"]
    return {name for widget in lines for name in _of_namespace(widget)}


def _of_namespace(widget: list[list[Any]]) -> list[str]:
    """A dot repeats what the line before it says."""
    found, space = [], ""
    for line in widget:
        space = space if line[0] == "." else line[0]
        if space == names.METRICS_NAMESPACE:
            found.append(line[1])
    return found


def test_every_alarm_has_a_publisher_and_every_reading_is_watched() -> None:
    """Alarms and dashboard name exactly the metrics that AXIA publishes."""
    watched = {each.properties["MetricName"] for each in alarms()} | shown()

    assert watched == {metric.value for metric in Metric}


def test_alarms_look_where_readings_go() -> None:
    """Neither has a dimension, nor does an alarm ask for a unit that readings do not have."""
    data = [datum for metric in Metric for datum in as_data([Taken(NOW, Reading(metric, 1.0))])]

    assert not [each.name for each in alarms() if {"Dimensions", "Unit"} & each.properties.keys()]
    assert not [datum for datum in data if "Dimensions" in datum]


@pytest.mark.parametrize("alarm", alarms(), ids=lambda alarm: alarm.name)
def test_thresholds_are_in_the_readings_units(alarm: Resource) -> None:
    """A share is percent of 100, everything else a count or a yes."""
    threshold, metric = float(alarm.properties["Threshold"]), Metric(alarm.properties["MetricName"])

    assert (threshold > 1) == (metric.unit == "Percent") == (metric.value in SHARES)


def test_silence_is_an_alarm_for_the_heartbeat_alone() -> None:
    """What is not known is not published: only the heartbeat must always be there, every minute."""
    silent = {each.name for each in alarms() if each.properties["TreatMissingData"] == "breaching"}

    assert silent == {"Host-Heartbeat"}
    assert min(int(each.properties["Period"]) for each in alarms()) >= 60


def test_log_group_and_streams_are_the_templates() -> None:
    """What code writes to exists."""
    resources = read(CORE).resources.values()
    streams = {each.name for each in resources if each.type == "AWS::Logs::LogStream"}

    assert names.LOG_GROUP in {each.name for each in resources if each.type == "AWS::Logs::LogGroup"}
    assert {names.ORDER_PROCESSOR, names.DATA_COLLECTOR, names.STREAMLIT_APP} <= streams


def test_nothing_is_shipped_or_measured_twice() -> None:
    """The agent ships Windows' own logs to the other log group, and measures nothing."""
    agent = json.loads((BOOTSTRAP / "cloudwatch-agent.json").read_text(encoding="utf-8"))

    assert "metrics" not in agent
    assert agent["logs"]["logs_collected"].keys() == {"windows_events"}
    assert names.LOG_GROUP not in json.dumps(agent)


@pytest.mark.parametrize("script", ["host.ps1", "console.sh"])
def test_it_is_on_where_it_is_watched(script: str) -> None:
    """Both kinds of host turn the setting on; on a laptop it is off."""
    text = (BOOTSTRAP / script).read_text(encoding="utf-8")

    assert re.search(r"AXIA_CLOUDWATCH\s*=\s*'?true'?", text)


def test_the_host_may_do_what_it_does() -> None:
    """Lines and readings, in these places, are in the role's policy."""
    role = json.dumps(read(CORE).resources["HostRole"].properties)

    for action in ("logs:PutLogEvents", "logs:CreateLogStream", "cloudwatch:PutMetricData"):
        assert action in role
    assert f'"cloudwatch:namespace": "{names.METRICS_NAMESPACE}"' in role
    assert ":log-group:/aws/ec2/axia-tss/*" in role


def test_cost_counts_them() -> None:
    """`axia cost` pays for as many metrics as there are."""
    known, aws = prices.read(), environments.read("aws")

    (line,) = [each for each in cost.estimate(aws, cost.Use(), known).lines if each.item == "metrics"]

    assert line.usd == pytest.approx((len(Metric) + 4 + 7 - 10) * known["cloudwatch_metric"])


def test_no_template_names_a_metric_of_ours_elsewhere() -> None:
    """Alarms on readings are core's, where this test sees them; the function's count of events is the exception."""
    others = [path for path in Path(CORE).parent.glob("*.yaml") if path != CORE]

    assert [path.name for path in others if names.METRICS_NAMESPACE in path.read_text(encoding="utf-8")] == []


@pytest.fixture
def twin(aws: LocalAws) -> Iterator[Callable[[str], str]]:
    """A second alarm like one of core's, which tells nobody; its name."""
    client, made = aws.client("cloudwatch"), list[str]()

    def like(name: str) -> str:
        (alarm,) = [each for each in alarms() if each.name == name]
        kept = {key: value for key, value in alarm.properties.items() if not key.endswith("Actions")}
        numbers = {key: float(kept[key]) if key == "Threshold" else int(kept[key]) for key in NUMBERS}
        client.put_metric_alarm(**kept | numbers | {"AlarmName": f"test-{name}"})
        made.append(f"test-{name}")
        return made[-1]

    yield like
    client.delete_alarms(AlarmNames=made)


@pytest.mark.parametrize(
    ("name", "metric", "bad"),
    [("EC2-Disk", Metric.DISK_USED, 51.0), ("Data-Source-Health", Metric.DATA_SOURCE_HEALTH, 0.0)],
)
def test_a_reading_raises_its_alarm(
    aws: LocalAws, twin: Callable[[str], str], name: str, metric: Metric, bad: float
) -> None:
    """What AXIA publishes is what the alarm of the template looks at."""
    alarm, client = twin(name), aws.client("cloudwatch")
    metrics = connect(Settings(aws_endpoint_url=aws.endpoint_url, cloudwatch=True))

    metrics.publish([Reading(metric, bad)])
    metrics.close()

    deadline = time.monotonic() + 60
    while client.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"] != "ALARM":
        assert time.monotonic() < deadline
        time.sleep(0.2)
