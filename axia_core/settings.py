"""Every setting AXIA has: read once, validated, documented. No other module reads the environment.

Sources, first wins: environment (`AXIA_...`, and the standard `AWS_ENDPOINT_URL`, `AWS_REGION`), then the TOML file
named by `AXIA_SETTINGS_FILE` (default `axia.toml` in the working directory), then the defaults below.
"""

from __future__ import annotations

import os
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from axia_core.domain import names
from axia_core.domain.holidays import Holidays, holidays_from
from axia_core.domain.limits import Limits
from axia_core.domain.sessions import parse_trading_date
from axia_core.domain.source_policy import MT5, YFINANCE, SourcePolicy
from axia_core.domain.symbols import DEFAULT_SYMBOLS, Symbol
from axia_core.domain.universe import Plan, Universe, check_broker_names
from axia_core.errors import InvalidInput
from axia_core.settings_file import PairSettings, SettingsFile

PAPER_MODULE = "axia_core.adapters.paper.metatrader5"


class Settings(BaseSettings):
    """The whole configuration; build it with `load_settings()` at an entry point and hand it on."""

    model_config = SettingsConfigDict(env_prefix="AXIA_", frozen=True, extra="forbid", populate_by_name=True)

    home: Path = Field(Path(".axia"), description="Folder of the local stack's state, relative to the working folder.")

    # AWS
    aws_endpoint_url: str | None = Field(
        None,
        validation_alias=AliasChoices("AXIA_AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL"),
        description="The local AWS server; unset means AWS itself.",
    )
    aws_region: str = Field(
        "ap-northeast-1",
        validation_alias=AliasChoices("AXIA_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
        description="Tokyo.",
    )
    bucket: str = Field(names.BUCKET, description="S3 bucket of the bars.")
    table: str = Field(names.TABLE, description="DynamoDB table of orders, kill switch and lease.")
    order_queue: str = Field(names.ORDER_QUEUE, description="SQS queue of order requests.")
    dead_letter_queue: str = Field(names.DEAD_LETTER_QUEUE, description="Where a message goes after three receives.")
    redis_url: str = Field("redis://127.0.0.1:6390/0", description="The bar cache.")
    dead_letters_told: bool = Field(
        True, description="Tell of dead letters; false where the alarm SQS-DLQ-Messages of CloudWatch does."
    )
    topic: str = Field("", description="SNS topic of events, by name or ARN; unset: they are in the log alone.")
    topic_severity: Literal["info", "warning", "critical"] = Field(
        "warning", description="Events of this severity and above go to the topic; all of them are in the log."
    )
    cloudwatch: bool = Field(
        False, description="Log lines go to CloudWatch Logs too, and metrics to AXIA/TradingSystem once a minute."
    )

    # Universe
    symbols: Annotated[tuple[str, ...], NoDecode] = Field(DEFAULT_SYMBOLS, description="Pairs to collect and trade.")
    history_start: date = Field(date(2020, 1, 1), description="First trading date that has a partition.")
    pairs: dict[str, PairSettings] = Field(
        {},
        description='What is one pair\'s own, as JSON: {"USDJPY": {"start": "2019-01-02", "timeframes": ["H1"]}}. '
        "In the settings file this is the table [symbols.USDJPY].",
    )
    holidays: dict[date, str] = Field(
        {},
        description='Trading dates on which the market is closed, as JSON: {"2026-04-03": "Good Friday"}. Christmas '
        'Day and New Year\'s Day of 2010 to 2030 are known; "open" in the place of a name takes one of them away.',
    )
    early_closes: dict[date, time] = Field(
        {}, description='Trading dates that end early, in New York time, as JSON: {"2026-12-24": "13:00"}.'
    )
    cache_bars: int = Field(8_000, gt=0, description="Bars kept per cached series.")
    settling_s: float = Field(2.0, ge=0, description="How long after its end a bar counts as complete.")
    sources: dict[str, tuple[str, ...]] | None = Field(
        None,
        description='Sources of each series in order, as JSON: {"*": ["mt5", "yfinance"], "USDJPY/M5": ["mt5"]}. '
        "Unset: both behind a real terminal, mt5 alone behind the paper one, whose prices are its own.",
    )
    reread_days: int = Field(3, ge=0, le=20, description="Stored days before the new one that 07:00 reads again.")
    correction_max_pips: float = Field(
        10.0, gt=0, description="A correction whose prices typically lie further away is flagged and not taken."
    )
    heal_days: int = Field(20, ge=1, le=260, description="Closed days in which provisional partitions are healed.")

    # MT5
    mt5_module: str = Field(
        PAPER_MODULE,
        description="Module with the MetaTrader5 surface: the paper terminal, or `MetaTrader5` on Windows.",
    )
    mt5_path: Path | None = Field(
        None, description="terminal64.exe, or the paper terminal's folder; unset means `paper` under home."
    )
    mt5_credentials: Literal["settings", "secrets"] = Field(
        "settings",
        description="Where login, password and server come from: these settings, or the account's secret on AWS.",
    )
    mt5_login: int = Field(50_000_001, description="Account the terminal must be logged in to.")
    mt5_password: SecretStr = Field(SecretStr("paper"), description="Laptop only; production reads Secrets Manager.")
    mt5_server: str = Field("AXIA-Paper", description="Broker server the terminal must be logged in to.")
    mt5_server_zone: str = Field("America/New_York", description="IANA zone whose rules the server clock follows.")
    mt5_server_shift_h: int = Field(7, description="Hours the server's wall clock is ahead of that zone.")
    mt5_symbol_names: dict[str, str] = Field(
        {}, description='The broker\'s own names where a pair has several, as JSON: {"USDJPY": "USDJPY.raw"}.'
    )
    mt5_deadline_s: float = Field(4.0, gt=0, description="After this long a call is given up and its process killed.")
    account: Literal["demo", "live"] = Field("demo", description="What the account must be; asserted at the terminal.")
    live_confirmed: bool = Field(False, description="The second setting without which a live account is refused.")

    # Orders
    order_max_age_s: float = Field(120.0, gt=0, description="A market order older than this is EXPIRED, never sent.")
    pending_max_age_s: float = Field(3_600.0, gt=0, description="The same for LIMIT, STOP and IFOCO entries.")
    max_lots_per_order: Decimal = Field(Decimal("1.0"), gt=0, description="Largest entry in lots.")
    max_open_positions: int = Field(20, gt=0, description="No entry beyond this many open positions.")
    max_spread_points: int = Field(100, gt=0, description="No entry while the spread is wider.")
    deviation_points: int = Field(20, ge=0, description="Price band of a market order in points.")
    orders_per_minute: int = Field(60, gt=0, description="No more entries than this in any minute.")
    max_net_lots: Decimal = Field(Decimal("5.0"), gt=0, description="Largest net position of a pair, orders included.")
    min_stop_points: int = Field(10, ge=0, description="Least distance of stops; the broker's own counts if larger.")
    require_stop_loss: bool = Field(False, description="Refuse entries without a stop loss.")
    max_entry_distance_percent: Decimal = Field(
        Decimal("5.0"), gt=0, description="A pending entry may lie this far from the market."
    )
    duplicate_window_s: float = Field(
        5.0, ge=0, description="An entry like another attempted so shortly before is refused as a repeat; 0: none is."
    )
    max_daily_loss_percent: Decimal = Field(
        Decimal("5.0"), gt=0, le=100, description="No entry once the day has lost this much of its first equity."
    )
    max_drawdown_percent: Decimal = Field(
        Decimal("20.0"),
        gt=0,
        le=100,
        description="No entry, and the kill switch thrown, this far below the highest equity since its last release.",
    )
    max_unknowns: int = Field(3, gt=0, description="So many orders UNKNOWN within the window throw the switch.")
    unknown_window_s: float = Field(600.0, gt=0, le=86_400, description="The window of max_unknowns.")
    retained_days: int = Field(30, ge=30, description="Days a final order stays in the ledger (queue 4 + DLQ 14).")

    # Desk
    lease_s: float = Field(10.0, gt=2, description="The desk's lease; renewed every third of it.")
    # A message that is handed to the open poll of a desk that just died waits for so long: that decides the recovery.
    receive_visibility_s: int = Field(5, gt=0, description="Visibility of the desk's receives; accepting takes ms.")
    receive_wait_s: int = Field(5, ge=0, le=20, description="Long poll of the desk.")
    absence_s: float = Field(30.0, gt=0, description="How long the broker must show no trace before absence counts.")
    send_margin_s: float = Field(4.0, gt=0, description="order_send is refused this long before the lease ends.")

    # Retention of the local stack (Dagster's storage and the logs; the ledger's is retained_days)
    order_runs_days: int = Field(60, ge=1, description="Days that a run stays which showed nothing but orders.")
    verification_runs_days: int = Field(
        14, ge=1, description="Days that a run of the hourly recovery checks stays, and what Dagster knows of them."
    )
    run_log_days: int = Field(90, ge=1, description="Days that the log of any run stays; what it made stays for good.")
    log_max_mb: int = Field(50, gt=0, description="A log file of the stack beyond this is emptied into *.previous.")

    # Recovery
    copy_region: str = Field("ap-northeast-3", description="Region of the copy of bars, orders and secrets: Osaka.")
    copy_bucket: str = Field(names.COPY_BUCKET, description="S3 bucket of the bars' copy.")
    has_copy: bool | None = Field(
        None, description="Whether there is a copy in another region; unset: on AWS yes, on a local server no."
    )
    has_host: bool | None = Field(
        None, description="Whether there is a trading host whose disk is kept in snapshots; unset: as for the copy."
    )
    verifier_role: str = Field(
        names.VERIFIER_ROLE,
        description="Role that the recovery checks take on, by name or ARN; empty: the rights of whoever calls.",
    )

    # Console
    console: bool = Field(True, description="`axia up` starts the console; false leaves it out.")
    console_host: str = Field("127.0.0.1", description="Where the console listens; elsewhere only with sign-in.")
    console_port: int = Field(8501, description="The console.")
    console_traders: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="E-mail addresses of those who may trade and turn the kill switch, once signed in."
    )
    console_viewers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="E-mail addresses of those who may look, once signed in; all others see nothing."
    )
    console_stale_s: float = Field(8.0, gt=0, description="Older than this, the trading side's snapshot sends nothing.")
    snapshot_s: float = Field(2.0, ge=0, description="How often an idle desk publishes what it sees; 0: never.")

    # Local stack
    host: str = Field("127.0.0.1", description="Loopback; the local stack listens nowhere else.")
    aws_port: int = Field(4566, description="Local AWS server.")
    redis_port: int = Field(6390, description="Local Redis.")
    webserver_port: int = Field(3000, description="Dagster UI.")
    code_server_port: int = Field(4266, description="Dagster code server.")
    clock_shift_s: float = Field(0.0, description="Added to the wall clock by every part of AXIA (weekend demos).")

    @field_validator("symbols", "console_traders", "console_viewers", mode="before")
    @classmethod
    def _split_symbols(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("symbols")
    @classmethod
    def _check_symbols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = sorted(Symbol(name).name for name in value)
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        twice = sorted({name for name in found if found.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is there twice; name each pair once")
        return tuple(found)

    @field_validator("sources")
    @classmethod
    def _check_sources(cls, value: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]] | None:
        try:
            SourcePolicy(value or {"*": (MT5,)})
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("host")
    @classmethod
    def _check_loopback(cls, value: str) -> str:
        if value not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("the local stack has no sign-in, so it listens on loopback only; use 127.0.0.1")
        return value

    @model_validator(mode="after")
    def _check_live(self) -> Settings:
        if self.account == "live" and not self.live_confirmed:
            raise ValueError("account=live needs live_confirmed=true as well: real money would move")
        if self.send_margin_s >= self.lease_s:
            raise ValueError("send_margin_s must be smaller than lease_s, or nothing could ever be sent")
        return self

    @model_validator(mode="after")
    def _check_universe(self) -> Settings:
        try:
            self.universe  # noqa: B018  # building it checks it
            check_broker_names({name: self.mt5_symbol_names.get(name, name) for name in self.symbols})
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def universe(self) -> Universe:
        """Which series are collected, since when, and on which days nothing is expected."""
        plans = {name: self._plan(name, self.pairs.get(name, PairSettings())) for name in self.symbols}
        return Universe(plans, self.holiday_calendar)

    @property
    def holiday_calendar(self) -> Holidays:
        """The usual holidays with the settings' own."""
        return holidays_from(self.holidays, self.early_closes)

    def _plan(self, name: str, pair: PairSettings) -> Plan:
        if pair.start is None:
            return Plan(self.history_start, pair.timeframes)
        try:
            return Plan(parse_trading_date(pair.start), pair.timeframes)
        except InvalidInput as error:
            raise InvalidInput(f"symbols.{name}.start", pair.start, error.rule, error.remedy) from error

    @property
    def source_policy(self) -> SourcePolicy:
        """Which sources a series is collected from, in order."""
        return SourcePolicy(self.sources or {"*": (MT5,) if self.mt5_module == PAPER_MODULE else (MT5, YFINANCE)})

    @property
    def clock_shift(self) -> timedelta:
        """What every clock of AXIA adds to the wall clock."""
        return timedelta(seconds=self.clock_shift_s)

    @property
    def limits(self) -> Limits:
        """What every entry must pass."""
        return Limits(
            market_max_age=timedelta(seconds=self.order_max_age_s),
            pending_max_age=timedelta(seconds=self.pending_max_age_s),
            max_lots_per_order=self.max_lots_per_order,
            max_open_positions=self.max_open_positions,
            max_spread_points=self.max_spread_points,
            orders_per_minute=self.orders_per_minute,
            max_net_lots=self.max_net_lots,
            min_stop_points=self.min_stop_points,
            require_stop_loss=self.require_stop_loss,
            max_entry_distance_percent=self.max_entry_distance_percent,
            duplicate_window=timedelta(seconds=self.duplicate_window_s),
            max_daily_loss_percent=self.max_daily_loss_percent,
            max_drawdown_percent=self.max_drawdown_percent,
        )

    @property
    def copied(self) -> bool:
        """Whether a copy in another region is expected to be there."""
        return self.aws_endpoint_url is None if self.has_copy is None else self.has_copy

    @property
    def hosted(self) -> bool:
        """Whether a trading host with snapshots of its disk is expected to be there."""
        return self.aws_endpoint_url is None if self.has_host is None else self.has_host

    @property
    def terminal_path(self) -> Path:
        """The terminal's path, absolute: MT5 must never be left to guess which terminal to open."""
        return (self.mt5_path or self.home / "paper").absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = Path(os.environ.get("AXIA_SETTINGS_FILE", "axia.toml"))
        return init_settings, env_settings, SettingsFile(settings_cls, file)


def load_settings() -> Settings:
    """The settings of this process; raises pydantic.ValidationError, which names each wrong field."""
    return Settings()
