"""The `axia` command: which commands there are. Each is a function in `commands`, which calls one elsewhere."""

from __future__ import annotations

import typer

from axia_cli.commands import (
    archive,
    cache,
    collect,
    cost,
    data,
    dead_letters,
    demo,
    deploy,
    doctor,
    drill,
    export,
    flatten,
    history,
    order_check,
    orders,
    quality,
    reconcile,
    recover,
    resolve,
    revisions,
    stack,
    statement,
    verify,
)
from axia_cli.output import Commands

app = typer.Typer(
    name="axia",
    help="FX market data and order execution against MetaTrader 5, orchestrated by Dagster.",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(demo.demo)
app.command()(stack.up)
app.command()(stack.env)
app.command()(deploy.deploy)
app.command()(cost.cost)
app.command()(verify.verify)
app.command()(drill.drill)
app.add_typer(recover.recover, name="recover")
app.command()(doctor.doctor)
app.command()(collect.collect)
data.ohlcv.command()(export.export)
data.ohlcv.command()(archive.restore)
data.ohlcv.command()(revisions.history)
data.ohlcv.command()(quality.check)
data.ohlcv.command()(quality.refused)
app.add_typer(data.ohlcv, name="ohlcv")
app.add_typer(cache.cache, name="cache")
app.add_typer(history.history, name="history")
orders.orders.command()(order_check.check)
orders.orders.command()(reconcile.reconcile)
orders.orders.command()(resolve.resolve)
orders.orders.command()(resolve.restored)
orders.orders.command()(statement.statement)
app.add_typer(orders.orders, name="order")
app.add_typer(dead_letters.dlq, name="dlq")
orders.kill_switch.command()(flatten.cancel_all)
orders.kill_switch.command()(flatten.close_all)
orders.kill_switch.command()(flatten.audit)
app.add_typer(orders.kill_switch, name="kill-switch")
