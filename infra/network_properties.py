"""How the properties of networks, security groups and load balancers are read: by the ids that AWS gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.clients import Clients
from infra.property import Property, described, own_tags
from infra.template import Resource

Describe = Callable[[Clients, Resource], dict[str, Any]]


def _ec2(operation: str, id_parameter: str, answer: str) -> Describe:
    def describe(clients: Clients, resource: Resource) -> dict[str, Any]:
        asked = {id_parameter: [resource.physical_id]}
        found: dict[str, Any] = getattr(clients("ec2"), operation)(**asked)[answer][0]
        return found

    return describe


_group = _ec2("describe_security_groups", "GroupIds", "SecurityGroups")
_vpc = _ec2("describe_vpcs", "VpcIds", "Vpcs")
_subnet = _ec2("describe_subnets", "SubnetIds", "Subnets")
_routes = _ec2("describe_route_tables", "RouteTableIds", "RouteTables")
_internet = _ec2("describe_internet_gateways", "InternetGatewayIds", "InternetGateways")
_endpoint = _ec2("describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints")


def _tags(describe: Describe) -> Property:
    return Property("Tags", lambda clients, resource: own_tags(describe(clients, resource).get("Tags", [])))


def _rules(key: str, peer: str) -> Callable[[Clients, Resource], Any]:
    def read(clients: Clients, group: Resource) -> Any:
        permissions = _group(clients, group)[key]
        return [rule for permission in permissions for rule in _flat(permission, peer)]

    return read


def _flat(permission: dict[str, Any], peer: str) -> list[dict[str, Any]]:
    # EC2 keeps the sources of one port together; the template has a rule for each.
    common = {key: permission[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in permission}
    ranges = [{"CidrIp": each["CidrIp"], **_described_by(each)} for each in permission.get("IpRanges", [])]
    groups = [{peer: each["GroupId"], **_described_by(each)} for each in permission.get("UserIdGroupPairs", [])]
    return [common | rule for rule in ranges + groups]


def _described_by(each: dict[str, Any]) -> dict[str, Any]:
    return {"Description": each["Description"]} if each.get("Description") else {}


def _vpc_attribute(name: str) -> Property:
    def read(clients: Clients, vpc: Resource) -> Any:
        key = name[0].lower() + name[1:]
        return clients("ec2").describe_vpc_attribute(VpcId=vpc.physical_id, Attribute=key)[name]["Value"]

    return Property(name, read)


def _attached(clients: Clients, attachment: Resource) -> dict[str, Any]:
    gateway = attachment.properties["InternetGatewayId"]
    found = clients("ec2").describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]
    vpcs = [each["VpcId"] for each in found["Attachments"]]
    return {"InternetGatewayId": gateway, "VpcId": vpcs[0] if vpcs else None}


def _route(clients: Clients, route: Resource) -> dict[str, Any]:
    table = route.properties["RouteTableId"]
    found = clients("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    wanted = route.properties["DestinationCidrBlock"]
    return next((each for each in found if each.get("DestinationCidrBlock") == wanted), {}) | {"RouteTableId": table}


def _association(clients: Clients, association: Resource) -> dict[str, Any]:
    subnet = association.properties["SubnetId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    tables = clients("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return {"SubnetId": subnet, "RouteTableId": tables[0]["RouteTableId"]} if tables else {}


def _balancer(clients: Clients, balancer: Resource) -> dict[str, Any]:
    arn = balancer.physical_id
    found = clients("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    subnets = [zone["SubnetId"] for zone in found["AvailabilityZones"]]
    return {**found, "Subnets": subnets, "Name": found["LoadBalancerName"]}


def _balancer_attributes(clients: Clients, balancer: Resource) -> Any:
    answer = clients("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer.physical_id)
    return _asked(answer["Attributes"], balancer.properties["LoadBalancerAttributes"])


def _targets(clients: Clients, group: Resource) -> dict[str, Any]:
    found = clients("elbv2").describe_target_groups(TargetGroupArns=[group.physical_id])["TargetGroups"][0]
    return {**found, "Name": found["TargetGroupName"]}


def _target_attributes(clients: Clients, group: Resource) -> Any:
    answer = clients("elbv2").describe_target_group_attributes(TargetGroupArn=group.physical_id)
    return _asked(answer["Attributes"], group.properties["TargetGroupAttributes"])


def _asked(attributes: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = {each["Key"] for each in expected}
    return [each for each in attributes if each["Key"] in keys]


def _elb_tags(clients: Clients, resource: Resource) -> Any:
    answer = clients("elbv2").describe_tags(ResourceArns=[resource.physical_id])["TagDescriptions"]
    return own_tags(answer[0]["Tags"])


def _listener(clients: Clients, listener: Resource) -> dict[str, Any]:
    found: dict[str, Any] = clients("elbv2").describe_listeners(ListenerArns=[listener.physical_id])["Listeners"][0]
    return found


def _actions(clients: Clients, listener: Resource) -> Any:
    return _action_order(_listener(clients, listener)["DefaultActions"])


def _action_order(actions: list[dict[str, Any]]) -> Any:
    # The provider's secret cannot be read back, and the local server keeps none of its configuration.
    return [{"Type": action["Type"], "Order": action.get("Order", 1)} for action in actions]


PROPERTIES: dict[str, tuple[Property, ...]] = {
    "AWS::EC2::SecurityGroup": (
        described(_group, "GroupName"),
        described(_group, "Description", "GroupDescription"),
        described(_group, "VpcId"),
        Property("SecurityGroupIngress", _rules("IpPermissions", "SourceSecurityGroupId")),
        Property("SecurityGroupEgress", _rules("IpPermissionsEgress", "DestinationSecurityGroupId")),
        _tags(_group),
    ),
    "AWS::EC2::VPC": (
        described(_vpc, "CidrBlock"),
        _vpc_attribute("EnableDnsSupport"),
        _vpc_attribute("EnableDnsHostnames"),
        _tags(_vpc),
    ),
    "AWS::EC2::InternetGateway": (_tags(_internet),),
    "AWS::EC2::VPCGatewayAttachment": (described(_attached, "VpcId"), described(_attached, "InternetGatewayId")),
    "AWS::EC2::Subnet": (
        *(described(_subnet, name) for name in ("VpcId", "CidrBlock", "AvailabilityZone", "MapPublicIpOnLaunch")),
        _tags(_subnet),
    ),
    "AWS::EC2::RouteTable": (described(_routes, "VpcId"), _tags(_routes)),
    "AWS::EC2::SubnetRouteTableAssociation": (
        described(_association, "SubnetId"),
        described(_association, "RouteTableId"),
    ),
    "AWS::EC2::Route": tuple(
        described(_route, name) for name in ("RouteTableId", "DestinationCidrBlock", "GatewayId", "NatGatewayId")
    ),
    "AWS::EC2::VPCEndpoint": tuple(
        described(_endpoint, name) for name in ("VpcId", "VpcEndpointType", "ServiceName", "RouteTableIds")
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        *(described(_balancer, name) for name in ("Name", "Scheme", "Type", "Subnets", "SecurityGroups")),
        Property("LoadBalancerAttributes", _balancer_attributes),
        Property("Tags", _elb_tags),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        *(described(_targets, name) for name in ("Name", "VpcId", "Protocol", "Port", "TargetType", "HealthCheckPath")),
        Property("TargetGroupAttributes", _target_attributes),
        Property("Tags", _elb_tags),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": (
        *(described(_listener, name) for name in ("LoadBalancerArn", "Port", "Protocol", "SslPolicy", "Certificates")),
        Property("DefaultActions", _actions, shape=_action_order),
    ),
}
