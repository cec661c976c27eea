"""What a month of a configuration costs, from its environment's stacks, the use that is made of it, and the price file.

Estimates, not a bill: taxes, support and traffic to the internet are not in them. What a use amounts to stands beside
each figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from axia_core.domain.events import Severity
from axia_core.domain.metrics import Metric
from infra.environments import Environment
from infra.prices import HOURS, Prices
from infra.template import Template

# Section 1.2 of the original document, USD a month.
ORIGINAL = {
    "EC2": 24.00,
    "DynamoDB": 3.00,
    "ElastiCache": 8.00,
    "S3": 2.00,
    "SQS": 1.00,
    "CloudWatch": 3.00,
    "Secrets Manager": 2.50,
}
ORIGINAL_TOTAL = 43.50
NETWORK = "Network"

_DAYS_A_YEAR, _DAYS_A_MONTH = 260.0, 260.0 / 12
_OPEN_SHARE = 120 / 168  # of the week's hours
_OBJECT_KB = 5.0
_BARS_A_DAY = (288, 96, 24, 6, 1)
_SMALLEST_COLD_KB = 128.0
_DETAILED = 7  # of the host, which its launch template has measured every minute
# None has a dimension but the count of events, which has one value for each severity.
METRICS = len(Metric) + len(Severity) + _DETAILED
_FREE = {"metrics": 10, "alarms": 10, "logs_gb": 5.0, "sqs_million": 1.0}


@dataclass(frozen=True)
class Use:
    """How much is done with it."""

    symbols: int = 8
    timeframes: int = 5
    years: float = 1.0
    orders_a_day: float = 50.0
    # What AXIA's settings and code amount to.
    cache_bars: int = 8_000
    lease_s: float = 10.0
    snapshot_s: float = 2.0
    poll_s: float = 5.0
    units_an_order: float = 40.0  # transactions count twice, the index once more
    snapshot_kb: float = 4.0
    metrics: int = METRICS
    logs_gb: float = 1.0

    @property
    def objects(self) -> float:
        """Objects in the bucket after these years."""
        return self.symbols * self.timeframes * _DAYS_A_YEAR * self.years

    @property
    def gigabytes(self) -> float:
        """Their size."""
        return self.objects * _OBJECT_KB / 1e6


@dataclass(frozen=True)
class Line:
    """One line of the estimate."""

    service: str
    item: str
    usd: float
    how: str


@dataclass(frozen=True)
class Alternative:
    """What another way of paying would change in a month; less is negative."""

    name: str
    usd: float
    why: str


@dataclass(frozen=True)
class Estimate:
    """The month, next to the original's, with alternatives and growth."""

    lines: tuple[Line, ...]
    alternatives: tuple[Alternative, ...] = ()
    growth: tuple[tuple[str, float], ...] = ()
    original: dict[str, float] = field(default_factory=lambda: dict(ORIGINAL))

    @property
    def total(self) -> float:
        """USD a month."""
        return sum(line.usd for line in self.lines)

    @property
    def by_service(self) -> dict[str, float]:
        """USD a month of each service."""
        services = dict.fromkeys(line.service for line in self.lines)
        return {name: sum(line.usd for line in self.lines if line.service == name) for name in services}


def estimate(environment: Environment, use: Use, prices: Prices) -> Estimate:
    """The estimate of an environment under this use."""
    counted = _Counted(environment)
    lines = tuple(_lines(counted, use, prices))
    growth = tuple((label, sum(line.usd for line in _lines(counted, more, prices))) for label, more in _larger(use))
    return Estimate(lines, tuple(_alternatives(counted, use, prices)), growth)


@dataclass(frozen=True)
class _Counted:
    """What an environment's templates and parameters say of numbers of things."""

    environment: Environment

    def has(self, stack: str) -> bool:
        return any(plan.name == stack for plan in self.environment.plans)

    def parameter(self, stack: str, name: str) -> str:
        plan = self.environment.plan(stack)
        return Template.read(plan.template, plan.parameters, region="").values[name]

    def resources(self, kind: str) -> int:
        templates = [Template.read(plan.template, {}, region="").document for plan in self.environment.plans]
        return sum(spec["Type"] == kind for document in templates for spec in document["Resources"].values())

    @property
    def host_price(self) -> str:
        return (
            "ec2_t3_medium_windows" if self.parameter("host", "InstanceType") == "t3.medium" else "ec2_t3_small_windows"
        )

    @property
    def cache_nodes(self) -> int:
        return int(self.parameter("cache", "Nodes"))


