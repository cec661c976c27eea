"""Events that are kept as they were told."""

from __future__ import annotations

from axia_core.ports import Events


class MemoryEvents(Events):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, str]] = []
        self.details: list[dict[str, str]] = []

    def publish(self, event_type: str, severity: str, component: str, text: str, **details: str) -> None:
        self.published.append((event_type, severity, text))
        self.details.append(details)
