"""One process's connection to a paper terminal: the folder's profile, prices and state, and the faults of this call.

The folder may be changed under it (another profile, another plan of faults); both are looked at again at each call.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from axia_core.adapters.paper import books, faults, trading
from axia_core.adapters.paper.arguments import CallFailed
from axia_core.adapters.paper.clock import ServerClock
from axia_core.adapters.paper.faults import Fault, FaultPlan
from axia_core.adapters.paper.generator import Generator
from axia_core.adapters.paper.history_files import load_history
from axia_core.adapters.paper.market import Market, PriceSource
from axia_core.adapters.paper.moment import Moment
from axia_core.adapters.paper.profile import PROFILE_FILE, TerminalProfile, load_profile
from axia_core.adapters.paper.store import Store
from axia_core.adapters.paper.surface import Struct
from axia_core.adapters.paper.trading import Done

_DEAD = 9
_HANG_S = 3_600
_ABSENT = (0, 0, 0)


@dataclass(slots=True)
class Terminal:
    """An open terminal; `moment` is what every function of the module starts from."""

    folder: Path
    store: Store
    profile: TerminalProfile
    market: Market
    plan: FaultPlan = field(default_factory=FaultPlan)
    faults: tuple[Fault, ...] = ()
    _stamps: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Terminal:
        """The terminal in *folder*; raises InvalidInput (UnreadableHistory for its price files)."""
        profile = load_profile(folder)
        market = _market(profile, _source(folder, profile))
        store = Store.open(folder, profile.account.balance, profile.account.currency_digits)
        terminal = cls(folder, store, profile, market)
        terminal._changed(PROFILE_FILE)
        return terminal

    def close(self) -> None:
        """Let go of the state; it stays on disk."""
        self.store.close()

    def begin(self, function: str) -> None:
        """Before a call: look at the folder, choose the call's faults, play those that come before it takes effect."""
        self._reload()
        self.faults = self.plan.of(function, self.store.take(f"calls_{function}")) if self.plan.faults else ()
        self._play(after=False)

    def end(self) -> None:
        """After a call has taken effect: play the faults that come then."""
        self._play(after=True)

    def moment(self) -> Moment:
        """The terminal now, as the faults of this call let it be seen."""
        profile = self.profile
        if any(fault.disconnected for fault in self.faults):
            profile = profile.model_copy(update={"connected": False})
        stale_ms = round(max((fault.stale_s for fault in self.faults), default=0.0) * 1000)
        late_ms = round(max((fault.late_s for fault in self.faults), default=0.0) * 1000)
        moved = sum(fault.moved_points for fault in self.faults)
        return Moment(profile, self.market, self.store, profile.clock.now_ms(), stale_ms, late_ms, moved)

    def most_rows(self) -> int | None:
        """How many bars of history have arrived so far, by the faults of this call; None for all."""
        return min((fault.rows for fault in self.faults if fault.rows is not None), default=None)

    def advanced(self) -> Moment:
        """The terminal now, with its books brought up to it."""
        if books.idle(self.moment()):
            return self.moment()
        with self.store.transaction():
            # Now is asked inside: another process may have gone further while this one waited for the lock.
            moment = self.moment()
            books.advance(moment)
        return moment

    def send(self, request: Struct) -> Struct:
        """order_send, whole or not at all."""
        self._refuse_api()
        before, after = self._retcode(after=False), self._retcode(after=True)
        with self.store.transaction():
            moment = self.moment()
            books.advance(moment)
            request = self._as_written(request)
            result = trading.sent(moment, request, Done(before)) if before else trading.send(moment, request)
        return trading.sent(moment, request, Done(after)) if after else result

    def check(self, request: Struct) -> Struct:
        """order_check."""
        self._refuse_api()
        moment, code = self.advanced(), self._retcode(after=False)
        result = trading.check(moment, request)
        told = {"retcode": code, "comment": trading.TEXTS.get(code, "")} if code else {}
        return type(result).of(result._asdict() | told)

    def _as_written(self, request: Struct) -> Struct:
        comments = [fault.comment for fault in self.faults if fault.comment is not None]
        return type(request).of(request._asdict() | {"comment": comments[0]}) if comments else request

    def _refuse_api(self) -> None:
        if self.profile.api_disabled:
            raise CallFailed(-8, "Auto-Trading using Python API disabled in Terminal")

    def _retcode(self, *, after: bool) -> int:
        return next((fault.retcode for fault in self.faults if fault.retcode and fault.after is after), 0)

    def _play(self, *, after: bool) -> None:
        for fault in self.faults:
            if fault.after is not after:
                continue
            time.sleep(_HANG_S if fault.hang else fault.delay_s)
            if fault.die:
                os._exit(_DEAD)
            if fault.error is not None:
                raise CallFailed(*fault.error)

    def _reload(self) -> None:
        if self._changed(PROFILE_FILE):
            profile = load_profile(self.folder)
            same = _sources(profile) == _sources(self.profile)
            source = self.market.source if same else _source(self.folder, profile)
            self.profile, self.market = profile, _market(profile, source)
        if self._changed(faults.FAULTS_FILE):
            self.plan = faults.read_plan(self.folder)

    def _changed(self, name: str) -> bool:
        try:
            found = (self.folder / name).stat()
            # Two writes may fall into one tick of the file system's clock; each replaces the file by a new one.
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        except FileNotFoundError:
            stamp = _ABSENT
        changed = self._stamps.get(name, _ABSENT) != stamp
        self._stamps[name] = stamp
        return changed


def _sources(profile: TerminalProfile) -> tuple[object, ...]:
    """What the prices depend on."""
    return profile.prices, profile.symbols, profile.export_clock


def _source(folder: Path, profile: TerminalProfile) -> PriceSource:
    if profile.prices.files is not None:
        return load_history([folder / file for file in profile.prices.files], profile.symbols, profile.export_clock)
    seed = profile.prices.generator.seed if profile.prices.generator is not None else 0
    return Generator(seed, profile.symbols)


def _market(profile: TerminalProfile, source: PriceSource) -> Market:
    clock = ServerClock(profile.server.zone, profile.server.shift_h)
    spreads = {pair: profile.rules_for(pair).spread for pair in source.pairs}
    return Market(source, clock, spreads, has_minutes=profile.prices.generator is not None)
