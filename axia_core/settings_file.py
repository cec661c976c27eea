"""The settings file `axia.toml`: its tables as the flat fields of `Settings`. What a value may be is not decided here.

A pair is one table, `[symbols.USDJPY]`, with everything that is its own; the environment knows the flat fields only.
"""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput

PAIRS = "pairs"
NAMES = "mt5_symbol_names"


class PairSettings(BaseModel):
    """What `[symbols.USDJPY]` may say besides the broker's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # A plain `date` field would also take a number for a time stamp.
    start: str | None = Field(None, description="First trading date, YYYY-MM-DD; unset means `history_start`.")
    timeframes: tuple[Timeframe, ...] = Field(tuple(Timeframe), description="Which are collected; unset means all.")


class SettingsFile(TomlConfigSettingsSource):
    """The source of settings that a TOML file is; a file that is not there says nothing."""

    def __init__(self, settings_cls: type[BaseSettings], file: Path) -> None:
        self._file = file
        super().__init__(settings_cls, toml_file=file)

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        try:
            return flat(super()._read_file(file_path), str(self._file))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            remedy = "Correct that line; axia.example.toml shows every form."
            raise InvalidInput("settings file", str(self._file), f"it is not TOML: {error}", remedy) from error


def flat(document: dict[str, Any], file: str) -> dict[str, Any]:
    """The document with its tables of pairs as flat fields; raises InvalidInput, which names the key in *file*."""
    if PAIRS in document:
        raise InvalidInput(f"{PAIRS} in {file}", document[PAIRS], "it is written [symbols.USDJPY]", "Rename the table.")
    pairs = document.get("symbols")
    if not isinstance(pairs, dict):
        return document
    names = dict(document.get(NAMES, {}))
    tables = {pair: _without_name(pair, table, names, file) for pair, table in pairs.items()}
    # An empty table of names would be one more key to override; the dates of TOML are values, ours are text.
    return document | {"symbols": list(pairs), PAIRS: tables} | ({NAMES: names} if names else {})


def _without_name(pair: str, table: object, names: dict[str, str], file: str) -> dict[str, Any]:
    """A pair's table without its broker name, which is put into *names*."""
    if not isinstance(table, dict):
        rule = "what is said of a pair is a table"
        raise InvalidInput(f"symbols.{pair} in {file}", table, rule, f'Example: [symbols.{pair}] start = "2020-01-01".')
    name = table.get("broker_name", names.get(pair))
    if name is not None and names.setdefault(pair, name) != name:
        rule = f"{NAMES}.{pair} is {names[pair]!r} in the same file"
        raise InvalidInput(f"symbols.{pair}.broker_name in {file}", name, rule, "Remove one of the two.")
    kept = {key: value for key, value in table.items() if key != "broker_name"}
    return kept | ({"start": str(kept["start"])} if "start" in kept else {})
