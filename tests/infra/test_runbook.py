"""The runbooks of docs/operations.md, each command in its order, on a small stack with Osaka and a host deployed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axia_cli.main import app
from axia_cli.stack import environment
from axia_cli.stack.rehearsal import rehearsal
from axia_core.adapters.s3.versions import S3DrillReports, S3Scratch
from axia_core.adapters.scratch_queues import SqsScratchQueues
from axia_core.domain.drill import Drill, Result
from axia_core.domain.sessions import last_closed_trading_days
from axia_core.settings import Settings
from infra import stacks
from infra.clients import clients
from tests.aws_commands import run_aws
from tests.conftest import REGION
from tests.infra.test_original_design import SEED

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
STRANGE = ("AXIA_", "AWS_", "DAGSTER_")
ASKS = ("recover",)  # these ask first, and a test cannot be asked
MAY_DIFFER = ("axia order statement",)  # a day of made up bars and orders has no balance to compare with


@dataclass
class Stage:
    """A stack that is up, and how to give it a command."""

    settings: Settings
    variables: dict[str, str]

    def client(self, service: str) -> Any:
        return clients(REGION, self.settings.aws_endpoint_url)(service)

    def give(self, command: str) -> Any:
        """One command of the runbook; fails the test where it does not do what it says."""
        text = self._filled(command)
        if text.startswith("aws "):
            return run_aws(text, self.client)
        words = shlex.split(text, comments=True)[1:]
        words += ["--yes"] if words[0] in ASKS else []
        result = CliRunner().invoke(app, words)
        allowed = (0, 1) if command.startswith(MAY_DIFFER) else (0,)
        assert result.exit_code in allowed, f"{text}: {result.stderr}"
        return result

    def _filled(self, command: str) -> str:
        for name, value in self.variables.items():
            command = command.replace(f"${name}", value)
        return re.sub(r"2026-07-06T11:00:00Z", self.variables["MOMENT"], command)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Bars, a traded table and a backup of it, in this region and in Osaka; the host deployed from its template."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(STRANGE)]:
            patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("runbook"))
        with rehearsal(Settings(absence_s=1.0, receive_wait_s=1), lambda _: None) as settings:
            _deploy_the_rest(settings)
            for name, value in {
                **environment.exports(settings),
                "AXIA_ABSENCE_S": "1",
                "AXIA_HAS_COPY": "true",
            }.items():
                patch.setenv(name, value)
            yield _stage(settings)


def _deploy_the_rest(settings: Settings) -> None:
    target = stacks.local_target(REGION, str(settings.aws_endpoint_url), stacks.names_in(settings))
    for name in ("vpc", "network", "core", "cache", "host"):
        stacks.deploy_stack(target, target.environment.plan(name))
    # The local server's CloudFormation starts no instance of a group by itself.
    group = {"AutoScalingGroupName": "axia-ec2", "MinSize": 1, "DesiredCapacity": 1}
    clients(REGION, settings.aws_endpoint_url)("autoscaling").update_auto_scaling_group(**group)


def _stage(settings: Settings) -> Stage:
    made = Stage(settings, {})
    now = datetime.now(UTC) + settings.clock_shift
    backup = made.client("dynamodb").create_backup(TableName=settings.table, BackupName="runbook")
    made.variables = {
        "BACKUP_ARN": backup["BackupDetails"]["BackupArn"],
        "DAY": last_closed_trading_days(now, 1)[0].isoformat(),
        "MOMENT": (now - timedelta(hours=1)).isoformat(timespec="seconds"),
    }
    return made


def section(title: str) -> str:
    """A part of the operations document, to the next heading of its kind."""
    return OPERATIONS.split(f"### {title}")[1].split("\n##")[0]


def commands(title: str) -> list[str]:
    """Every command in the code blocks of a section, continued lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", section(title), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip()]


TIER_1 = "Tier 1, within an hour: kill switch and orders"
TIER_2 = "Tier 2, within four hours: host, cache, bars"


def test_tier_1(stage: Stage) -> None:
    """Kill switch and orders: every command does what it says, and the switch ends where the runbook leaves it."""
    given = [stage.give(command) for command in commands(TIER_1)]

    assert len(given) >= 12
    read, _ = given[-2:]
    assert read["Item"]["active"] == {"BOOL": False}
    status = stage.give("axia kill-switch status")
    assert "ON" in status.stderr


