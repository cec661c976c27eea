"""Which AXIA a command talks to: the local stack that runs on home, or what the settings say (AWS in production)."""

from __future__ import annotations

from axia_cli.stack import record
from axia_core.domain.names import MT5_SECRETS
from axia_core.settings import Settings, load_settings


def target_settings() -> Settings:
    """The settings of this process; where nothing names an AWS endpoint and a stack runs on home, that stack's.

    So a second shell needs no exports, and a server without a local stack talks to AWS.
    """
    settings = load_settings()
    running = record.read(settings.home)
    if settings.aws_endpoint_url is not None or running is None or not running.supervisor.alive:
        return settings
    ours = {name.removeprefix("AXIA_").lower(): value for name, value in running.environment.items() if _ours(name)}
    return Settings.model_validate({**settings.model_dump(), **ours})


def describe(settings: Settings) -> str:
    """The target in a few words, with demo or live: every page of output begins with it."""
    where = f"local stack at {settings.aws_endpoint_url}" if settings.aws_endpoint_url else f"AWS {settings.aws_region}"
    shift = f", clock shifted by {settings.clock_shift}" if settings.clock_shift else ""
    ours = settings.mt5_credentials == "settings"
    login = settings.mt5_login if ours else f"of the secret {MT5_SECRETS[settings.account]}"
    return f"{where}, {settings.account} account {login}{shift}"


def _ours(name: str) -> bool:
    return name.startswith("AXIA_") or name == "AWS_ENDPOINT_URL"
