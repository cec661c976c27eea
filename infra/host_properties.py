"""How the properties of hosts, their groups and the cache are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.clients import Clients
from infra.property import Property, described, own_tags
from infra.template import Resource


def _template(clients: Clients, template: Resource) -> dict[str, Any]:
    answer = clients("ec2").describe_launch_template_versions(
        LaunchTemplateId=template.physical_id, Versions=["$Latest"]
    )
    found: dict[str, Any] = answer["LaunchTemplateVersions"][0]
    return found


def _group(clients: Clients, group: Resource) -> dict[str, Any]:
    answer = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])
    found = answer["AutoScalingGroups"][0]
    return {**found, "VPCZoneIdentifier": found["VPCZoneIdentifier"].split(",")}


def _group_template(clients: Clients, group: Resource) -> Any:
    return _template_id(_group(clients, group).get("LaunchTemplate", {}))


def _template_id(launched: Mapping[str, Any]) -> Any:
    # The version is a number that only the deployed template has.
    return {"LaunchTemplateId": launched.get("LaunchTemplateId")}


def _group_tags(clients: Clients, group: Resource) -> Any:
    names = ("Key", "Value", "PropagateAtLaunch")
    return own_tags([{name: tag[name] for name in names} for tag in _group(clients, group)["Tags"]])


def _scaling(clients: Clients, policy: Resource) -> dict[str, Any]:
    answer = clients("autoscaling").describe_policies(AutoScalingGroupName=policy.properties["AutoScalingGroupName"])
    return next((each for each in answer["ScalingPolicies"] if each["PolicyARN"] == policy.physical_id), {})


def _subnets(clients: Clients, group: Resource) -> dict[str, Any]:
    answer = clients("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=group.name)
    found = answer["CacheSubnetGroups"][0]
    subnets = [each["SubnetIdentifier"] for each in found["Subnets"]]
    return {**found, "Description": found["CacheSubnetGroupDescription"], "SubnetIds": subnets}


def _parameters(clients: Clients, group: Resource) -> dict[str, Any]:
    found = clients("elasticache").describe_cache_parameter_groups(CacheParameterGroupName=group.physical_id)
    values = clients("elasticache").describe_cache_parameters(CacheParameterGroupName=group.physical_id)
    named = {each["ParameterName"]: each.get("ParameterValue") for each in values["Parameters"]}
    return {**found["CacheParameterGroups"][0], "Properties": named}


def _cache(clients: Clients, cache: Resource) -> dict[str, Any]:
    api = clients("elasticache")
    group = api.describe_replication_groups(ReplicationGroupId=cache.name)["ReplicationGroups"][0]
    node = api.describe_cache_clusters(CacheClusterId=group["MemberClusters"][0], ShowCacheNodeInfo=True)
    first = node["CacheClusters"][0]
    return {
        **first,
        **group,
        "ReplicationGroupDescription": group["Description"],
        "NumCacheClusters": len(group["MemberClusters"]),
        "AutomaticFailoverEnabled": group["AutomaticFailover"] in ("enabled", "enabling"),
        "MultiAZEnabled": group.get("MultiAZ") == "enabled",
        "CacheParameterGroupName": first["CacheParameterGroup"]["CacheParameterGroupName"],
        "SecurityGroupIds": [each["SecurityGroupId"] for each in first.get("SecurityGroups", [])],
    }


def _cache_tags(clients: Clients, cache: Resource) -> Any:
    arn = _cache(clients, cache)["ARN"]
    return own_tags(clients("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"])


_CACHE = (
    *("ReplicationGroupId", "ReplicationGroupDescription", "Engine", "EngineVersion", "CacheNodeType"),
    *("NumCacheClusters", "AutomaticFailoverEnabled", "MultiAZEnabled", "CacheSubnetGroupName"),
    *("CacheParameterGroupName", "SecurityGroupIds", "AtRestEncryptionEnabled", "TransitEncryptionEnabled"),
    "AutoMinorVersionUpgrade",
)
_GROUP = ("AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity", "HealthCheckType", "HealthCheckGracePeriod")
_SCALING = ("AutoScalingGroupName", "PolicyType", "AdjustmentType", "ScalingAdjustment", "Cooldown")

PROPERTIES: dict[str, tuple[Property, ...]] = {
    "AWS::EC2::LaunchTemplate": (
        described(_template, "LaunchTemplateName"),
        described(_template, "LaunchTemplateData"),
    ),
    "AWS::AutoScaling::AutoScalingGroup": (
        *(described(_group, name) for name in (*_GROUP, "VPCZoneIdentifier")),
        Property("LaunchTemplate", _group_template, shape=_template_id),
        Property("Tags", _group_tags),
    ),
    "AWS::AutoScaling::ScalingPolicy": tuple(described(_scaling, name) for name in _SCALING),
    "AWS::ElastiCache::SubnetGroup": (
        described(_subnets, "CacheSubnetGroupName"),
        described(_subnets, "Description"),
        described(_subnets, "SubnetIds"),
    ),
    "AWS::ElastiCache::ParameterGroup": (
        described(_parameters, "CacheParameterGroupFamily"),
        described(_parameters, "Description"),
        described(_parameters, "Properties"),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        *(described(_cache, name) for name in _CACHE),
        Property("Tags", _cache_tags),
    ),
}
