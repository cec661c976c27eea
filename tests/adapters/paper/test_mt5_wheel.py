"""The script that reads a wheel: mt5_api.json is what the wheel says, and a drift is named."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from scripts import read_mt5_wheel as script

KNOWN: dict[str, Any] = json.loads(script.API_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged version's wheel, where an index has it."""
    try:
        return script.download(KNOWN["version"], tmp_path_factory.mktemp("wheel"))
    except script.CannotReadWheel as error:
        pytest.skip(f"the wheel cannot be had here: {error}")


def test_json_is_what_the_wheel_says(wheel: Path) -> None:
    """Constants, structs and functions of the packaged JSON are those of the wheel, in its order."""
    read = script.read_wheel(wheel)

    assert script.differences(KNOWN, read) == []
    assert json.dumps(KNOWN | read) == json.dumps(KNOWN)
    assert read.keys() | script.UNREADABLE.keys() == KNOWN.keys()


def test_script_says_what_it_could_not_read(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a difference the script ends with 0 and names what stands in code only."""
    assert script.main(["--wheel", str(wheel)]) == 0

    said = capsys.readouterr().out
    assert all(f"not read (kept as it was): {name}" in said for name in script.UNREADABLE)


def test_drift_is_named() -> None:
    """A changed number, a new function and a field that went are one line each."""
    read = copy.deepcopy(KNOWN)
    read["constants"]["TIMEFRAME_M1"] = 7
    read["functions"]["order_cancel"] = {"flags": "no-args", "doc": ""}
    read["structs"]["Tick"].remove("last")

    lines = script.differences(KNOWN, read)

    assert [line.split(":")[1].strip() for line in lines] == ["TIMEFRAME_M1", "Tick", "order_cancel"]


def test_constants_are_read_from_source() -> None:
    """Literals, signs, alternatives and earlier names are numbers; anything else is none."""
    source = "A = 1\nB = -2\nC = 4 | 0x4000\nD = A\nE = 'x'\nF = True\nG = f(1)\n"

    assert script.constants(source) == {"A": 1, "B": -2, "C": 16388, "D": 1}


def test_what_is_no_wheel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no wheel ends with 2 and says so."""
    (tmp_path / "wheel.whl").write_bytes(b"nothing")

    assert script.main(["--wheel", str(tmp_path / "wheel.whl")]) == 2
    assert "nothing was read" in capsys.readouterr().out
