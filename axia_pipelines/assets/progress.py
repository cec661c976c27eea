"""What a collecting run has finished so far, and how Dagster gets to know it, whether the run succeeds or not.

House rule: bookkeeping of one step. What a partition's metadata says is `axia_pipelines.metadata`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.domain.events import EventType, Severity
from axia_core.domain.holidays import Holidays
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.domain.universe import Universe
from axia_core.errors import AxiaError, HistoryNotReady, PermanentError
from axia_core.ports import Events
from axia_pipelines.failures import as_failure
from axia_pipelines.logged import log_collected
from axia_pipelines.metadata import collected_metadata
from axia_pipelines.partitions import partition_key

if TYPE_CHECKING:
    from axia_core.domain.bars import PartitionTruth
    from axia_core.services.collect import Collected

COMPLETE = "complete"
CORRECTIONS = "corrections"
COMPONENT = "collection"
_SHOWN = 10

# Of partitions that were stored: what each looks like, by symbol and day.
Pictures = Callable[[Sequence["PartitionTruth"]], Mapping[tuple[Symbol, date], str]]


def no_pictures(_: Sequence[PartitionTruth]) -> Mapping[tuple[Symbol, date], str]:
    """Where nobody looks at them."""
    return {}


class Progress:
    """Partitions finished by one attempt of one step: those it was asked for, and stored ones it read again."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        bucket: str,
        events: Events,
        final_attempt: bool,
        pictures: Pictures = no_pictures,
    ) -> None:
        self._context = context
        self._bucket = bucket
        self._events = events
        self._final_attempt = final_attempt
        self._pictures = pictures
        self._finished: list[Collected] = []
        self._doubted: list[Collected] = []
        self._passed_over: dict[str, str] = {}
        self._degraded: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._failures: list[AxiaError] = []

    def expected(
        self, universe: Universe, symbol: Symbol, timeframe: Timeframe, days: Iterable[date]
    ) -> tuple[date, ...]:
        """Those of *days* that are collected of the series; the others are noted with the reason."""
        reasons = {day: universe.why_not(symbol, timeframe, day) for day in days}
        self._passed_over |= {partition_key(day, symbol.name): why for day, why in reasons.items() if why}
        return tuple(day for day, why in reasons.items() if not why)

    def close_holidays(self, holidays: Holidays, symbol: Symbol, days: Iterable[date]) -> None:
        """Notes the holidays among *days*: no source had bars of them, or the market did trade and that is told."""
        stored = {_key(collected) for collected in self._finished}
        for day in sorted(holidays.dates.intersection(days)):
            key = partition_key(day, symbol.name)
            if key not in stored:
                self._passed_over[key] = f"holiday, {holidays.name_of(day)}: no source has bars of it"
                continue
            asset = self._context.asset_key.to_user_string()
            text = f"{asset}: {symbol} traded on {day}, {holidays.name_of(day)} in the settings; its bars are stored"
            remedy = f'If the broker does trade on it, write {day} = "open" under [holidays].'
            self._events.publish(
                EventType.HOLIDAY_TRADED, Severity.WARNING, COMPONENT, f"{text}. {remedy}", asset=asset
            )

    def add(self, collected: Collected, asked: bool = True) -> None:
        """Notes a partition; one that was only read again is recorded at once, and only if that changed it."""
        self._outcomes[collected.outcome.value] += 1
        log_collected(collected)
        if asked:
            self._finished.append(collected)
        elif collected.is_written:
            self._context.log_event(self._materialization(collected))
        if collected.is_doubted:
            self._doubted.append(collected)
        if collected.degraded:
            self._degraded[collected.degraded] += 1
        if collected.difference is not None:
            self._context.log.info(_sentence(collected))

    def tell_series(self, symbol: Symbol, timeframe: Timeframe, days: int) -> None:
        """A line in the run's log for each series of a backfill as it ends; a single day has its own event."""
        if days > 1:
            done = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes.items()))
            self._context.log.info(f"{symbol} {timeframe}, {days} days asked: {done or 'nothing collected'}")
        self._outcomes.clear()

    @contextmanager
    def other_series_go_on(self) -> Iterator[None]:
        """Holds back an error that concerns one series only; `raise_failures` raises it when the others are done."""
        try:
            yield
        except (HistoryNotReady, PermanentError) as error:
            self._failures.append(error)

    def raise_failures(self) -> None:
        """Raises what was held back as one failure, retryable when any part of it is."""
        if not self._failures:
            return
        failures = [as_failure(error) for error in self._failures]
        raise dg.Failure(
            description="\n".join(failure.description or "" for failure in failures),
            metadata={"failed_series": len(failures), "finished_partitions": len(self._finished)},
            allow_retries=any(failure.allow_retries for failure in failures),
        )

    @contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """Records the finished partitions when the step ends without success, a cancel included.

        An attempt that will be retried records nothing: the next one finds the partitions stored and reports them.
        """
        try:
            yield
        except dg.Failure as failure:
            if self._final_attempt or not failure.allow_retries:
                self._record()
            raise
        except BaseException:
            self._record()
            raise
        finally:
            self._tell()

    def result(self) -> dg.MaterializeResult[None]:
        """The step's success: one event per partition, each with its own metadata, and the checks."""
        pictures = self._pictures([collected.truth for collected in self._finished])
        for collected in self._finished:
            truth = collected.truth
            metadata = collected_metadata(collected, self._bucket, pictures.get((truth.symbol, truth.trading_date), ""))
            self._context.add_asset_metadata(metadata, asset_key=self._context.asset_key, partition_key=_key(collected))
        for key, why in self._passed_over.items():
            # Dagster records every partition of the run's range: these say of themselves that nothing is stored.
            told = {"rows": 0, "not_collected": why}
            self._context.add_asset_metadata(told, asset_key=self._context.asset_key, partition_key=key)
        return dg.MaterializeResult(check_results=[self._completeness(), self._corrections()])

    def _record(self) -> None:
        # Only here: on success Dagster writes these events itself, and logging them as well would double them.
        for collected in self._finished:
            self._context.log_event(self._materialization(collected))

    def _materialization(self, collected: Collected) -> dg.AssetMaterialization:
        metadata = collected_metadata(collected, self._bucket)
        return dg.AssetMaterialization(self._context.asset_key, metadata=metadata, partition=_key(collected))

    def _tell(self) -> None:
        """Into the log: people hear of all steps together, from the healing sensor and by the check `corrections`."""
        asset = self._context.asset_key.to_user_string()
        for reason, count in self._degraded.items():
            text = f"{asset}: {count} partitions came from another source than the first. {reason}"
            told = {"asset": asset, "partitions": str(count)}
            self._events.publish(EventType.SOURCE_DEGRADED, Severity.INFO, COMPONENT, text, **told)
        for collected in self._doubted:
            text = _sentence(collected)
            self._events.publish(EventType.CORRECTION_DOUBTED, Severity.INFO, COMPONENT, text, asset=asset)

    def _completeness(self) -> dg.AssetCheckResult:
        truths = [collected.truth for collected in self._finished]
        incomplete = [truth for truth in truths if not truth.complete]
        names = [f"{truth.trading_date} {truth.symbol}" for truth in incomplete[:_SHOWN]]
        return dg.AssetCheckResult(
            check_name=COMPLETE,
            passed=not incomplete,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(incomplete)} of {len(truths)} partitions are incomplete",
            metadata={
                "gaps": sum(len(truth.gaps) for truth in incomplete),
                "refused": sum(len(truth.refused) for truth in incomplete),
                "incomplete": ", ".join(names) or "none",
            },
        )

    def _corrections(self) -> dg.AssetCheckResult:
        doubted = [_sentence(collected) for collected in self._doubted]
        return dg.AssetCheckResult(
            check_name=CORRECTIONS,
            passed=not doubted,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(doubted)} corrections were not taken and wait for a person",
            metadata={"doubted": "\n".join(doubted[:_SHOWN]) or "none"},
        )


def _key(collected: Collected) -> str:
    return partition_key(collected.truth.trading_date, collected.truth.symbol.name)


def _sentence(collected: Collected) -> str:
    truth = collected.truth
    why = f": not taken, {collected.doubt}" if collected.doubt else f": {collected.outcome}"
    return f"{truth.symbol} {truth.timeframe} {truth.trading_date}{why}; {collected.difference}"
