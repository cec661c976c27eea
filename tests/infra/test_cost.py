"""The monthly estimate: next to the original's, growing with use, from prices with dates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from axia_cli.main import app
from axia_core.errors import InvalidInput
from infra import cost, environments, prices

PRICES = prices.read()
AWS = environments.read("aws")
PRODUCTION = environments.read("production")


def total(use: cost.Use, environment: environments.Environment = AWS) -> float:
    """USD a month."""
    return cost.estimate(environment, use, PRICES).total


def test_one_host_costs_what_its_lines_say() -> None:
    """The host and the cache are most of it, at their hourly prices."""
    services = cost.estimate(AWS, cost.Use(), PRICES).by_service

    assert services["ElastiCache"] == pytest.approx(0.026 * 730)
    assert services["EC2"] == pytest.approx(0.0456 * 730 + 30 * 0.096 + 38 * 0.05)
    assert 60 < sum(services.values()) < 80


def test_production_adds_its_network() -> None:
    """NAT, load balancer, a second cache node and a larger host."""
    production = cost.estimate(PRODUCTION, cost.Use(), PRICES).by_service

    assert production["ElastiCache"] == pytest.approx(2 * 0.026 * 730)
    assert production[cost.NETWORK] > 0.062 * 730
    assert sum(production.values()) > total(cost.Use()) + 85


@settings(max_examples=25)  # each reads every template nine times
@given(symbols=st.integers(1, 40), timeframes=st.integers(1, 5), years=st.floats(0.1, 20), orders=st.floats(0, 10_000))
def test_more_use_never_costs_less(symbols: int, timeframes: int, years: float, orders: float) -> None:
    """In symbols, timeframes, years and orders."""
    use = cost.Use(symbols=symbols, timeframes=timeframes, years=years, orders_a_day=orders)
    larger = [
        replace(use, symbols=symbols + 1),
        replace(use, timeframes=min(timeframes + 1, 5)),
        replace(use, years=years + 1),
        replace(use, orders_a_day=orders + 1),
    ]

    assert all(total(each) >= total(use) for each in larger)


def test_tiering_saves_nothing_on_small_objects_and_reserving_does() -> None:
    """What the original hoped of Intelligent-Tiering needs objects of 128 KB."""
    offered = {each.name: each.usd for each in cost.estimate(AWS, cost.Use(), PRICES).alternatives}

    assert offered["S3 Intelligent-Tiering"] == 0
    assert offered["S3 Intelligent-Tiering, were objects large"] < 0
    assert offered["STANDARD_IA after 30 days, without the 128 KB rule"] > 0
    assert offered["Reserved Instance, host"] < 0
    assert offered["Reserved node, cache"] < 0


def test_the_command_shows_both_totals() -> None:
    """`axia cost --json` has the estimate, the original's 43.50, growth and the dates of the prices."""
    result = CliRunner().invoke(app, ["cost", "--orders", "100", "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["original_usd_a_month"] == 43.5
    assert document["usd_a_month"] == pytest.approx(sum(line["usd"] for line in document["lines"]), abs=0.01)
    assert document["prices"]["s3_standard"]["read"] == "2026-09-18"
    assert len(document["growth"]) == 4


def test_the_command_prints_a_table() -> None:
    """For people."""
    result = CliRunner().invoke(app, ["cost", "--environment", "production"])

    assert result.exit_code == 0
    assert "total of production" in result.stdout
    assert "43.50" in result.stdout


def test_a_price_without_a_date_is_refused(tmp_path: Path) -> None:
    """Nobody could tell how old it is."""
    file = tmp_path / "prices.toml"
    file.write_text('[sqs]\nusd = 0.4\nunit = "million"\nsource = "list"\n', encoding="utf-8")

    with pytest.raises(InvalidInput, match="read"):
        prices.read(file)
