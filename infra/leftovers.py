"""Resources that an earlier stack left behind (they are retained), which a new stack of the same names would trip over.

Finding them, and the part of the template that imports them; the change sets themselves belong to `deployer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.clients import Clients
from infra.template import Resource, Template

_ABSENT = ("404", "NoSuchBucket", "ResourceNotFoundException")


@dataclass(frozen=True)
class Leftover:
    """A resource that exists although no stack has it."""

    resource: Resource
    identifier: dict[str, str]

    def as_import(self) -> dict[str, Any]:
        """Its entry in `ResourcesToImport`."""
        return {
            "ResourceType": self.resource.type,
            "LogicalResourceId": self.resource.logical_id,
            "ResourceIdentifier": self.identifier,
        }


def find(template: Template, clients: Clients) -> list[Leftover]:
    """The retained resources of the template that exist already."""
    retained = [resource for resource in template.resources.values() if resource.retained]
    found = ((resource, _identifier(resource, clients)) for resource in retained)
    return [Leftover(resource, identifier) for resource, identifier in found if identifier]


def reduced(template: Template, logical_ids: Iterable[str]) -> str:
    """The template with these resources alone: an import may contain nothing else."""
    document = template.document
    resources = {key: document["Resources"][key] for key in logical_ids}
    return json.dumps(
        {
            "AWSTemplateFormatVersion": document["AWSTemplateFormatVersion"],
            "Parameters": document["Parameters"],
            "Conditions": document["Conditions"],
            "Resources": resources,
        },
        default=str,
    )


def _identifier(resource: Resource, clients: Clients) -> dict[str, str] | None:
    try:
        match resource.type:
            case "AWS::S3::Bucket":
                clients("s3").head_bucket(Bucket=resource.name)
                return {"BucketName": resource.name}
            case "AWS::DynamoDB::Table":
                clients("dynamodb").describe_table(TableName=resource.name)
                return {"TableName": resource.name}
            case "AWS::SecretsManager::Secret":
                return {"Id": clients("secretsmanager").describe_secret(SecretId=resource.name)["ARN"]}
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return None
        raise
    return None
