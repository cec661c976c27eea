"""What a collecting run has finished so far, and how Dagster gets to know it, whether the run succeeds or not.

House rule: bookkeeping of one step. What a partition's metadata says is `axia_pipelines.metadata`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from axia_core.errors import AxiaError, HistoryNotReady, PermanentError
from axia_pipelines.failures import as_failure
from axia_pipelines.metadata import partition_metadata
from axia_pipelines.partitions import partition_key

if TYPE_CHECKING:
    from axia_core.domain.bars import PartitionTruth

COMPLETE = "complete"


class Progress:
    """Partitions finished by one attempt of one step."""

    def __init__(self, context: dg.AssetExecutionContext, bucket: str, final_attempt: bool) -> None:
        self._context = context
        self._bucket = bucket
        self._final_attempt = final_attempt
        self._truths: list[PartitionTruth] = []
        self._failures: list[AxiaError] = []

    def add(self, truth: PartitionTruth) -> None:
        """Notes a stored partition."""
        self._truths.append(truth)

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
            metadata={"failed_series": len(failures), "finished_partitions": len(self._truths)},
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

    def result(self) -> dg.MaterializeResult[None]:
        """The step's success: one event per partition, each with its own metadata, and the completeness check."""
        for truth in self._truths:
            key = partition_key(truth.trading_date, truth.symbol.name)
            self._context.add_asset_metadata(
                partition_metadata(truth, self._bucket), asset_key=self._context.asset_key, partition_key=key
            )
        return dg.MaterializeResult(check_results=[self._completeness()])

    def _record(self) -> None:
        # Only here: on success Dagster writes these events itself, and logging them as well would double them.
        for truth in self._truths:
            key = partition_key(truth.trading_date, truth.symbol.name)
            metadata = partition_metadata(truth, self._bucket)
            self._context.log_event(dg.AssetMaterialization(self._context.asset_key, metadata=metadata, partition=key))

    def _completeness(self) -> dg.AssetCheckResult:
        incomplete = [truth for truth in self._truths if not truth.complete]
        names = [f"{truth.trading_date} {truth.symbol}" for truth in incomplete[:10]]
        return dg.AssetCheckResult(
            check_name=COMPLETE,
            passed=not incomplete,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(incomplete)} of {len(self._truths)} partitions are incomplete",
            metadata={
                "gaps": sum(len(truth.gaps) for truth in incomplete),
                "refused": sum(len(truth.refused) for truth in incomplete),
                "incomplete": ", ".join(names) or "none",
            },
        )