def _lines(counted: _Counted, use: Use, prices: Prices) -> Iterator[Line]:
    yield from _hosts(counted, prices)
    yield from _orders(counted, use, prices)
    nodes = counted.cache_nodes
    usd = nodes * prices["cache_t3_micro"] * HOURS
    yield Line("ElastiCache", f"{nodes} cache.t3.micro", usd, f"{nodes} x {HOURS:.0f} h")
    yield from _bars(counted, use, prices)
    yield from _watching(counted, use, prices)
    yield from _network(counted, prices)


def _hosts(counted: _Counted, prices: Prices) -> Iterator[Line]:
    gigabytes = float(counted.parameter("host", "VolumeGiB"))
    name = counted.host_price
    yield Line("EC2", name.removeprefix("ec2_").replace("_", " "), prices[name] * HOURS, f"{HOURS:.0f} h")
    yield Line("EC2", "gp3 volume", prices["ebs_gp3"] * gigabytes, f"{gigabytes:.0f} GB")
    kept = 0.8 * gigabytes + 7 * 2
    yield Line("EC2", "daily snapshots, 7 days", prices["ebs_snapshot"] * kept, f"{kept:.0f} GB: 80 % once, 2 GB a day")
    if counted.has("web"):
        hours = int(counted.parameter("web", "Consoles")) * HOURS
        yield Line("EC2", "consoles", prices["ec2_t3_small_linux"] * hours + prices["ebs_gp3"] * 20, f"{hours:.0f} h")


def _orders(counted: _Counted, use: Use, prices: Prices) -> Iterator[Line]:
    open_s = HOURS * 3600 * _OPEN_SHARE
    lease, snapshots = open_s / (use.lease_s / 3), open_s / use.snapshot_s * use.snapshot_kb if use.snapshot_s else 0
    units = lease + snapshots + use.orders_a_day * _DAYS_A_MONTH * use.units_an_order
    how = f"{units / 1e6:.1f} M write units: lease {lease / 1e6:.1f}, snapshots {snapshots / 1e6:.1f}, the rest orders"
    yield Line("DynamoDB", "writes", prices["dynamodb_write"] * units / 1e6, how)
    if counted.has("copy"):
        copied = use.orders_a_day * _DAYS_A_MONTH * use.units_an_order
        usd = prices["dynamodb_write"] * copied / 1e6
        yield Line("DynamoDB", "copy in Osaka", usd, f"{copied / 1e6:.2f} M write units, without lease and snapshots")
    reads = open_s
    yield Line(
        "DynamoDB", "reads", prices["dynamodb_read"] * reads / 1e6, f"{reads / 1e6:.1f} M read units, one a second"
    )
    gigabytes = use.orders_a_day * 30 * 8e-6
    kept = (prices["dynamodb_storage"] + prices["dynamodb_pitr"]) * gigabytes
    yield Line("DynamoDB", "storage and recovery", kept, f"{gigabytes:.2f} GB of 30 days")
    requests = 2 * open_s / use.poll_s + use.orders_a_day * _DAYS_A_MONTH * 4
    paid = max(requests / 1e6 - _FREE["sqs_million"], 0)
    yield Line("SQS", "requests", prices["sqs"] * paid, f"{requests / 1e6:.2f} M, the first million is free")


def _bars(counted: _Counted, use: Use, prices: Prices) -> Iterator[Line]:
    copies = 2 if counted.has("osaka") else 1
    stored = prices["s3_standard"] * use.gigabytes * copies
    yield Line("S3", "storage", stored, f"{use.objects:,.0f} objects of {_OBJECT_KB:.0f} KB, {copies} regions")
    puts = use.symbols * use.timeframes * _DAYS_A_MONTH * copies
    reads = use.symbols * _days_read(use) * _DAYS_A_MONTH
    usd = prices["s3_put"] * puts / 1e3 + prices["s3_get"] * reads / 1e3
    yield Line("S3", "requests", usd, f"{puts:,.0f} writes, {reads:,.0f} reads to refill the cache")
    if counted.has("osaka"):
        gigabytes = use.symbols * use.timeframes * _DAYS_A_MONTH * _OBJECT_KB / 1e6
        yield Line("S3", "transfer to Osaka", prices["s3_transfer_osaka"] * gigabytes, f"{gigabytes:.3f} GB")


