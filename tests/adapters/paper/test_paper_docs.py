"""docs/paper-terminal.md is complete: every function, fault and retcode has its row, and every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from axia_core.adapters.paper import surface
from axia_core.adapters.paper.faults import Fault
from axia_core.adapters.paper.trading import TEXTS

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "paper-terminal.md").read_text(encoding="utf-8")
HELPERS = {"Buy", "Sell", "Close"}


def _rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    part = DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def _file_of(reference: str) -> Path:
    stem = reference.partition("::")[0]
    if stem.endswith(".py"):
        return ROOT / stem
    folder = "contracts" if stem == "mt5_module" else "adapters/paper"
    return ROOT / "tests" / folder / f"test_{stem}.py"


def test_every_function_has_a_row() -> None:
    """The 32 functions of the wheel and its three helpers are there once each, with source and test."""
    rows = _rows("Functions")

    assert sorted(row[0].strip("`") for row in rows) == sorted(surface.API["functions"].keys() | HELPERS)
    assert len(rows) == 35
    assert all(row[1].startswith(("yes", "partly", "no")) and row[2] and row[3] for row in rows)


def test_every_fault_has_a_row() -> None:
    """Each field of a fault is there."""
    assert [row[0].strip("`") for row in _rows("Faults")] == list(Fault.model_fields)


def test_every_retcode_has_a_row() -> None:
    """Each retcode of the wheel is there with when it comes and who says so."""
    rows = _rows("Retcodes")

    assert {int(row[0]) for row in rows} == TEXTS.keys()
    assert {code for name, code in surface.CONSTANTS.items() if name.startswith("TRADE_RETCODE_")} == TEXTS.keys()
    assert all(row[1] and row[2] for row in rows)


@pytest.mark.parametrize("title", ["Functions", "The module", "Trading", "Clock, prices, state", "Faults"])
def test_every_named_test_exists(title: str) -> None:
    """A row names at least one test, and each that it names is a function of that file."""
    for row in _rows(title):
        references = row[-1].split(", ")
        for reference in references:
            source = _file_of(reference).read_text(encoding="utf-8")
            assert re.search(rf"^def {reference.partition('::')[2]}\(", source, re.MULTILINE), reference


@pytest.mark.parametrize("title", ["The module", "Trading", "Clock, prices, state"])
def test_every_behaviour_has_a_source(title: str) -> None:
    """A behaviour says whether it is implemented and where its fact comes from."""
    rows = _rows(title)

    assert all(len(row) == 4 and row[1].startswith(("yes", "partly", "no")) and row[2] for row in rows)
