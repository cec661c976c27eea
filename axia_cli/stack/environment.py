"""The environment of the stack's children, and the part of it that a shell needs to talk to the running stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from axia_core.aws import LOCAL_KEY
from axia_core.domain.names import TOPIC
from axia_core.settings import Settings

# On Linux malloc would keep a heap for each of Dagster's threads (25 MB over five processes; the interpreter lets one
# thread allocate at a time anyway), and, once large blocks were freed, ever more of the top of it (16 MB).
_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_MMAP_THRESHOLD_": "65536"}
# How many of a run's events Dagster hands to the instance's event log at a time.
_BATCHES = {"DAGSTER_EVENT_BATCH_SIZE": "100"}


def local(settings: Settings) -> Settings:
    """The settings with home absolute and every address that of the local stack."""
    return settings.model_copy(
        update={
            "home": settings.home.absolute(),
            "aws_endpoint_url": f"http://{settings.host}:{settings.aws_port}",
            "redis_url": f"redis://{settings.host}:{settings.redis_port}/0",
            "topic": settings.topic or TOPIC,
        }
    )


def exports(settings: Settings) -> dict[str, str]:
    """What a shell, a test or another program must set to use the running stack; nothing secret."""
    settings = local(settings)
    ports = ("aws_port", "redis_port", "webserver_port", "code_server_port")
    names = ("home", "redis_url", "topic", *ports, "clock_shift_s")
    return {
        "AWS_ENDPOINT_URL": str(settings.aws_endpoint_url),
        "AWS_ACCESS_KEY_ID": LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": LOCAL_KEY,
        "AWS_DEFAULT_REGION": settings.aws_region,
        "DAGSTER_HOME": str(settings.home / "dagster"),
        **{f"AXIA_{name.upper()}": _text(getattr(settings, name)) for name in names},
    }


def for_children(settings: Settings) -> dict[str, str]:
    """The whole environment of a child: ours, every setting that was set, and our own answers to where things are."""
    settings = local(settings)
    chosen = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    said = {f"AXIA_{name.upper()}": _text(value) for name, value in chosen.items() if value is not None}
    python = {"PYTHONUNBUFFERED": "1", **_BATCHES, "PATH": _path_with_our_python()}
    inherited = _MALLOC | _inherited()
    return {**inherited, **said, "AXIA_AWS_REGION": settings.aws_region, **exports(settings), **python}


def shell_lines(variables: Mapping[str, str], shell: str) -> list[str]:
    """The assignments for `sh` or `powershell`."""
    if shell == "powershell":
        return [f"$env:{name} = '{_doubled(value)}'" for name, value in variables.items()]
    return [f"export {name}={_quoted(value)}" for name, value in variables.items()]


def _inherited() -> dict[str, str]:
    # AWS_ENDPOINT_URL_S3 and the like would win over AWS_ENDPOINT_URL, and a profile's token over our dummy keys.
    strange = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AXIA_AWS_ENDPOINT_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(strange)}


def _path_with_our_python() -> str:
    # Dagster starts helpers by name, and the shell's `python` may be another one.
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case date():
            return value.isoformat()
        case Path():
            return str(value.absolute())
    return str(value)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def _doubled(value: str) -> str:
    return value.replace("'", "''")
