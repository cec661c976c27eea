"""Every error AXIA raises, in one tree; the branch says whether trying again helps.

    AxiaError
    ├── TransientError              trying again later may help; nothing was changed
    │   ├── SourceUnavailable       a market data source or the MT5 terminal did not answer
    │   │   └── SourceRateLimited   it answered that it is asked too often
    │   ├── HistoryNotReady         the terminal is still downloading this history
    │   ├── StoreUnavailable        S3, DynamoDB or SQS could not be reached or throttled
    │   ├── CacheUnavailable        Redis could not be reached; readers go on without it
    │   └── AttemptInFlight         an order is being sent at this moment; nobody else may use the terminal
    └── PermanentError              trying the same again will fail the same way
        ├── InvalidInput            a value from outside breaks a rule: names field, value, rule, remedy
        │   ├── UnknownSymbol
        │   ├── UnknownTimeframe
        │   ├── NotATradingDay
        │   ├── InvalidOrder        a message that can never become an order
        │   └── UnreadableHistory   a history file whose rows or clock cannot be trusted
        ├── ConflictingOrder        a known order id arrived with other content
        ├── VersionConflict         a conditional write lost: somebody else moved the item first
        ├── IllegalTransition       the order state machine has no such move
        ├── LeaseLost               another desk holds the lease, or ours ran out
        ├── CorruptObject           stored bytes that do not read back as what their metadata says
        │   └── NewerItem           a ledger item of a newer version, whose meaning this one does not know
        ├── ArchivedObject          stored, but in a class that must be restored before it can be read
        ├── IncompleteHistory       a reader required a complete range, and something of it is missing
        ├── HistoryOutOfReach       the source does not go that far back
        ├── ServerClockMismatch     the broker's clock is not the one in the settings
        ├── WrongAccount            the terminal is logged in elsewhere, or demo/live disagree
        └── NotRunning              the local stack (or a part of it) is not there

What a caller branches on (a fill, a rejection, an unknown outcome) is a return type in `axia_core.domain`,
not an exception. Vendor errors are translated once, in the adapter that imports the vendor, with `from`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime


class AxiaError(Exception):
    """Root of the tree: catch it only at an entry point."""


class TransientError(AxiaError):
    """Nothing was changed, and the same call may succeed later."""


class PermanentError(AxiaError):
    """The same call will fail again until somebody changes something."""


class SourceUnavailable(TransientError):
    """A market data source or the MT5 terminal did not answer."""


class SourceRateLimited(SourceUnavailable):
    """The source answered that it is asked too often; asking at once again makes it worse."""


class HistoryNotReady(TransientError):
    """The terminal is still downloading the requested history."""


class StoreUnavailable(TransientError):
    """S3, DynamoDB or SQS could not be reached, or asked us to slow down."""


class CacheUnavailable(TransientError):
    """Redis could not be reached; reads go to the store instead."""


class AttemptInFlight(TransientError):
    """An order is being sent at this moment, and two senders must not act on one book."""


class InvalidInput(PermanentError):
    """A value from outside breaks a rule; the text names field, value, rule and remedy."""

    def __init__(self, field: str, value: object, rule: str, remedy: str = "") -> None:
        self.field = field
        self.value = value
        self.rule = rule
        self.remedy = remedy
        shown = repr(value)
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        text = f"{field}: {shown} was refused: {rule}."
        super().__init__(f"{text} {remedy}".rstrip())


class UnknownSymbol(InvalidInput):
    """The symbol is not one that the settings list."""


class UnknownTimeframe(InvalidInput):
    """The timeframe is none of M5, M15, H1, H4 and D1."""


class NotATradingDay(InvalidInput):
    """The date has no FX session (a Saturday, a Sunday or a configured holiday)."""


class InvalidOrder(InvalidInput):
    """The message can never become an order."""


class UnreadableHistory(InvalidInput):
    """A history file whose rows or clock cannot be trusted."""


class ConflictingOrder(PermanentError):
    """A known order id arrived again with other content."""


class VersionConflict(PermanentError):
    """A conditional write lost because somebody else had moved the item first."""


class IllegalTransition(PermanentError):
    """The order state machine has no such move."""


class LeaseLost(PermanentError):
    """Another desk holds the lease, or ours ran out."""


class CorruptObject(PermanentError):
    """Stored bytes do not read back as what their metadata says."""


class NewerItem(CorruptObject):
    """A newer version of AXIA wrote the ledger item; this one leaves it alone and does not guess."""


class ArchivedObject(PermanentError):
    """A partition lies in an archive class: it must be restored before it can be read."""


class IncompleteHistory(PermanentError):
    """A complete range was required, and days or bars of it are missing; the attributes list them."""

    def __init__(
        self, text: str, missing_days: Sequence[date], gaps: Sequence[datetime], archived: Sequence[date] = ()
    ) -> None:
        self.missing_days = tuple(missing_days)
        self.gaps = tuple(gaps)
        self.archived = tuple(archived)
        super().__init__(text)


class HistoryOutOfReach(PermanentError):
    """The source keeps no history that goes so far back."""


class ServerClockMismatch(PermanentError):
    """The broker's server clock is not the one in the settings."""


class WrongAccount(PermanentError):
    """The terminal is logged in to another account, or demo and live disagree."""


class NotRunning(PermanentError):
    """The local stack, or a part of it, is not running."""
