"""What one paper terminal is: account, symbols, broker rules, server clock, prices; `terminal.json`, validated.

What happens in the terminal (orders, deals, balance) is `store`'s; the faults it plays are `faults`'.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from axia_core.adapters.paper import store
from axia_core.adapters.paper.brokers import BROKER_RULES
from axia_core.adapters.paper.clock import ServerClock, real_ms, to_ms
from axia_core.adapters.paper.rules import Part, SymbolRules
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.errors import InvalidInput

PROFILE_FILE = "terminal.json"


class AccountProfile(Part):
    """The account the terminal is logged in to."""

    login: int = Field(50_000_001, gt=0)
    password: str = Field("paper", repr=False)
    server: str = "AXIA-Paper"
    currency: str = Field("USD", pattern=r"[A-Z]{3}")
    currency_digits: int = Field(2, ge=0, le=8)
    leverage: int = Field(100, gt=0)
    balance: float = Field(100_000.0, ge=0, description="Booked once, as the first deal, when the state is created.")
    name: str = "AXIA Paper"
    company: str = "AXIA Paper Broker"
    trade_mode: Literal["demo", "contest", "real"] = "demo"
    margin_mode: Literal["hedging", "netting"] = "hedging"
    trade_allowed: bool = True
    trade_expert: bool = True
    limit_orders: int = Field(200, ge=0, description="Most pending orders; 0 means no limit.")
    stopout_level: float = Field(30.0, ge=0, description="Margin level in per cent at which positions are closed.")


class GeneratorPrices(Part):
    """Prices made up from a seed; the same seed gives the same bars everywhere."""

    seed: int = 1


class ServerProfile(Part):
    """The rule of the broker's server clock."""

    zone: str = "America/New_York"
    shift_h: int = 7

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ServerClock(value).to_server_s(0)
        except (OSError, ValueError, LookupError) as error:
            raise ValueError(f"{value!r} is no IANA time zone; use one like America/New_York") from error
        return value


class Prices(Part):
    """Where prices come from: `{"generator": {"seed": 1}}` or `{"files": ["USDJPY_15m.csv"]}`."""

    generator: GeneratorPrices | None = None
    files: tuple[Path, ...] | None = Field(None, description="Files or folders; relative to the terminal.")
    exported_by: ServerProfile | None = Field(None, description="Clock of MT5 exports, where not this server's own.")

    @model_validator(mode="after")
    def _check_one(self) -> Prices:
        if (self.generator is None) == (self.files is None):
            raise ValueError('give exactly one of "generator" and "files"')
        return self


class TerminalClock(Part):
    """What time it is in the terminal: the real time plus `shift_s`, `rate` times faster from `origin`, or `fixed`."""

    shift_s: float = 0.0
    fixed: AwareDatetime | None = None
    origin: AwareDatetime | None = Field(None, description="Real instant at which the accelerated clock was right.")
    rate: float = Field(1.0, gt=0)

    def now_ms(self) -> int:
        """UTC milliseconds."""
        if self.fixed is not None:
            return to_ms(self.fixed)
        real = real_ms()
        origin = to_ms(self.origin) if self.origin is not None else real
        return origin + round((real - origin) * self.rate + self.shift_s * 1000)


class TerminalProfile(Part):
    """Everything `terminal.json` says; every field has a default, so `TerminalProfile()` is a working terminal."""

    account: AccountProfile = AccountProfile()
    symbols: tuple[str, ...] = Field(DEFAULT_SYMBOLS, description="Plain pairs; with files only those that have one.")
    symbol_suffix: str = Field("", max_length=12, description="What the broker appends to every pair.")
    broker: Literal["metaquotes-demo", "ioc-only", "fok-only"] | None = Field(
        None, description="A recorded broker whose rules hold where `rules` has its default."
    )
    rules: SymbolRules = SymbolRules()
    rules_of: dict[str, dict[str, Any]] = Field({}, description="Rules that differ for one pair, by plain pair.")
    selected: bool = Field(False, description="Whether Market Watch shows every symbol without symbol_select.")
    server: ServerProfile = ServerProfile()
    prices: Prices = Prices(generator=GeneratorPrices())
    clock: TerminalClock = TerminalClock()
    autotrading: bool = Field(True, description="The Algo Trading button.")
    api_disabled: bool = Field(False, description="The option that disables trading through the Python API.")
    connected: bool = True
    maxbars: int = Field(100_000, gt=0)
    pending_retcode: Literal[10008, 10009] = Field(10008, description="Brokers accept a pending order with either.")

    @model_validator(mode="after")
    def _check_rules(self) -> TerminalProfile:
        for name in self.symbols:
            Symbol(name)
        unknown = set(self.rules_of) - set(self.symbols)
        if unknown:
            raise ValueError(f"rules_of names {sorted(unknown)}, which are not in symbols")
        _ = self._rules_by_pair  # builds them, so that a wrong rule is found here
        return self

    @cached_property
    def _rules_by_pair(self) -> dict[str, SymbolRules]:
        base = self._general_rules.model_dump()
        return {name: SymbolRules(**base | self.rules_of.get(name, {})) for name in self.symbols}

    @cached_property
    def _general_rules(self) -> SymbolRules:
        if self.broker is None:
            return self.rules
        return BROKER_RULES[self.broker].model_copy(update=self.rules.model_dump(exclude_defaults=True))

    def rules_for(self, pair: str) -> SymbolRules:
        """The rules of a plain pair; the general ones for one no longer listed (a position may outlive it)."""
        return self._rules_by_pair.get(pair, self._general_rules)

    @property
    def server_clock(self) -> ServerClock:
        return ServerClock(self.server.zone, self.server.shift_h)

    @property
    def export_clock(self) -> ServerClock:
        """The clock in which MT5 exports among the price files are written."""
        server = self.prices.exported_by or self.server
        return ServerClock(server.zone, server.shift_h)


def create_terminal(folder: Path, profile: TerminalProfile) -> None:
    """Make *folder* a paper terminal, or give the one that is there a new profile; its orders and balance stay."""
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"{PROFILE_FILE}.{os.getpid()}.new"
    scratch.write_text(profile.model_dump_json(indent=2) + "\n", encoding="utf-8")
    scratch.replace(folder / PROFILE_FILE)
    store.Store.open(folder, profile.account.balance, profile.account.currency_digits).close()


def load_profile(folder: Path) -> TerminalProfile:
    """The profile in *folder*; raises InvalidInput when it is missing or wrong."""
    file = folder / PROFILE_FILE
    remedy = "Create the terminal with create_terminal, or correct the file."
    try:
        return TerminalProfile.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput("terminal", str(file), f"it cannot be read ({error.strerror})", remedy) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or PROFILE_FILE
        raise InvalidInput(field, first.get("input"), f"{file.name}: {first['msg']}", remedy) from error
