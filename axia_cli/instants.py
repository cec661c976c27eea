"""Moments as people give them on the command line: ISO 8601 with a zone."""

from __future__ import annotations

from datetime import UTC, datetime

from axia_core.errors import InvalidInput

EXAMPLE = "Example: 2026-07-01T12:00:00Z."


def moment(option: str, text: str) -> datetime:
    """The instant in UTC; raises InvalidInput."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(option, text, "a time is written in ISO 8601", EXAMPLE) from error
    if found.tzinfo is None:
        raise InvalidInput(option, text, "a time without a zone is ambiguous", EXAMPLE)
    return found.astimezone(UTC)
