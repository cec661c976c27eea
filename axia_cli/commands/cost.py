"""`axia cost`: what a month on AWS is estimated to cost, next to the original design's figure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axia_cli.output import Json, emit, say
from axia_core.domain.timeframes import Timeframe
from axia_core.settings import load_settings

if TYPE_CHECKING:
    # Annotations only, as in `deploy`.
    from infra.cost import Estimate, Use
    from infra.prices import Prices


def cost(
    environment: Annotated[str, typer.Option(help="Section of the parameters file: aws or production.")] = "aws",
    symbols: Annotated[int | None, typer.Option(min=1, help="Pairs. Default: those of the settings.")] = None,
    timeframes: Annotated[int, typer.Option(min=1, max=5, help="Timeframes of each pair.")] = len(Timeframe),
    years: Annotated[float, typer.Option(min=0.1, help="Years of bars in the bucket.")] = 1.0,
    orders: Annotated[float, typer.Option(min=0, help="Orders a day.")] = 50.0,
    parameters: Annotated[Path | None, typer.Option(help="A parameters file of yours.")] = None,
    prices: Annotated[Path | None, typer.Option(help="A price file of yours.")] = None,
    as_json: Json = False,
) -> None:
    """Estimate a month's cost on AWS from dated prices, with alternatives and how it grows."""
    from infra import cost as costs
    from infra import environments
    from infra import prices as price_file

    settings = load_settings()
    use = costs.Use(
        symbols=symbols or len(settings.symbols),
        timeframes=timeframes,
        years=years,
        orders_a_day=orders,
        cache_bars=settings.cache_bars,
        lease_s=settings.lease_s,
        snapshot_s=settings.snapshot_s,
        poll_s=float(settings.receive_wait_s or 1),
    )
    known = price_file.read(prices or price_file.FILE)
    chosen = environments.read(environment, parameters or environments.FILE)
    found = costs.estimate(chosen, use, known)
    return _as_json(environment, found, use, known) if as_json else _as_text(environment, found, known)


def _as_json(environment: str, found: Estimate, use: Use, prices: Prices) -> None:
    emit(
        {
            "environment": environment,
            "usd_a_month": round(found.total, 2),
            "original_usd_a_month": round(sum(found.original.values()), 2),
            "services": {name: round(usd, 2) for name, usd in found.by_service.items()},
            "original": found.original,
            "lines": [asdict(line) | {"usd": round(line.usd, 4)} for line in found.lines],
            "alternatives": [asdict(each) | {"usd": round(each.usd, 4)} for each in found.alternatives],
            "growth": {label: round(usd, 2) for label, usd in found.growth},
            "use": asdict(use),
            "prices": {name: asdict(price) for name, price in prices.known.items()},
        }
    )


def _as_text(environment: str, found: Estimate, prices: Prices) -> None:
    typer.echo(f"{'USD a month':<58}{'estimate':>10}{'original':>10}")
    for service, usd in found.by_service.items():
        typer.echo(f"{service:<58}{usd:>10.2f}{found.original.get(service, 0):>10.2f}")
        for line in (line for line in found.lines if line.service == service):
            typer.echo(f"  {line.item:<28.28}{line.how:<28.28}{line.usd:>10.2f}")
    typer.echo(f"{'total of ' + environment:<58}{found.total:>10.2f}{sum(found.original.values()):>10.2f}")
    for each in found.alternatives:
        typer.echo(f"{each.name:<58}{each.usd:>+10.2f}   {each.why}")
    for label, usd in found.growth:
        typer.echo(f"{label:<58}{usd:>10.2f}{usd - found.total:>+10.2f}")
    unread = ", ".join(prices.from_memory)
    say(f"Prices of Tokyo, the oldest read on {prices.oldest}. Not read anywhere, to be checked: {unread}.")
