"""Use case: look at everything that a recovery would need, and say of each whether it would be there. Reads only.

The checks run side by side. Each stands alone: what one cannot read is its own unknown, and no other's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from axia_core.domain import names, sampling
from axia_core.domain import verification_checks as checks
from axia_core.domain import verification_rules as rules
from axia_core.domain.beats import ITEM_PK
from axia_core.domain.safeguards import ItemKey, Pair, Series, pairs_of
from axia_core.domain.verification import Check, Finding, Judgement, Part, Status, Verification
from axia_core.errors import ArchivedObject, AxiaError, CorruptObject

if TYPE_CHECKING:
    from axia_core.domain.beats import Beat
    from axia_core.domain.universe import Universe
    from axia_core.ports import BarStore, Clock
    from axia_core.ports.verification import Heartbeats, Safeguards, Templates

LOG = logging.getLogger("axia.recovery_checks")
WORKERS = 8
POLL_S = 3.0
# The order copy leaves these out: they change every few seconds and mean nothing elsewhere.
FLEETING = frozenset({"LEASE#DESK", "SNAPSHOT#BOOK"})
NO_COPY = "no copy in another region here (`has_copy`)"
NO_HOST = "no trading host here (`has_host`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region, and the places of its heartbeats."""

    safeguards: Safeguards
    objects: Heartbeats
    items: Heartbeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be there, by name; *patience_s* is for what is on its way."""

    universe: Universe
    order_queue: str
    dead_letter_queue: str
    copy_bucket: str
    secrets: tuple[str, ...]
    subscriptions: tuple[tuple[str, str], ...]
    alarms: tuple[str, ...]
    hosted: bool
    patience_s: float = 0.0
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def verify(
    expected: Expected,
    home: Region,
    copy: Region | None,
    *,
    store: BarStore,
    templates: Templates,
    clock: Clock,
    seed: str = "",
) -> Verification:
    """Every check, once; without a *copy* those about it are skipped. *seed* repeats the samples of another hour."""
    now = clock.now()
    look = _Look(expected, home, store, templates, clock, now, seed or sampling.seed_of(now))
    asked = look.at_home() | (look.at_the_copy(copy) if copy else {})
    missing = {Part.COPY: "" if copy else NO_COPY, Part.HOST: "" if expected.hosted else NO_HOST}
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = [
            pool.submit(_answer, checks.with_names(check, expected.names), asked, missing.get(check.part, ""))
            for check in checks.CHECKS
        ]
    return Verification(now, tuple(one.result() for one in waiting))


Asked = dict[str, Callable[[], Judgement]]


def _answer(check: Check, asked: Asked, absent: str) -> Finding:
    if absent:
        return check.finding(Judgement(Status.SKIPPED, absent))
    try:
        return check.finding(asked[check.name]())
    except AxiaError as error:
        return check.finding(Judgement(Status.UNKNOWN, f"it could not be read: {error}"))
    except Exception as error:  # one check that breaks must not hide what all the others have seen
        LOG.exception("the recovery check %s broke", check.name)
        return check.finding(Judgement(Status.UNKNOWN, f"the check itself broke: {error!r}"))


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at everything."""

    expected: Expected
    home: Region
    store: BarStore
    templates: Templates
    clock: Clock
    now: datetime
    seed: str

    def at_home(self) -> Asked:
        see, expected, now = self.home.safeguards, self.expected, self.now
        return {
            checks.POINT_IN_TIME_RECOVERY.name: lambda: rules.point_in_time_recovery(see.table(), now),
            checks.TIME_TO_LIVE.name: lambda: rules.time_to_live(see.table()),
            checks.DELETION_PROTECTION.name: lambda: rules.deletion_protection(see.table()),
            checks.VERSIONING.name: lambda: rules.versioning(see.bucket()),
            checks.LIFECYCLE.name: lambda: rules.lifecycle(see.bucket()),
            checks.INTEGRITY.name: self.integrity,
            checks.CACHE_REBUILDABLE.name: self.cache_rebuildable,
            checks.SECRETS.name: lambda: rules.secrets(expected.secrets, see.secrets(expected.secrets)),
            checks.SECRET_AGE.name: lambda: rules.secret_age(see.secrets(expected.secrets), now),
            checks.QUEUES.name: self.queues,
            checks.SUBSCRIPTIONS.name: lambda: rules.subscriptions(expected.subscriptions, see.subscriptions()),
            checks.ALARMS.name: lambda: rules.alarms(expected.alarms, see.alarms()),
            checks.ALARM_DATA.name: lambda: rules.alarm_data(see.alarms(), now, expected.hosted),
            checks.TEMPLATE_DRIFT.name: self.template_drift,
            checks.SNAPSHOTS.name: lambda: rules.snapshots(see.snapshots(), now),
        }

    def at_the_copy(self, copy: Region) -> Asked:
        here, there, expected, now = self.home, copy.safeguards, self.expected, self.now
        return {
            checks.REPLICATION_RULE.name: lambda: rules.replication_rule(
                here.safeguards.bucket(), expected.copy_bucket
            ),
            checks.REPLICATION_LAG.name: lambda: self.arrival(here.objects, copy.objects),
            checks.REPLICA_COVERAGE.name: lambda: self.same_objects(there, self.sample(), "sampled partitions"),
            checks.NEWEST_PARTITIONS.name: lambda: self.same_objects(there, self.newest(), "newest partitions"),
            checks.REPLICA_VERSIONING.name: lambda: rules.versioning(there.bucket()),
            checks.ORDER_COPY_LAG.name: lambda: self.arrival(here.items, copy.items),
            checks.ORDER_COPY_ITEMS.name: lambda: self.same_items(copy),
            checks.ORDER_COPY_PROTECTION.name: lambda: rules.order_copy_protection(there.table(), now),
            checks.SECRET_COPIES.name: lambda: rules.secret_copies(
                here.safeguards.secrets(expected.secrets), there.secrets(expected.secrets)
            ),
        }

    def integrity(self) -> Judgement:
        read = [fault for key in self.sample() if (fault := self.fault_of(key)) is not None]
        return rules.integrity(len(read), [fault for fault in read if fault])

    def fault_of(self, key: str) -> str | None:
        """Why a partition does not read back, or nothing; None where it lies in an archive."""
        try:
            self.store.read(*names.parse_object_key(key))
        except ArchivedObject:
            return None
        except CorruptObject as error:
            return " ".join(str(error).split())
        return ""

    def cache_rebuildable(self) -> Judgement:
        due = {names.object_key(one.symbol, one.timeframe, one.newest_due): one for one in self.series()}
        stored = {found.key for found in self.home.safeguards.objects(list(due))}
        lacking = {str(one): one.newest_due for key, one in due.items() if key not in stored}
        return rules.cache_rebuildable(lacking, len(due), bool(stored) or self.anything_of(due.values()))

    def anything_of(self, series: Iterable[Series]) -> bool:
        prefixes = (names.series_prefix(one.symbol, one.timeframe) for one in series)
        return any(self.home.safeguards.keys_after(prefix, "", 1) for prefix in prefixes)

    def queues(self) -> Judgement:
        see = self.home.safeguards
        return rules.queues(see.queue(self.expected.order_queue), see.queue(self.expected.dead_letter_queue))

    def template_drift(self) -> Judgement:
        compared = self.templates.compared()
        return rules.template_drift(compared.drifts, compared.properties)

    def arrival(self, written_in: Heartbeats, copied_to: Heartbeats) -> Judgement:
        written = written_in.read()
        return rules.arrival(written, self.arrived(written, copied_to), self.now)

    def arrived(self, written: Beat | None, copied_to: Heartbeats) -> Beat | None:
        """The newest mark of the copy, once the one written last is there or patience is over."""
        arrived, waited_s = copied_to.read(), 0.0
        while written and (arrived is None or arrived.at < written.at) and waited_s < self.expected.patience_s:
            self.clock.sleep(POLL_S)
            arrived, waited_s = copied_to.read(), waited_s + POLL_S
        return arrived

    def same_objects(self, there: Safeguards, keys: Sequence[str], what: str) -> Judgement:
        """Only what the original has is compared: a deletion is not replicated, and must not be."""
        here = self.home.safeguards.objects(keys)
        copied = {one.key: _content(one.etag, one.size_bytes) for one in there.objects([one.key for one in here])}
        pending = frozenset(one.key for one in here if rules.is_on_its_way(one, self.now))
        own = {one.key: _content(one.etag, one.size_bytes) for one in here}
        return rules.agreement(pairs_of(own, copied, pending), what, lacking=len(keys) - len(here))

    def same_items(self, copy: Region) -> Judgement:
        """What differs is read again for a while: the copy is some seconds behind."""
        number = sampling.number_of(self.seed)
        regions = (self.home.safeguards, copy.safeguards)
        found = [see.sample_items(number, sampling.SAMPLED_ITEMS) for see in regions]
        keys = sorted({item.key for items in found for item in items if _is_compared(item.key)}, key=str)
        pairs, waited_s = self.item_pairs(copy, keys), 0.0
        while any(pair.differs for pair in pairs) and waited_s < self.expected.patience_s:
            self.clock.sleep(POLL_S)
            pairs, waited_s = self.item_pairs(copy, keys), waited_s + POLL_S
        return rules.agreement(pairs, "items")

    def item_pairs(self, copy: Region, keys: Sequence[ItemKey]) -> tuple[Pair, ...]:
        """What either region has of them, side by side, without what is over; both are read at this moment."""
        since = rules.behind_since(self.home.items.read(), copy.items.read())
        both = [see.items(keys) for see in (self.home.safeguards, copy.safeguards)]
        over = {one.key for items in both for one in items if one.expires_at and one.expires_at <= self.now}
        here, copied = ({str(one.key): one.digest for one in items if one.key not in over} for items in both)
        late = {str(one.key) for one in both[0] if rules.may_lack(one, since)}
        late |= copied.keys() - here.keys() if since else set()  # a removal is on its way as well
        return pairs_of(here, copied, frozenset(late))

    def series(self) -> tuple[Series, ...]:
        return sampling.due_series(self.expected.universe, self.now)

    def newest(self) -> list[str]:
        return [names.object_key(one.symbol, one.timeframe, one.newest_due) for one in self.series()]

    def sample(self) -> list[str]:
        """Older partitions than the newest, which have a check of their own."""
        chosen = sampling.sampled(self.series(), self.seed)
        keys = [key for one, day in chosen for key in self.stretch(one, day) if names.is_object_key(key)]
        newest = {one.newest_due for one in self.series()}
        return [key for key in keys if names.parse_object_key(key)[2] < min(newest)]

    def stretch(self, series: Series, day: date) -> list[str]:
        """The stored days of a series after *day*, and from its first on again where there are too few."""
        see, prefix = self.home.safeguards, names.series_prefix(series.symbol, series.timeframe)
        after = names.object_key(series.symbol, series.timeframe, day)
        found = see.keys_after(prefix, after, sampling.SAMPLED_DAYS)
        lacking = sampling.SAMPLED_DAYS - len(found)
        return list(dict.fromkeys((*found, *(see.keys_after(prefix, "", lacking) if lacking else ()))))


def _content(etag: str, size_bytes: int) -> str:
    return f"{etag} {size_bytes}"


def _is_compared(key: ItemKey) -> bool:
    return key.sk not in FLEETING and key.pk != ITEM_PK