def test_emergency_command_is_completed(stage: Stage) -> None:
    """After the original's put-item the next change through AXIA works."""
    stage.give("axia recover kill-switch")

    assert "version 1" in stage.give("axia kill-switch audit").stdout + stage.give("axia kill-switch audit").stderr
    stage.give('axia kill-switch off --reason "known again"')


def test_tier_2(stage: Stage) -> None:
    """Host, cache and bars: the instance is another one afterwards, and never beside the old one."""
    group = partial(stage.give, "aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names axia-ec2")
    before = instances(group())

    for command in commands(TIER_2):
        stage.give(command)

    after = instances(group())
    assert (len(before), len(after)) == (1, 1)
    assert before != after


def instances(answer: dict[str, Any]) -> list[str]:
    return [one["InstanceId"] for group in answer["AutoScalingGroups"] for one in group["Instances"]]


def test_region_needs_proof(stage: Stage) -> None:
    """Refused while the group would start a host, whatever a person says; done once nothing here can trade."""
    (command,) = commands("Tokyo is gone")
    words = [*shlex.split(command)[1:], "--yes"]

    refused = CliRunner().invoke(app, words)
    stage.give(
        "aws autoscaling update-auto-scaling-group --auto-scaling-group-name axia-ec2 --min-size 0 --desired-capacity 0"
    )
    _fill_the_copy(stage)
    done = stage.give(command)

    assert refused.exit_code == 2
    assert "keeps 1 host up" in refused.stderr
    assert "HALT" in done.stderr


def _fill_the_copy(stage: Stage) -> None:
    """What the copier does on AWS: items of the table in Osaka's."""
    there = clients(stage.settings.copy_region, stage.settings.aws_endpoint_url)("dynamodb")
    for item in stage.client("dynamodb").scan(TableName=stage.settings.table)["Items"]:
        there.put_item(TableName=stage.settings.table, Item=item)


@pytest.mark.long  # the drills alone are in tests/end_to_end/test_drill.py
def test_rehearsal(stage: Stage) -> None:
    """Every drill passes on this stack, Osaka's cache included, and leaves nothing in either region."""
    for command in commands("Rehearsing it"):
        stage.give(command)

    reports = S3DrillReports(stage.client("s3"), stage.settings.bucket)
    last = [reports.newest(drill, 1)[-1] for drill in Drill]
    assert {report.drill: report.reason for report in last} == dict.fromkeys(Drill, "")
    assert {report.result for report in last} == {Result.PASSED}
    unmeasured = {report.drill for report in last if report.rpo is None or report.rto is None}
    assert unmeasured <= {Drill.HOST}  # which keeps nothing
    assert _left(stage) == []


def _left(stage: Stage) -> list[str]:
    settings, there = stage.settings, clients(stage.settings.copy_region, stage.settings.aws_endpoint_url)
    places = ((stage.client("s3"), settings.bucket), (there("s3"), settings.copy_bucket))
    objects = [name for s3, bucket in places for name in S3Scratch(s3, bucket).scratch()]
    return [*objects, *SqsScratchQueues(stage.client("sqs")).scratch(), *_tables(stage)]


def _tables(stage: Stage) -> list[str]:
    return [name for name in stage.client("dynamodb").list_tables()["TableNames"] if name.startswith("dr-drill-")]


@pytest.fixture(scope="module")
def seed() -> str:
    if not SEED.exists():
        pytest.skip("the original design document is not beside this checkout")
    return SEED.read_text(encoding="utf-8", errors="replace")


def test_the_original_s_emergency_commands_are_the_runbook_s(seed: str) -> None:
    """The two of tier 1 as they are written there, word for word; that of tier 2 is quoted with why it cannot work."""
    block = seed[seed.index("### 8.2") : seed.index("### 8.3")]
    originals = [
        " ".join(one.replace("\\\n", " ").split()) for one in re.findall(r"^aws (?:.*\\\n)*.*", block, re.MULTILINE)
    ]
    ours = [" ".join(command.split()) for command in commands(TIER_1) if command.startswith("aws ")]
    quoted = " ".join(section(TIER_2).replace("\\\n", " ").split())

    assert ours == originals[:2]
    assert originals[2] in quoted
    assert len(originals) == 3
