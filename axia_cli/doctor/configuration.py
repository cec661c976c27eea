"""Are the settings right: each one valid, no variable misspelt, and together what is meant. Secrets are never shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from axia_cli.output import message
from axia_core.domain import names
from axia_core.domain.examination import Finding, failure, warning, well
from axia_core.errors import InvalidInput
from axia_core.settings import PAPER_MODULE, Settings

PREFIX = "AXIA_"
FILE_VARIABLE = "AXIA_SETTINGS_FILE"
# What others than `Settings` read: its own file's name, the larger deployment's launcher, the screenshots of a test.
NOT_SETTINGS = (FILE_VARIABLE, "AXIA_ECS_", "AXIA_SCREENSHOTS")
HIDDEN = "(hidden)"
DOCUMENTED = "Correct it; axia_core/settings.py documents each setting."
_CORRECT = " Correct it "


@dataclass(frozen=True)
class Fault:
    """A setting that is refused, and what to do."""

    said: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The settings or what is wrong with them, and where they come from."""

    settings: Settings | None
    faults: tuple[Fault, ...]
    environment: Mapping[str, str]
    file: Path
    file_exists: bool

    @property
    def valid(self) -> Settings:
        """The settings; raises InvalidInput where they are not valid."""
        if self.settings is None:
            raise InvalidInput("settings", "(see the check)", "they are not valid", "Correct them first.")
        return self.settings


def read(load: Callable[[], Settings]) -> Configuration:
    """The configuration of this process; what `load` raises for wrong settings becomes faults."""
    file = Path(os.environ.get(FILE_VARIABLE, "axia.toml"))
    settings: Settings | None = None
    faults: tuple[Fault, ...] = ()
    try:
        settings = load()
    except ValidationError as error:
        faults = tuple(_fault(line) for line in message(error).splitlines())
    except InvalidInput as error:
        faults = (Fault(str(error).removesuffix(error.remedy).strip(), error.remedy or DOCUMENTED),)
    return Configuration(
        settings=settings, faults=faults, environment=dict(os.environ), file=file, file_exists=file.exists()
    )


def judge_settings(found: Configuration) -> Iterator[Finding]:
    """Each setting that is refused, and a settings file that was named and is not there."""
    for fault in found.faults:
        yield failure(fault.said, fault.remedy)
    if FILE_VARIABLE in found.environment and not found.file_exists:
        remedy = f"Correct {FILE_VARIABLE}, or make the file (axia.example.toml shows every form)."
        yield failure(f"the settings file {found.file} is not there, so its settings do not apply", remedy)
    if found.settings is not None:
        file = f"file {found.file}" if found.file_exists else f"no file {found.file}"
        yield well(f"{len(Settings.model_fields)} settings are valid; {file}; {_overrides(found) or 'no variables'}")


def judge_variables(found: Configuration) -> Iterator[Finding]:
    """Variables that look like ours and mean nothing, and endpoints that would win over ours."""
    known = _known()
    ours = sorted(name for name in found.environment if name.upper().startswith(PREFIX))
    unknown = [name for name in ours if name.upper() not in known and not name.upper().startswith(NOT_SETTINGS)]
    for name in unknown:
        close = get_close_matches(name.upper(), known, n=1)
        meant = f"Did you mean {close[0]}? Rename it" if close else "Unset it"
        yield warning(f"{name} is no setting and means nothing", f"{meant}; axia_core/settings.py has the list.")
    for name in sorted(name for name in found.environment if name.startswith("AWS_ENDPOINT_URL_")):
        yield warning(f"{name} sends calls of one service elsewhere", "Unset it: AWS_ENDPOINT_URL is for all of them.")
    yield well(f"{len(ours) - len(unknown)} variables of AXIA")


def judge_sense(found: Settings) -> Iterator[Finding]:
    """Settings that are valid one by one and are not what a system on AWS can be meant to have."""
    if found.aws_endpoint_url is None:
        yield from _on_aws(found)
    if found.account == "live" and found.mt5_module == PAPER_MODULE:
        yield warning("the account is live and the terminal is the paper one", "Set AXIA_MT5_MODULE=MetaTrader5.")
    lots = f"{found.max_lots_per_order} lots an order, {found.max_net_lots} net, {found.max_daily_loss_percent} % a day"
    yield well(f"{found.account} account, {len(found.symbols)} pairs, at most {lots}")


def _on_aws(found: Settings) -> Iterator[Finding]:
    if found.clock_shift_s:
        said = f"the clock is shifted by {found.clock_shift_s:g} s on AWS: ages, sessions and bars would all be wrong"
        yield failure(said, "Unset AXIA_CLOCK_SHIFT_S (also in the settings file).")
    if found.mt5_credentials == "settings":
        said = "the MT5 account comes from the settings, not from Secrets Manager"
        yield warning(said, f"Set AXIA_MT5_CREDENTIALS=secrets and fill the secret TSS/mt5/{found.account}.")
    if found.mt5_module == PAPER_MODULE:
        yield warning("on AWS, and orders go to the paper terminal", "Set AXIA_MT5_MODULE=MetaTrader5 on the host.")
    if not found.topic:
        yield warning("events stay in the log: nobody is told", f"Set AXIA_TOPIC={names.TOPIC}.")
    if not found.cloudwatch:
        said = "neither log lines nor metrics leave this machine, so no alarm of AXIA's can go off"
        yield warning(said, "Set AXIA_CLOUDWATCH=true.")


def _overrides(found: Configuration) -> str:
    known = _known()
    given = {name: value for name, value in sorted(found.environment.items()) if name.upper() in known}
    return ", ".join(f"{name}={_shown(known[name.upper()], value)}" for name, value in given.items())


def _fault(line: str) -> Fault:
    said, correct, rest = line.partition(_CORRECT)
    return Fault(said, f"{correct}{rest}".strip() or DOCUMENTED)


def _known() -> dict[str, str]:
    """Each variable that is read, and the setting that it sets."""
    known: dict[str, str] = {}
    for field, about in Settings.model_fields.items():
        alias = about.validation_alias
        names = getattr(alias, "choices", None) or [f"{PREFIX}{field}"]
        known |= {str(name).upper(): field for name in names}
    return known


def _shown(field: str, value: str) -> str:
    if Settings.model_fields[field].annotation is SecretStr:
        return HIDDEN
    address = urlsplit(value) if "://" in value else None
    if address is not None and "@" in address.netloc:
        return value.replace(address.netloc, f"{HIDDEN}@{address.netloc.rpartition('@')[2]}")
    return value
