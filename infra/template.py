"""Reading a CloudFormation template: its YAML tags, and the values its properties have for given parameters.

Only what our own templates use is resolved (Ref, Sub, GetAtt of an ARN or a name, If, Equals, Not); anything else
raises. Deploying belongs to `deployer`, comparing with what is deployed to `conformance`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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
}
_ARN = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::IAM::InstanceProfile": "arn:aws:iam::{account}:instance-profile/{name}",
}


@dataclass(frozen=True)
class Resource:
    """One resource with its properties resolved."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    deletion_policy: str = "Delete"

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

    @classmethod
    def read(cls, path: Path, parameters: Mapping[str, str], *, region: str, account: str = "000000000000") -> Template:
        """The template in a file."""
        return cls(path.read_text(encoding="utf-8"), parameters, region, account)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The template as data, with short tags written out (`!Ref x` is `{"Ref": "x"}`)."""
        document: dict[str, Any] = yaml.load(self.body, Loader=_Loader)
        return document

    @cached_property
    def values(self) -> dict[str, str]:
        """Every parameter's value: the given one, else its default."""
        defaults = {name: str(spec.get("Default", "")) for name, spec in self.document["Parameters"].items()}
        return defaults | dict(self.parameters)

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources that exist under these parameters, by logical id."""
        specs = self.document["Resources"]
        return {key: self._resource(key, spec) for key, spec in specs.items() if self._exists(spec)}

    def _exists(self, spec: Mapping[str, Any]) -> bool:
        return "Condition" not in spec or self._condition(spec["Condition"])

    def _resource(self, key: str, spec: Mapping[str, Any]) -> Resource:
        return Resource(
            key, spec["Type"], self._resolve(spec.get("Properties", {})), spec.get("DeletionPolicy", "Delete")
        )

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
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(self._named(found[1])), argument)
            case "Fn::GetAtt":
                return self._attribute(*argument.split(".", 1))
            case "Fn::If":
                return self._resolve(argument[1] if self._condition(argument[0]) else argument[2])
            case "Fn::Equals":
                left, right = map(self._resolve, argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self._resolve(argument[0])
        raise NotImplementedError(f"our templates do not use {name}")

    def _named(self, name: str) -> Any:
        return self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Any:
        pseudo = {"AWS::Region": self.region, "AWS::AccountId": self.account, "AWS::Partition": "aws"}
        if name == "AWS::NoValue":
            return ABSENT
        if name in pseudo or name in self.values:
            return pseudo.get(name) or self.values[name]
        spec = self.document["Resources"][name]
        return self._attribute(name, "Arn") if spec["Type"] == "AWS::SNS::Topic" else self._name_of(name)

    def _name_of(self, logical_id: str) -> str:
        spec = self.document["Resources"][logical_id]
        return str(self._resolve(spec["Properties"].get(_NAME_PROPERTY[spec["Type"]])))

    def _attribute(self, logical_id: str, attribute: str) -> str:
        name = self._name_of(logical_id)
        if attribute != "Arn":
            return name
        form = _ARN[self.document["Resources"][logical_id]["Type"]]
        return form.format(name=name, region=self.region, account=self.account)


class _Loader(yaml.SafeLoader):
    """Reads `!Ref x` and `!Sub x` as the dictionaries that they abbreviate."""


def _construct_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # nothing else is left


_Loader.add_multi_constructor("!", _construct_tag)


def _is_function(value: Mapping[str, Any]) -> bool:
    name = next(iter(value), "")
    return len(value) == 1 and (name in ("Ref", "Condition") or name.startswith("Fn::"))
