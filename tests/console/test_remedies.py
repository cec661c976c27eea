"""Every advice that a check of an order gives has its Japanese."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from axia_console.remedies import JAPANESE, remedy_in
from axia_console.words import EN, JA
from axia_core.domain import limits, modify
from axia_core.services import check_order

JUDGES = (limits, modify, check_order)


def advice(module: ModuleType) -> Iterator[str]:
    """Every text that the module gives as a remedy, wherever it is written."""
    constants = {name: value for name, value in vars(module).items() if isinstance(value, str)}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.keyword) and node.arg == "remedy":
            yield from texts(node.value, constants)
        if isinstance(node, ast.Assign) and "remedy" in ast.unparse(node.targets[0]):
            yield from texts(node.value, constants)


def texts(value: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    match value:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.IfExp(body=body, orelse=other):
            yield from (*texts(body, constants), *texts(other, constants))
        case ast.BoolOp(values=values) | ast.Tuple(elts=values):
            yield from (text for one in values for text in texts(one, constants))


@pytest.mark.parametrize("module", JUDGES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_remedy_is_translated(module: ModuleType) -> None:
    """A new check brings its Japanese with it."""
    found = {text for text in advice(module) if text} - {"the terminal must answer"}  # stands beside one

    assert found
    assert found - JAPANESE.keys() == set()


def test_nothing_is_translated_in_vain() -> None:
    """What no check says any more leaves the list."""
    assert JAPANESE.keys() - {text for module in JUDGES for text in advice(module)} == set()


def test_each_language_has_its_own() -> None:
    """English stays as it is; what is not known stays too."""
    assert remedy_in(EN, "send a smaller order") == "send a smaller order"
    assert remedy_in(JA, "send a smaller order") == "注文ロットを小さくしてください"
    assert remedy_in(JA, "Example: 0.1.") == "Example: 0.1."
