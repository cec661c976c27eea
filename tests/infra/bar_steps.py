"""What the trading host does with bars in S3, as steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from axia_core.adapters.memory_bars import MemoryBarCache, MemoryMarketData
from axia_core.adapters.s3 import S3BarStore
from axia_core.domain import names
from axia_core.domain.archive import ArchiveState
from axia_core.domain.bars import RefusedBar
from axia_core.domain.refused import refused_rows
from axia_core.domain.sessions import session
from axia_core.domain.timeframes import Timeframe
from axia_core.ports import BarStore
from axia_core.services.collect import collect
from axia_core.services.load import load
from axia_core.services.publish import publish
from axia_core.services.restore import restore
from tests.bar_examples import USDJPY, session_bars, truth_of
from tests.infra.acting import Acting

H1 = Timeframe.H1


@dataclass
class BarSteps(Acting):
    """Collecting, loading, looking back, restoring, refusing."""

    @property
    def store(self) -> BarStore:
        return self.noted(BarStore, S3BarStore(self.me.client("s3"), names.BUCKET))

    @property
    def _roots_store(self) -> S3BarStore:
        return S3BarStore(self.yard.root.client("s3"), names.BUCKET)

    def collect(self) -> None:
        day = next(self.days)
        bars = session_bars(H1, day)
        collect(MemoryMarketData(self.clock, [bars]), self.store, self.clock, USDJPY, H1, day)

        assert self._roots_store.truth(USDJPY, H1, day) is not None

    def load(self) -> None:
        day, cache = self.stored_day(), MemoryBarCache(self.clock)
        hours = session(day)
        loaded = load(cache, self.store, self.clock, USDJPY, H1, hours.open, hours.close)

        assert len(loaded.bars) == H1.bars_per_session
        assert self.store.truth(USDJPY, H1, day) is not None
        assert publish(self.store, cache, self.clock, USDJPY, H1, 24).held

    def revisions(self) -> None:
        day = self.stored_day()
        self._roots_store.write(bars := session_bars(H1, day, price=151.0), truth_of(bars, day))
        found = self.store.revisions(USDJPY, H1, day)

        assert len(found) == 2
        assert self.store.read(USDJPY, H1, day, found[0].id) is not None

    def restore(self) -> None:
        day = self.stored_day()
        where = {"Bucket": names.BUCKET, "Key": names.object_key(USDJPY, H1, day)}
        self.yard.root.client("s3").copy_object(**where, CopySource=where, StorageClass="DEEP_ARCHIVE")
        restore(self.store, USDJPY, H1, day, day)

        (found,) = self._roots_store.archived(USDJPY, H1, [day])
        assert found.state is not ArchiveState.ARCHIVED

    def refuse(self) -> None:
        day = next(self.days)
        bars = session_bars(H1, day)
        bad = RefusedBar(session(day).open, "a test")
        self.store.keep_refused(refused_rows(bars, (bad,), day, "memory"))

        assert self.store.refused(USDJPY, H1, day) is not None
        assert day in self.store.refused_dates(USDJPY, H1)

    def stored_day(self) -> date:
        day = next(self.days)
        bars = session_bars(H1, day)
        self._roots_store.write(bars, truth_of(bars, day))
        return day
