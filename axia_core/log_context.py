"""What a log line is about: order, run and partition, set where the work begins and carried by every line below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_about: ContextVar[Mapping[str, str]] = ContextVar("axia_log_context", default=MappingProxyType({}))


@contextmanager
def log_context(
    *, order_id: str | None = None, run_id: str | None = None, partition: str | None = None
) -> Iterator[None]:
    """Lines of the block say what is given here, beside what a block around it said.

    Threads begin with nothing, as they do with every context variable.
    """
    before = _about.get()
    given = {"order_id": order_id, "run_id": run_id, "partition": partition}
    _about.set({**before, **{name: value for name, value in given.items() if value is not None}})
    try:
        yield
    finally:
        # Not by token: a generator may be closed in another context than it began in, which a token refuses.
        _about.set(before)


def current_context() -> Mapping[str, str]:
    """What the lines of this moment are about."""
    return _about.get()