def _days_read(use: Use) -> float:
    # The cache of a series is filled from as many days as its bars span.
    stored = _DAYS_A_YEAR * use.years
    return sum(min(math.ceil(use.cache_bars / bars), stored) for bars in _BARS_A_DAY[: use.timeframes])


def _watching(counted: _Counted, use: Use, prices: Prices) -> Iterator[Line]:
    alarms = counted.resources("AWS::CloudWatch::Alarm")
    usd = prices["cloudwatch_alarm"] * max(alarms - _FREE["alarms"], 0)
    yield Line("CloudWatch", "alarms", usd, f"{alarms}, ten are free")
    usd = prices["cloudwatch_metric"] * max(use.metrics - _FREE["metrics"], 0)
    parts = f"{len(Metric)} readings, {len(Severity)} counts of events, {_DETAILED} of the host"
    yield Line("CloudWatch", "metrics", usd, f"{use.metrics}, ten are free: {parts}")
    taken = prices["cloudwatch_logs_in"] * max(use.logs_gb - _FREE["logs_gb"], 0)
    yield Line(
        "CloudWatch", "logs", taken + prices["cloudwatch_logs_kept"] * use.logs_gb, f"{use.logs_gb:.0f} GB kept 30 days"
    )
    secrets = counted.resources("AWS::SecretsManager::Secret") + (3 if counted.has("osaka") else 0)
    yield Line("Secrets Manager", "secrets", prices["secret"] * secrets, f"{secrets}, replicas counted")


def _network(counted: _Counted, prices: Prices) -> Iterator[Line]:
    public = 1 if counted.parameter("host", "PublicAddress") == "true" else 0
    if counted.has("vpc"):
        yield Line(NETWORK, "NAT gateway", prices["nat"] * HOURS, "traffic to S3 and DynamoDB goes past it")
        public += 1
    if counted.has("web"):
        yield Line(NETWORK, "load balancer", prices["alb"] * HOURS, f"{HOURS:.0f} h")
        public += 2
    yield Line(NETWORK, "public IPv4", prices["public_ipv4"] * HOURS * public, f"{public} addresses")


def _alternatives(counted: _Counted, use: Use, prices: Prices) -> Iterator[Alternative]:
    linux = prices[counted.host_price] - (prices["ec2_t3_small_windows"] - prices["ec2_t3_small_linux"])
    why = "one year, nothing upfront; Windows itself is not discounted"
    yield Alternative("Reserved Instance, host", -linux * prices["ri_ec2_one_year"] * HOURS, why)
    hourly = prices["cache_t3_micro"] * counted.cache_nodes
    yield Alternative("Reserved node, cache", -hourly * prices["ri_cache_one_year"] * HOURS, why.partition(";")[0])
    why = f"objects of {_OBJECT_KB:.0f} KB are never moved (below {_SMALLEST_COLD_KB:.0f} KB), so nothing is saved"
    yield Alternative("S3 Intelligent-Tiering", 0.0, why)
    billed = use.objects * _SMALLEST_COLD_KB / 1e6 * prices["s3_tiering_infrequent"]
    dearer = billed - use.gigabytes * prices["s3_standard"]
    why = f"each object is billed as {_SMALLEST_COLD_KB:.0f} KB; hence the 128 KB rule of the lifecycle"
    yield Alternative("STANDARD_IA after 30 days, without the 128 KB rule", dearer, why)
    tiered = use.gigabytes * (prices["s3_tiering_infrequent"] - prices["s3_standard"])
    watched = use.gigabytes * prices["s3_tiering_monitoring"]  # a thousand of 1 MB in each gigabyte
    why = "the same bytes in objects of 1 MB, all of them cold (the original hoped for 20-30 %)"
    yield Alternative("S3 Intelligent-Tiering, were objects large", tiered + watched, why)


def _larger(use: Use) -> Iterator[tuple[str, Use]]:
    changes: list[tuple[str, Callable[[Use], Use]]] = [
        (f"symbols {use.symbols} -> {use.symbols * 3}", lambda u: replace(u, symbols=u.symbols * 3)),
        (f"timeframes {use.timeframes} -> 1", lambda u: replace(u, timeframes=1)),
        (f"years {use.years:g} -> {use.years + 9:g}", lambda u: replace(u, years=u.years + 9)),
        (
            f"orders a day {use.orders_a_day:g} -> {use.orders_a_day * 100:g}",
            lambda u: replace(u, orders_a_day=u.orders_a_day * 100),
        ),
    ]
    return ((label, change(use)) for label, change in changes)
