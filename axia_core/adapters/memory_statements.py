"""The in-memory statement store; beside the real one, under the same contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from axia_core.domain.statement import Statement
from axia_core.ports import StatementStore


class MemoryStatements(StatementStore):
    """Statements in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[date, Statement] = {}

    def write(self, statement: Statement) -> bool:
        known = self.kept.get(statement.day)
        if known is not None and replace(known, made_at=statement.made_at) == statement:
            return False
        self.kept[statement.day] = statement
        return True

    def read(self, day: date) -> Statement | None:
        return self.kept.get(day)
