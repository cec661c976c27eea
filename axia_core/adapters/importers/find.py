"""Which files of a path hold history, and which reader each needs: by suffix and first bytes, names for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from axia_core.adapters.importers.dukascopy import Bi5File, JsonFile
from axia_core.adapters.importers.options import ReadOptions
from axia_core.adapters.importers.parquet import ParquetHistory
from axia_core.adapters.importers.text import TextFile
from axia_core.adapters.importers.zips import open_zip
from axia_core.errors import UnreadableHistory
from axia_core.ports import HistoryFile

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".prn")
# In a folder these are something else more often than history: notes, settings, answers of other services.
DOUBTFUL_SUFFIXES = (".txt", ".json")


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """History files, those that should be some and cannot be read (with the reason), and what is something else."""

    files: tuple[HistoryFile, ...]
    refused: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def find(paths: Iterable[Path], options: ReadOptions) -> FoundFiles:
    """Every history file of these files and folders; raises UnreadableHistory for a path that is not there."""
    files: list[HistoryFile] = []
    refused: list[tuple[str, str]] = []
    ignored: list[str] = []
    for path, in_folder in _walk(paths):
        try:
            found = _open(path, options)
        except UnreadableHistory as error:
            if in_folder and path.suffix.lower() in DOUBTFUL_SUFFIXES:
                ignored.append(str(path))
            else:
                refused.append((str(path), str(error)))
            continue
        if found is None:
            ignored.append(str(path))
        else:
            files.append(found)
    return FoundFiles(tuple(files), tuple(refused), tuple(ignored))


def _walk(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file once, and whether a folder was named instead of it."""
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise UnreadableHistory("path", str(path), "there is no such file or folder", "Give an existing path.")
        inside = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in inside:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file, path.is_dir()


def _open(path: Path, options: ReadOptions) -> HistoryFile | None:
    """The reader of a file, or None for what is no history file; raises UnreadableHistory."""
    suffix = path.suffix.lower()
    if suffix in TEXT_SUFFIXES:
        return TextFile.of(path, options)
    match suffix:
        case ".bi5":
            return Bi5File.of(path, options)
        case ".json":
            return JsonFile.of(path, options)
        case ".zip":
            return open_zip(path, options)
        case ".parquet":
            return ParquetHistory.of(path, options)
    return None
