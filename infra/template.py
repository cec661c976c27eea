"""Reading a CloudFormation template: its YAML tags, and the values its properties have for given parameters.

Only what our own templates use is resolved (Ref, Sub, GetAtt of an ARN, a name or an id, If, Equals, Not, Base64);
anything else raises. Deploying belongs to `deployer`, comparing with what is deployed to `conformance`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

CORE = Path(__file__).parent / "core.yaml"
ABSENT = object()
_NAME_PROPERTY = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::LogStream": "LogStreamName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupName",
    "AWS::AutoScaling::ScalingPolicy": "PolicyName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::ElastiCache::SubnetGroup": "CacheSubnetGroupName",
    "AWS::ElastiCache::ReplicationGroup": "ReplicationGroupId",
}
# What `Ref` gives of these is made by AWS and not in the template.
_REF_IS_PHYSICAL = (
    *("AWS::EC2::", "AWS::SecretsManager::", "AWS::ElasticLoadBalancingV2::", "AWS::ElastiCache::ParameterGroup"),
    "AWS::AutoScaling::ScalingPolicy",
)
_ARN = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::IAM::InstanceProfile": "arn:aws:iam::{account}:instance-profile/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
}


@dataclass(frozen=True)
class Resource:
    """One resource with its properties resolved."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    deletion_policy: str = "Delete"
    physical_id: str = ""

    @property
    def name(self) -> str:
        """What the resource is called in AWS; its logical id when it has no name of its own."""
        return str(self.properties.get(_NAME_PROPERTY.get(self.type, ""), self.logical_id))

    @property
    def retained(self) -> bool:
        """Whether it outlives its stack."""
        return self.deletion_policy.startswith("Retain")


@dataclass(frozen=True)
class Template:
    """A template with the parameters, region and account it is deployed with."""

    body: str
    parameters: Mapping[str, str]
    region: str
    account: str = "000000000000"
    physical: Mapping[str, str] = field(default_factory=dict)  # logical id to what the deployed resource is called

    @classmethod
    def read(cls, path: Path, parameters: Mapping[str, str], *, region: str, account: str = "000000000000") -> Template:
        """The template in a file."""
        return cls(path.read_text(encoding="utf-8"), parameters, region, account)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The template as data, with short tags written out (`!Ref x` is `{"Ref": "x"}`)."""
        return _parsed(self.body)

    @cached_property
    def values(self) -> dict[str, str]:
        """Every parameter's value: the given one, else its default."""
        defaults = {name: str(spec.get("Default", "")) for name, spec in self.document["Parameters"].items()}
        return defaults | dict(self.parameters)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The parameters that have no default and were not given."""
        specs = self.document["Parameters"].items()
        return tuple(name for name, spec in specs if "Default" not in spec and not self.parameters.get(name))

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources that exist under these parameters, by logical id."""
        specs = self.document["Resources"]
        return {key: self._resource(key, spec) for key, spec in specs.items() if self._exists(spec)}

    def _exists(self, spec: Mapping[str, Any]) -> bool:
        return "Condition" not in spec or self._condition(spec["Condition"])

    def _resource(self, key: str, spec: Mapping[str, Any]) -> Resource:
        properties, policy = self._resolve(spec.get("Properties", {})), spec.get("DeletionPolicy", "Delete")
        return Resource(key, spec["Type"], properties, policy, self.physical.get(key, ""))

    def _condition(self, name: str) -> bool:
        return bool(self._resolve(self.document["Conditions"][name]))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for item in value if (found := self._resolve(item)) is not ABSENT]
        if not isinstance(value, dict):
            return value
        if _is_function(value):
            return self._function(next(iter(value)), next(iter(value.values())))
        resolved = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not ABSENT}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(argument)
            case "Condition":
                return self._condition(argument)
            case "Fn::Sub":
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: _text(self._named(found[1])), argument)
            case "Fn::GetAtt":
                return self._attribute(*argument.split(".", 1))
            case "Fn::If":
                return self._resolve(argument[1] if self._condition(argument[0]) else argument[2])
            case "Fn::Base64":
                return base64.b64encode(str(self._resolve(argument)).encode()).decode()
            case "Fn::Equals" | "Fn::Not":
                return self._truth(name, [self._resolve(item) for item in argument])
        raise NotImplementedError(f"our templates do not use {name}")

    def _truth(self, name: str, values: list[Any]) -> bool:
        return not values[0] if name == "Fn::Not" else str(values[0]) == str(values[1])

    def _named(self, name: str) -> Any:
        return self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Any:
        pseudo = {"AWS::Region": self.region, "AWS::AccountId": self.account, "AWS::Partition": "aws"}
        if name == "AWS::NoValue":
            return ABSENT
        if name in pseudo:
            return pseudo[name]
        if name in self.values:
            return self._parameter(name)
        kind = self.document["Resources"][name]["Type"]
        if kind.startswith(_REF_IS_PHYSICAL):
            return self.physical.get(name, name)
        return self._attribute(name, "Arn") if kind == "AWS::SNS::Topic" else self._name_of(name)

    def _parameter(self, name: str) -> Any:
        is_list = self.document["Parameters"][name]["Type"] == "CommaDelimitedList"
        return self.values[name].split(",") if is_list else self.values[name]

    def _name_of(self, logical_id: str) -> str:
        spec = self.document["Resources"][logical_id]
        return str(self._resolve(spec["Properties"].get(_NAME_PROPERTY[spec["Type"]])))

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self.document["Resources"][logical_id]["Type"]
        if attribute != "Arn" or kind not in _ARN:
            return self.physical.get(logical_id, logical_id) if kind not in _ARN else self._name_of(logical_id)
        return _ARN[kind].format(name=self._name_of(logical_id), region=self.region, account=self.account)


@cache
def _parsed(body: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(body, Loader=_Loader)
    return document


# libyaml's loader, where the wheel has it, is ten times as fast.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """Reads `!Ref x` and `!Sub x` as the dictionaries that they abbreviate."""


def _construct_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # nothing else is left


_Loader.add_multi_constructor("!", _construct_tag)


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _is_function(value: Mapping[str, Any]) -> bool:
    name = next(iter(value), "")
    return len(value) == 1 and (name in ("Ref", "Condition") or name.startswith("Fn::"))
