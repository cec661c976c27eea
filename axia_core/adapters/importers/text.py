"""Text files of bars: opened, decoded and cut into pieces here; what their lines say is `domain.bar_text`'s."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from axia_core.adapters.importers.options import ReadOptions
from axia_core.domain import bar_text, file_names
from axia_core.domain.bar_text import Layout, TextForm
from axia_core.domain.history_rows import FileFacts, RowFault, Rows
from axia_core.errors import UnreadableHistory
from axia_core.ports import HistoryFile

HEAD_BYTES = 16_384
# Text takes ten times the memory of the columns it becomes, so it is turned into them a piece at a time.
LINES_PER_PIECE = 50_000
TICKS = frozenset({TextForm.MT5_EXPORT, TextForm.MT4_CSV})

Opener = Callable[[], BinaryIO]


class TextFile(HistoryFile):
    """One text file, on a disk or inside a zip."""

    def __init__(self, facts: FileFacts, layout: Layout, opener: Opener) -> None:
        self.facts = facts
        self._layout = layout
        self._open = opener

    @classmethod
    def of(cls, path: Path, options: ReadOptions) -> TextFile:
        """The file at a path; raises UnreadableHistory."""
        return cls.from_opener(lambda: path.open("rb"), path.parts, options)

    @classmethod
    def from_opener(cls, opener: Opener, parts: Sequence[str], options: ReadOptions) -> TextFile:
        """What *opener* opens, with the names of path and file in *parts*; raises UnreadableHistory."""
        shown = parts[-1]
        with _reading(shown), opener() as opened:
            head = opened.read(HEAD_BYTES)
        encoding = bar_text.encoding_of(head)
        layout = bar_text.recognise(_first_lines(head, encoding, shown))
        return cls(_facts(layout, encoding, parts, options), layout, opener)

    def read(self, file_no: int) -> tuple[Rows, list[RowFault]]:
        pieces: list[Rows] = []
        faults: list[RowFault] = []
        with _reading(self.facts.name), self._open() as opened:
            text = io.TextIOWrapper(opened, encoding=self.facts.encoding)
            numbered = self._content(enumerate(text, 1))
            while piece := list(islice(numbered, LINES_PER_PIECE)):
                rows, wrong = bar_text.parse_rows(piece, self._layout, file_no)
                pieces.append(rows)
                faults += wrong
        return Rows.join(pieces), faults

    def _content(self, numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        content = ((number, line) for number, line in numbered if bar_text.is_content(line))
        if self._layout.header:
            next(content, None)
        return content


def _facts(layout: Layout, encoding: str, parts: Sequence[str], options: ReadOptions) -> FileFacts:
    side = layout.side or file_names.side_of(parts) or (options.side or "")
    return FileFacts(
        name=parts[-1],
        folder="/".join(parts[:-1]),
        form=layout.form,
        encoding=encoding,
        symbol=options.symbol or file_names.symbol_of(parts, options.symbols),
        step_min=file_names.step_min_of(parts),
        side=side,
        clock=layout.clock,
        volume_unit="ticks" if layout.form in TICKS else "as the file has it",
    )


def _first_lines(head: bytes, encoding: str, shown: str) -> list[str]:
    """The content lines that the head holds whole."""
    with _reading(shown):
        text = head.decode(encoding, errors="strict" if len(head) < HEAD_BYTES else "ignore")
    lines = text.splitlines()
    whole = lines[:-1] if len(head) == HEAD_BYTES else lines
    return [line for line in whole if bar_text.is_content(line)]


@contextmanager
def _reading(shown: str) -> Iterator[None]:
    """What goes wrong with reading a file, as UnreadableHistory."""
    try:
        yield
    except (OSError, UnicodeError, EOFError) as error:
        remedy = "Give a UTF-8 or UTF-16 text file."
        raise UnreadableHistory("file", shown, f"it cannot be read ({error})", remedy) from error
