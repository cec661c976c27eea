"""AXIA's errors as Dagster's: what an operator reads on a red step, and whether Dagster may try again.

House rule: translation only. Nothing is swallowed here: a failed step is a red step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from axia_core.errors import AxiaError, TransientError


def as_failure(error: AxiaError) -> dg.Failure:
    """The error as a step failure with its own text; only a TransientError may be retried."""
    name = type(error).__name__
    return dg.Failure(
        description=f"{name}: {error}", metadata={"error": name}, allow_retries=isinstance(error, TransientError)
    )


@contextmanager
def shown_as_failure() -> Iterator[None]:
    """Turns an AxiaError of the block into the failure of the step."""
    try:
        yield
    except AxiaError as error:
        raise as_failure(error) from error


@contextmanager
def tried_again(context: dg.AssetExecutionContext, most: int, delay_s: float) -> Iterator[None]:
    """Asks for another attempt where it may help. Not a RetryPolicy: that begins a step anew that was cancelled."""
    try:
        yield
    except dg.Failure as failure:
        if failure.allow_retries and context.retry_number < most:
            raise dg.RetryRequested(most, delay_s) from failure
        raise
