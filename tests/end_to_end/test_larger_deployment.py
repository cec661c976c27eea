"""The larger deployment of `deploy/` on one machine: its own instance file, Postgres, and the local AWS server's ECS.

No container is started here: a run on ECS is its `RunTask` request, and that request's command executed as the
container would. Everything on the host (code server, desk, paper terminal) is what it is anywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest

from axia_cli.demo import plan_for
from axia_cli.stack import dagster_home
from axia_cli.stack.ports import free_ports
from axia_cli.stack.supervisor import running_stack
from axia_core.adapters.dagster_http.client import DagsterClient
from axia_core.aws import LOCAL_KEY
from axia_core.domain.sessions import last_due_trading_day
from axia_core.domain.symbols import DEFAULT_SYMBOLS
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import PAPER_MODULE, Settings
from axia_pipelines.instance.compute_logs import ECS_MARK
from axia_pipelines.instance.placement import PLACE_TAG
from axia_pipelines.partitions import RANGE_END_TAG, RANGE_START_TAG
from deploy.research import bars, daily_range
from infra.template import Template
from tests.end_to_end.conftest import ROOT, STRANGE, Running
from tests.end_to_end.postgres import USER, Postgres, running_postgres

pytestmark = [pytest.mark.slow, pytest.mark.long]

DEPLOY = ROOT / "deploy"
LOG_BUCKET = "axia-compute-logs"
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/axia:1"
# The local server has no separate rules of security groups.
UNKNOWN_TO_THE_LOCAL_SERVER = "AWS::EC2::SecurityGroupIngress"
WITHIN_S = 300.0  # a run on two busy cores; alone it takes seconds
OVERRIDES_AT_MOST = 8_192  # characters of a RunTask request's overrides, says ECS


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A database of this module's own."""
    (port,) = free_ports(1)
    with running_postgres(port) as server:
        yield server


@dataclass(frozen=True)
class Larger:
    """The deployment that runs: the host's stack, the ECS API, and Dagster's database."""

    host: Running
    postgres: Postgres

    @property
    def dagster(self) -> DagsterClient:
        """The webserver."""
        return DagsterClient(self.host.urls["dagster"])

    def client(self, service: str) -> Any:
        """A client of the local AWS server."""
        return client(self.host.settings, service)

    def task(self, run_id: str) -> dict[str, Any]:
        """The ECS task that was started for a run."""
        ecs = self.client("ecs")
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            arns = ecs.list_tasks(cluster="axia", family="axia-run")["taskArns"]
            tasks = ecs.describe_tasks(cluster="axia", tasks=arns, include=["TAGS"])["tasks"] if arns else []
            for task in tasks:
                if run_id in json.dumps(task["overrides"]):
                    return dict(task)
            time.sleep(0.5)
        raise AssertionError(self.dagster.run_status(run_id))

    def definition(self) -> dict[str, Any]:
        """What the template's task definition became."""
        return dict(self.client("ecs").describe_task_definition(taskDefinition="axia-run")["taskDefinition"])

    def execute(self, task: dict[str, Any], **changed: str) -> subprocess.CompletedProcess[str]:
        """Do what the container would: the request's command, in the task definition's environment.

        Only addresses differ: those of this machine stand in for RDS, ElastiCache and AWS.
        """
        (container,) = self.definition()["containerDefinitions"]
        defined = {each["name"]: each["value"] for each in container["environment"]}
        mine = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)}
        addresses = {"AXIA_REDIS_URL": self.host.urls["redis"], "PGSSLMODE": "disable", ECS_MARK: "http://127.0.0.1:9"}
        home = self.host.settings.home / "container"
        home.mkdir(exist_ok=True)
        local = self.host.environment
        environment = {
            **mine,
            **defined,
            **database(self.postgres),
            **addresses,
            **{name: local[name] for name in local if name.startswith("AWS_")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DAGSTER_HOME": str(home),
            **changed,
        }
        # The code server that the run came from is a Windows host's, and no such folder exists in the container.
        folder, windows = json.dumps(str(ROOT))[1:-1], r"C:\\axia"
        command = [part.replace(folder, windows) for part in task["overrides"]["containerOverrides"][0]["command"]]
        return subprocess.run(
            command, env=environment, cwd=home, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )


def database(postgres: Postgres) -> dict[str, str]:
    """Where Dagster's database is."""
    values = {"HOST": "127.0.0.1", "PORT": str(postgres.port), "USER": USER, "PASSWORD": "", "NAME": "postgres"}
    return {f"AXIA_DAGSTER_DB_{name}": value for name, value in values.items()}


def client(settings: Settings, service: str) -> Any:
    """A client of the local AWS server."""
    where = f"http://{settings.host}:{settings.aws_port}"
    keys = {"aws_access_key_id": LOCAL_KEY, "aws_secret_access_key": LOCAL_KEY}
    return boto3.client(service, endpoint_url=where, region_name=settings.aws_region, **keys)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Larger]:
    """The host's stack with the instance of `deploy/dagster.yaml`, and the template's stack on its AWS server."""
    aws, redis, web, code = free_ports(4)
    placing = {
        "AXIA_ECS_CLUSTER": "axia",
        "AXIA_ECS_TASK_DEFINITION": "axia-run",
        "AXIA_ECS_SUBNETS": "subnet-1,subnet-2",
        "AXIA_ECS_SECURITY_GROUPS": "sg-1",
        "AXIA_COMPUTE_LOG_BUCKET": LOG_BUCKET,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(STRANGE)]:
            patch.delenv(name)
        for name, value in {**database(postgres), **placing}.items():
            patch.setenv(name, value)
        patch.setattr(dagster_home, "INSTANCE_FILE", DEPLOY / "dagster.yaml")
        settings = Settings(
            home=tmp_path_factory.mktemp("larger") / "home",
            aws_port=aws,
            redis_port=redis,
            webserver_port=web,
            code_server_port=code,
            clock_shift_s=plan_for(datetime.now(UTC), DEFAULT_SYMBOLS).shift.total_seconds(),
        )
        with running_stack(settings) as started:
            deploy_template(started.settings)
            yield Larger(Running(started.settings, started.urls, {**os.environ, **started.environment}), postgres)


