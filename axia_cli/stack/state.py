"""The state folder of the local AWS server: its layout, whether it can be read, and how the last stop went.

MiniStack skips a file it cannot read and starts empty, which would look like lost orders; so the folder is checked
before it starts. What is in the files is MiniStack's business.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from axia_core.errors import InvalidInput


@dataclass(frozen=True)
class Boot:
    """One start of the emulator. Its id outlives clean restarts: a new one means that the latest writes may be lost."""

    boot_id: str
    booted_at: datetime
    clean: bool
    saved_at: datetime

    def document(self) -> dict[str, object]:
        """The boot as JSON."""
        times = {"booted_at": self.booted_at.isoformat(), "saved_at": self.saved_at.isoformat()}
        return {"boot_id": self.boot_id, "clean": self.clean, **times}


@dataclass(frozen=True)
class StateFolder:
    """Where the emulator keeps its state: `state/` (services), `s3/` (objects), and two markers."""

    path: Path

    @property
    def services(self) -> Path:
        """One JSON file per AWS service."""
        return self.path / "state"

    @property
    def objects(self) -> Path:
        """The S3 objects as plain files."""
        return self.path / "s3"

    @property
    def _clean_marker(self) -> Path:
        return self.path / "clean"

    @property
    def _save_marker(self) -> Path:
        return self.path / "saved_at"

    def begin(self) -> Boot:
        """Open the folder for one life of the emulator, which is unclean until `end`."""
        for folder in (self.services, self.objects):
            folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        first = not any(self.services.glob("*.json"))
        clean = first or self._clean_marker.exists()
        boot = Boot(self._boot_id(keep=clean and not first), now, clean, self._saved_at(now))
        self._clean_marker.unlink(missing_ok=True)
        return boot

    def mark_saved(self) -> None:
        """Remember that everything up to now is on disk."""
        self._save_marker.write_text(datetime.now(UTC).isoformat())

    def end(self) -> None:
        """Say that the emulator stopped after a complete save."""
        self.mark_saved()
        self._clean_marker.touch()

    def check(self, supported_version: int, versions: dict[str, int]) -> None:
        """Raise InvalidInput when a state file is damaged or was written by a newer MiniStack."""
        for file in sorted(self.services.glob("*.json")):
            version = self._format_of(file)
            if version > versions.get(file.stem, supported_version):
                rule = f"{file.name} has format {version}, written by a newer MiniStack than the pinned one"
                remedy = (
                    "Install the pinned requirements again with that version, or move the folder away to start empty."
                )
                raise InvalidInput("state folder", str(self.path), rule, remedy)

    def _format_of(self, file: Path) -> int:
        try:
            document = json.loads(file.read_text())
        except (ValueError, OSError) as error:
            rule = f"{file.name} cannot be read ({error})"
            remedy = "Restore the folder from a backup, or move it away to start empty."
            raise InvalidInput("state folder", str(self.path), rule, remedy) from error
        version = document.get("__ministack_format__", 1) if isinstance(document, dict) else 1
        return version if isinstance(version, int) else 1

    def _boot_id(self, *, keep: bool) -> str:
        """The id on disk, or a new one, which is on disk before anything can be written under it."""
        file = self.path / "boot_id"
        known = file.read_text() if keep and file.exists() else ""
        if not known:
            known = str(uuid.uuid4())
            file.write_text(known)
        return known

    def _saved_at(self, default: datetime) -> datetime:
        try:
            return datetime.fromisoformat(self._save_marker.read_text())
        except (OSError, ValueError):
            return default
