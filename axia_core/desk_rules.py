"""How a desk works: symbols, limits, lease, waits; read from the settings once, and refused where they cannot work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from axia_core.domain.limits import Limits
from axia_core.domain.triggers import UnknownRule
from axia_core.errors import InvalidInput
from axia_core.settings import Settings

RENEWED_BELOW = 2 / 3  # of its duration, a lease is renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """How the desk works; read from the settings once."""

    symbols: tuple[str, ...]
    limits: Limits
    lease_s: float
    send_margin: timedelta
    absence: timedelta
    receive_wait_s: int
    receive_visibility_s: int
    unknowns: UnknownRule
    snapshot_every: timedelta = timedelta()

    @classmethod
    def of(cls, settings: Settings) -> DeskRules:
        """The rules that the settings state; raises InvalidInput where they cannot work together."""
        if settings.send_margin_s < settings.mt5_deadline_s:
            rule = (
                f"a call that begins just in time must end (mt5_deadline_s {settings.mt5_deadline_s}) within the lease"
            )
            raise InvalidInput("send_margin_s", settings.send_margin_s, rule, "Make it at least mt5_deadline_s.")
        if settings.receive_wait_s >= settings.lease_s * RENEWED_BELOW:
            rule = f"the lease (lease_s {settings.lease_s}) must outlive a poll that begins when it is due for renewal"
            raise InvalidInput("receive_wait_s", settings.receive_wait_s, rule, "Make it less than two thirds of it.")
        return cls(
            symbols=settings.symbols,
            limits=settings.limits,
            lease_s=settings.lease_s,
            send_margin=timedelta(seconds=settings.send_margin_s),
            absence=timedelta(seconds=settings.absence_s),
            receive_wait_s=settings.receive_wait_s,
            receive_visibility_s=settings.receive_visibility_s,
            snapshot_every=timedelta(seconds=settings.snapshot_s),
            unknowns=UnknownRule(count=settings.max_unknowns, window=timedelta(seconds=settings.unknown_window_s)),
        )