def deploy_template(settings: Settings) -> None:
    """`deploy/larger.yaml` on the local AWS server, in the network that it begins with."""
    ec2, cloudformation = client(settings, "ec2"), client(settings, "cloudformation")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    parameters = {
        "VpcId": ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        "SubnetIds": ",".join(subnets[:2]),
        "Image": IMAGE,
        "HostAddress": "10.0.0.5",
        "HostSecurityGroupId": group,
        "CacheSecurityGroupId": group,
        "RedisUrl": "rediss://cache:6379/0",
        "ComputeLogBucketName": LOG_BUCKET,
    }
    document = Template.read(DEPLOY / "larger.yaml", {}, region=settings.aws_region).document
    resources = document["Resources"].items()
    known = {name: each for name, each in resources if each["Type"] != UNKNOWN_TO_THE_LOCAL_SERVER}
    cloudformation.create_stack(
        StackName="axia-larger",
        TemplateBody=json.dumps({**document, "Resources": known}),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="axia-larger", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def test_collection_and_order_go_through_postgres(larger: Larger) -> None:
    """A day is collected and an order filled on the host, and Dagster's memory of both is in Postgres alone."""
    day = last_due_trading_day(larger.host.now())

    collected = larger.host.axia("collect", "--from", str(day), "--to", str(day), "--symbol", "USDJPY")
    order = larger.host.axia("order", "send", "USDJPY", "--lots", "0.1", "--wait", "120")

    assert [run["status"] for run in collected["runs"]] == ["SUCCESS"]
    assert order["state"] == "FILLED"
    runs = larger.postgres.ask("select distinct pipeline_name || '|' || status from runs")
    assert {"daily_collection|SUCCESS", "order_desk|STARTED"} <= set(runs)
    materialized = "select distinct asset_key from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'"
    assert {'["ohlcv",', '["orders"]'} <= set(larger.postgres.ask(materialized))
    assert list((larger.host.settings.home / "dagster").rglob("*.db")) == []


def test_quality_run_is_a_task_on_ecs(larger: Larger) -> None:
    """The quality run goes to ECS as the template's task; its command does it, and S3 has what it printed."""
    run_id = larger.dagster.launch("quality_check")
    task = larger.task(run_id)

    done = larger.execute(task)

    assert done.returncode == 0, done.stderr[-3000:]
    assert larger.dagster.run_status(run_id).status == "SUCCESS"
    assert task["taskDefinitionArn"] == larger.definition()["taskDefinitionArn"]
    assert task["launchType"] == "FARGATE"
    assert len(json.dumps(task["overrides"])) < OVERRIDES_AT_MOST
    assert {"key": "dagster/run_id", "value": run_id} in task["tags"]
    kept = larger.client("s3").list_objects_v2(Bucket=LOG_BUCKET, Prefix=f"dagster/storage/{run_id}/")
    assert kept["KeyCount"] > 0


def test_collection_goes_to_ecs_by_its_tag(larger: Larger) -> None:
    """A collection that is sent to ECS reads its source there, and the day is in S3 and known to Dagster."""
    day = last_due_trading_day(larger.host.now())
    tags = {PLACE_TAG: "ecs", RANGE_START_TAG: f"{day}|EURUSD", RANGE_END_TAG: f"{day}|EURUSD"}
    run_id = larger.dagster.launch("daily_collection", tags=tags, assets=[["ohlcv", "d1"], ["cache", "d1"]])

    # Yahoo is not asked by a test: the paper terminal stands in for it as the source of the container's bars.
    local = {name: value for name, value in larger.host.environment.items() if name.startswith("AXIA_")}
    done = larger.execute(larger.task(run_id), **local, AXIA_MT5_MODULE=PAPER_MODULE, AXIA_SOURCES='{"*": ["mt5"]}')

    assert done.returncode == 0, done.stderr[-3000:]
    status = larger.dagster.run_status(run_id)
    assert (status.status, status.materializations) == ("SUCCESS", 2)
    key = f"EURUSD/D1/{day:%Y/%m/%d}/data.parquet"
    assert larger.client("s3").head_object(Bucket=larger.host.settings.bucket, Key=key)["ContentLength"] > 0


def test_research_reads_the_same_layout(larger: Larger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Research computes from what the collections have stored, straight from S3, and passes over what nobody has."""
    for name, value in larger.host.environment.items():
        if name.startswith(STRANGE):
            monkeypatch.setenv(name, value)
    settings = larger.host.settings

    hours = bars(settings, "USDJPY", Timeframe.H1).select("timestamp_utc", "close").collect()
    result = dg.materialize([daily_range])

    assert hours.height == 24
    metadata = result.asset_materializations_for_node("research__daily_range")[0].metadata
    assert set(metadata) == {"USDJPY", "EURUSD"}
