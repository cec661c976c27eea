"""Every template against cfn-lint, CloudFormation's limits and the rules of this house: nothing open, nothing plain."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest

from infra import inline
from infra.environments import FILE
from infra.template import CORE, Resource, Template

TEMPLATES = sorted(CORE.parent.glob("*.yaml"))
EVERYWHERE = ("0.0.0.0/0", "::/0")


def by_name(path: Path) -> str:
    """The id of a template in a test's name."""
    return path.stem


def read(path: Path, **parameters: str) -> Template:
    """A template as AWS gets it; what must be given is given something."""
    known = Template.read(path, {}, region="ap-northeast-1")
    given = dict.fromkeys(known.required, "given") | {"OperatorCidr": "203.0.113.7/32", "Nodes": "2", **parameters}
    kept = {name: value for name, value in given.items() if name in known.document["Parameters"]}
    return Template.read(path, kept, region="ap-northeast-1", account="123456789012")


def of_type(kind: str) -> list[Resource]:
    """Every resource of a type in any template, with direct access open."""
    resources = (each for path in TEMPLATES for each in read(path, DirectAccess="true").resources.values())
    return [resource for resource in resources if resource.type == kind]


@pytest.fixture(scope="module")
def core() -> Template:
    """The core template as AWS gets it."""
    return read(CORE)


@pytest.mark.parametrize("path", TEMPLATES, ids=by_name)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    """The template passes cfn-lint with its warnings."""
    found = cfnlint.api.lint_file(path)

    assert [str(match) for match in found] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=by_name)
def test_the_template_fits_into_a_request(path: Path) -> None:
    """CloudFormation takes 51,200 bytes as TemplateBody."""
    assert path.stat().st_size < 51_200


@pytest.mark.parametrize("path", TEMPLATES, ids=by_name)
def test_the_functions_code_in_the_template_is_that_of_the_folder(path: Path) -> None:
    """`python -m infra.inline` would change nothing."""
    text = path.read_text(encoding="utf-8")

    assert inline.inlined(text) == text


def test_every_function_is_in_a_template() -> None:
    """No code lies in the folder that nothing deploys."""
    written = {path.stem for path in (CORE.parent / "functions").glob("*.py")} - {"__init__"}
    used = {name for path in TEMPLATES for name in re.findall(r"# code: (\w+)", path.read_text(encoding="utf-8"))}

    assert written == used


@pytest.mark.parametrize("group", of_type("AWS::EC2::SecurityGroup"), ids=lambda group: group.logical_id)
def test_nobody_lets_the_whole_internet_in(group: Resource) -> None:
    """No security group has a rule for everybody, even with direct access open."""
    rules = group.properties.get("SecurityGroupIngress", [])

    assert [rule for rule in rules if rule.get("CidrIp") in EVERYWHERE or "CidrIpv6" in rule] == []


def test_direct_access_is_a_choice() -> None:
    """RDP and console are open to operators only when asked for; SSM needs no port."""
    path = CORE.with_name("network.yaml")

    closed, opened = (read(path, DirectAccess=asked).resources["HostSecurityGroup"] for asked in ("false", "true"))

    assert "SecurityGroupIngress" not in closed.properties
    rules = opened.properties["SecurityGroupIngress"]
    assert [(rule["FromPort"], rule["CidrIp"]) for rule in rules] == [(p, "203.0.113.7/32") for p in (3389, 8501)]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "10.0.0.0/7", "", "anywhere", "203.0.113.7"])
def test_the_operators_network_is_never_the_internet(cidr: str) -> None:
    """CloudFormation itself refuses such a parameter."""
    pattern = read(CORE.with_name("network.yaml")).document["Parameters"]["OperatorCidr"]["AllowedPattern"]

    assert not re.match(pattern, cidr)
    assert re.match(pattern, "203.0.113.7/32")


def test_an_operators_network_must_be_given() -> None:
    """There is no default to fall back on."""
    network = Template.read(CORE.with_name("network.yaml"), {}, region="ap-northeast-1")

    assert {"OperatorCidr", "VpcId"} == set(network.required)


def test_queues_are_encrypted() -> None:
    """SQS's own encryption costs nothing."""
    queues = of_type("AWS::SQS::Queue")

    assert len(queues) == 3
    assert all(queue.properties["SqsManagedSseEnabled"] for queue in queues)


