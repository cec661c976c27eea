"""The statement of a trading day: the ledger's orders against the broker's deals and the balance, one object per day.

House rule: as for `ohlcv`. A day that does not match is materialized all the same, and its check goes red: the
statement is what tells of it. Oldest day first, because a day begins with the balance the one before it ended with.
https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg

from axia_core.domain.statement import Statement, Verdict
from axia_pipelines.assets.ohlcv import MAX_RETRIES, POOL, RETRY_DELAY_S
from axia_pipelines.failures import shown_as_failure, tried_again
from axia_pipelines.logged import logged
from axia_pipelines.metadata import ORDERS
from axia_pipelines.resources import StatementResource
from axia_pipelines.statement_metadata import statement_metadata

STATEMENT = dg.AssetKey("statement")
RECONCILED = "reconciled"


def statement_asset(
    account: str, dates: dg.DailyPartitionsDefinition, retry_delay_s: float = RETRY_DELAY_S
) -> dg.AssetsDefinition:
    """The statements of an account, `demo` or `live`; a range of days is worked off in a single run."""

    @dg.asset(
        key=STATEMENT,
        deps=[ORDERS],
        description=_description(account),
        partitions_def=dates,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="trading",
        kinds={"s3", "dynamodb"},
        owners=["team:trading"],
        # A terminal of its own, as for bars: one at a time, and never the desk's.
        pool=POOL,
        metadata={"account": account},
        check_specs=[
            dg.AssetCheckSpec(
                RECONCILED, asset=STATEMENT, description="Orders, deals and balance of every day of the run agree."
            )
        ],
    )
    def make_statements(
        context: dg.AssetExecutionContext, statements: dg.ResourceParam[StatementResource]
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the plain form only
        made: list[Statement] = []
        again = tried_again(context, MAX_RETRIES, retry_delay_s)
        with logged(context), again, _recorded_on_failure(context, made, statements), shown_as_failure():
            _make(context, made, statements)
        for one in made:
            metadata = statement_metadata(one, statements.settings.bucket)
            context.add_asset_metadata(metadata, asset_key=STATEMENT, partition_key=one.day.isoformat())
        return dg.MaterializeResult(check_results=[_reconciled(made)])

    return make_statements


def _make(context: dg.AssetExecutionContext, made: list[Statement], statements: StatementResource) -> None:
    from axia_core.services.statement import keep_statement

    with statements.broker() as broker:
        for day in sorted(date.fromisoformat(key) for key in context.partition_keys):
            ports = statements.ports
            made.append(
                keep_statement(
                    day,
                    ledger=ports.ledger,
                    broker=broker,
                    statements=ports.store,
                    clock=ports.clock,
                    events=ports.events,
                )
            )


@contextmanager
def _recorded_on_failure(
    context: dg.AssetExecutionContext, made: list[Statement], statements: StatementResource
) -> Iterator[None]:
    """What is kept already is recorded before the failure is raised; an attempt that is retried makes it again."""
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, dg.Failure) and error.allow_retries and context.retry_number < MAX_RETRIES):
            for one in made:
                metadata = statement_metadata(one, statements.settings.bucket)
                event = dg.AssetMaterialization(STATEMENT, metadata=metadata, partition=one.day.isoformat())
                context.log_event(event)
        raise


def _reconciled(made: list[Statement]) -> dg.AssetCheckResult:
    """Red where money or orders differ; a warning where something is not settled yet."""
    wrong = [one for one in made if not one.matches]
    differs = [one for one in wrong if one.verdict is Verdict.DIFFERS]
    lines = [f"{one.day} {one.verdict}: {problem}" for one in wrong for problem in one.problems]
    return dg.AssetCheckResult(
        check_name=RECONCILED,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR if differs else dg.AssetCheckSeverity.WARN,
        description="\n".join(lines[:20]) or f"{len(made)} trading days agree",
        metadata={
            "days": len(made),
            "differ": len(differs),
            "unsettled": len(wrong) - len(differs),
            "account": made[0].account if made else "none",
        },
    )


def _description(account: str) -> str:
    return f"""Statements of the {account} account, one a trading day: every deal of the broker against the ledger's
orders, and opening balance, trades, commission, swap and deposits against the closing balance.

Made at 07:30 Tokyo for the day that has closed, and once more a day later, when late history has arrived. Reads MT5
by a terminal of its own and sends nothing. `axia order statement --date D` shows the same on the command line. What to
do when *{RECONCILED}* is red: docs/operations.md, "The statement is red"."""