def test_buckets_are_closed_encrypted_and_versioned() -> None:
    """In Tokyo and in Osaka."""
    buckets = of_type("AWS::S3::Bucket")

    assert len(buckets) == 2
    assert all(all(bucket.properties["PublicAccessBlockConfiguration"].values()) for bucket in buckets)
    assert all(bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"} for bucket in buckets)
    assert all("AES256" in json.dumps(bucket.properties["BucketEncryption"]) for bucket in buckets)


def test_disks_are_encrypted_gp3_and_metadata_needs_a_token() -> None:
    """On every host."""
    templates = [each.properties["LaunchTemplateData"] for each in of_type("AWS::EC2::LaunchTemplate")]
    disks = [disk["Ebs"] for data in templates for disk in data["BlockDeviceMappings"]]

    assert len(disks) == 2
    assert all((disk["VolumeType"], disk["Encrypted"]) == ("gp3", True) for disk in disks)
    assert all(data["MetadataOptions"]["HttpTokens"] == "required" for data in templates)


def test_the_cache_is_encrypted_and_asks_for_a_password() -> None:
    """At rest and on the wire; two nodes are in two zones."""
    (cache,) = of_type("AWS::ElastiCache::ReplicationGroup")

    assert cache.properties["AtRestEncryptionEnabled"]
    assert cache.properties["TransitEncryptionEnabled"]
    assert cache.properties["AuthToken"].startswith("{{resolve:secretsmanager:")
    assert (cache.properties["AutomaticFailoverEnabled"], cache.properties["MultiAZEnabled"]) == (True, True)


def test_there_is_never_a_second_trading_host() -> None:
    """The host's group replaces and never adds; consoles may be three."""
    groups = {each.name: each.properties for each in of_type("AWS::AutoScaling::AutoScalingGroup")}
    host = read(CORE.with_name("host.yaml")).document["Resources"]["Group"]

    assert {groups["axia-ec2"][key] for key in ("MinSize", "MaxSize", "DesiredCapacity")} == {"1"}
    assert host["UpdatePolicy"]["AutoScalingRollingUpdate"]["MinInstancesInService"] == 0
    assert groups["axia-console"]["MaxSize"] == "3"
    scaled = [each.properties["AutoScalingGroupName"] for each in of_type("AWS::AutoScaling::ScalingPolicy")]
    assert set(scaled) == {"axia-console"}


def test_who_comes_from_the_internet_signs_in_first() -> None:
    """The load balancer forwards nothing before it knows who is there."""
    (listener,) = of_type("AWS::ElasticLoadBalancingV2::Listener")

    actions = listener.properties["DefaultActions"]

    assert listener.properties["Protocol"] == "HTTPS"
    assert [action["Type"] for action in actions] == ["authenticate-oidc", "forward"]
    assert actions[0]["AuthenticateOidcConfig"]["OnUnauthenticatedRequest"] == "authenticate"


def test_each_kind_of_subnet_is_in_two_zones() -> None:
    """A load balancer and a cache with failover need two."""
    zones: dict[str, set[str]] = {}
    for subnet in of_type("AWS::EC2::Subnet"):
        zones.setdefault(subnet.logical_id[:-1], set()).add(subnet.properties["AvailabilityZone"])

    assert {kind: len(found) for kind, found in zones.items()} == {"Public": 2, "Private": 2, "Database": 2}


def test_what_holds_data_outlives_its_stack() -> None:
    """Buckets, tables and the accounts' secrets are retained; nothing else is."""
    kept = {each.type for path in TEMPLATES for each in read(path).resources.values() if each.retained}
    secrets = {each.name for each in of_type("AWS::SecretsManager::Secret") if each.retained}

    assert kept == {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"}
    assert secrets == {"TSS/mt5/demo", "TSS/mt5/live", "TSS/slack/webhook"}


def test_no_transport_without_tls_on_aws(core: Template) -> None:
    """Bucket and queues refuse plain HTTP unless the target is the local server."""
    local = read(CORE, RequireTls="false")

    assert {"RawDataPolicy", "QueuePolicy"} <= core.resources.keys()
    assert not {"RawDataPolicy", "QueuePolicy"} & local.resources.keys()


def test_no_small_object_becomes_slow_or_dear(core: Template) -> None:
    """The lifecycle moves nothing below 128 KB, expires nothing unless asked to, and ends stale uploads."""
    lifecycle = core.resources["RawData"].properties["LifecycleConfiguration"]

    assert lifecycle["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert not [rule for rule in lifecycle["Rules"] if "NoncurrentVersionExpiration" in rule]
    assert lifecycle["Rules"][1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_replaced_versions_can_be_expired_on_request() -> None:
    """The parameter of their age adds the rule."""
    asked = read(CORE, NoncurrentVersionDays="90")

    rule = asked.resources["RawData"].properties["LifecycleConfiguration"]["Rules"][0]

    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": "90"}


def test_osaka_is_a_choice_of_the_parameters(core: Template) -> None:
    """Replication of bars and secrets and the order table's stream come together, or not at all."""
    given = {"ReplicaBucketArn": "arn:b", "ReplicationRoleArn": "arn:r", "ReplicaRegion": "ap-northeast-3"}
    copied = read(CORE, **given).resources

    assert copied["RawData"].properties["ReplicationConfiguration"]["Rules"][0]["Destination"]["Bucket"] == "arn:b"
    assert copied["LiveAccount"].properties["ReplicaRegions"] == [{"Region": "ap-northeast-3"}]
    assert copied["OrderState"].properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert "ReplicationConfiguration" not in core.resources["RawData"].properties
    assert "StreamSpecification" not in core.resources["OrderState"].properties


def test_the_table_in_osaka_is_the_table_in_tokyo(core: Template) -> None:
    """A recovery there finds the same keys, index, TTL and protection."""
    osaka = read(CORE.with_name("osaka.yaml")).resources["OrderStateCopy"].properties

    assert osaka == core.resources["OrderState"].properties


def _statements(role: Resource) -> list[dict[str, Any]]:
    return [each for policy in role.properties.get("Policies", []) for each in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize(
    "role", [each for each in of_type("AWS::IAM::Role") if "Policies" in each.properties], ids=lambda role: role.name
)
def test_every_statement_has_a_name_and_no_wildcard_action(role: Resource) -> None:
    """So that a test can take one away; and `*` stands only where AWS knows no resource."""
    statements = _statements(role)

    sids = [each["Sid"] for each in statements]
    assert len(set(sids)) == len(sids)
    assert not [each for each in statements if "*" in json.dumps(each["Action"])]
    unbounded = {each["Sid"] for each in statements if each["Resource"] == "*"}
    assert unbounded <= {"Metrics", "ReadSnapshotsAndAlarms", "FindDrills", "ListStreams", "ListLogGroups"}


def test_only_the_host_reads_the_accounts() -> None:
    """Console, recovery checks and functions cannot read an MT5 password."""
    readers = {
        role.name
        for role in of_type("AWS::IAM::Role")
        for each in _statements(role)
        if "secretsmanager:GetSecretValue" in json.dumps(each["Action"]) and "TSS/mt5" in json.dumps(each["Resource"])
    }

    assert readers == {"EC2InstanceRole"}


def test_the_recovery_checks_can_change_nothing_that_trades(core: Template) -> None:
    """What they write is a drill's table, queue or object, or a message to people."""
    writes = re.compile(r"Put|Update|Delete|BatchWrite|Create|Send|Receive|Restore|Publish|Tag")

    named = {
        each["Sid"]: each["Resource"]
        for each in _statements(core.resources["VerifierRole"])
        if any(writes.match(action.partition(":")[2]) for action in _listed(each["Action"]))
    }

    assert named.keys() == {"RestoreFrom", "DrillTables", "DrillObjects", "DrillQueues", "TellPeople"}
    assert named["DrillTables"].endswith(":table/dr-drill-*")
    assert named["DrillObjects"].endswith("/_dr/dr-drill-*")
    assert named["DrillQueues"].endswith(":dr-drill-*")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_every_alarm_has_somebody_to_tell() -> None:
    """An alarm without an action is decoration."""
    assert [alarm.name for alarm in of_type("AWS::CloudWatch::Alarm") if not alarm.properties["AlarmActions"]] == []


def test_silence_of_the_host_is_an_alarm(core: Template) -> None:
    """On AWS; a laptop that sleeps alarms nobody."""
    assert core.resources["Heartbeat"].properties["TreatMissingData"] == "breaching"


def test_the_dashboard_shows_every_alarm_of_core(core: Template) -> None:
    """Its list is complete."""
    body = json.loads(core.resources["Dashboard"].properties["DashboardBody"])
    shown = {arn.rpartition(":")[2] for arn in body["widgets"][-1]["properties"]["alarms"]}

    assert shown == {each.name for each in core.resources.values() if each.type == "AWS::CloudWatch::Alarm"}


def test_every_parameter_that_is_given_exists() -> None:
    """No line of the parameters file is misspelt, and each environment gives or asks for what its stacks need."""
    import tomllib

    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    for environment in document.values():
        for stack in environment["stacks"]:
            template = Template.read(CORE.with_name(f"{stack}.yaml"), {}, region="ap-northeast-1")
            given = environment.get(stack, {}).keys()
            assert given <= template.document["Parameters"].keys(), stack
            assert set(template.required) <= given, stack
