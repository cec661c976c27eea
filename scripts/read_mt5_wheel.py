"""Reads the surface of a MetaTrader5 wheel without Windows, to see what a new version changed against `mt5_api.json`.

    python scripts/read_mt5_wheel.py                       the packaged version, compared; exit code 1 on a difference
    python scripts/read_mt5_wheel.py --version 5.0.7000    another version, from the configured package index
    python scripts/read_mt5_wheel.py --wheel FILE --write  a wheel at hand; what was read goes into mt5_api.json

Needs nothing but Python (and pip for a download). Constants are the assignments of `__init__.py`; functions with their
call styles, and structs with their fields, are the C tables that the binary gives to Python (PyMethodDef,
PyStructSequence_Desc). What stands in code only cannot be read here and is named as such; it is kept as it was.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

API_FILE = Path(__file__).parents[1] / "axia_core" / "adapters" / "paper" / "mt5_api.json"
# Any CPython will do: the tables are the same in every build of a version.
PYTHON = "311"
UNREADABLE = {
    "rates_dtype": "put together in code, by calls",
    "ticks_dtype": "put together in code, by calls",
    "itemsize": "follows from the dtypes",
}
# METH_VARARGS, METH_VARARGS | METH_KEYWORDS, METH_NOARGS
CALL_STYLES = {1: "positional-only", 3: "args+kwargs", 4: "no-args"}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_METHOD = struct.Struct("<QQi4xQ")
_FIELD = struct.Struct("<QQ")
_DESCRIPTION = struct.Struct("<QQQi")


class CannotReadWheel(Exception):
    """The wheel could not be had or does not look like one of MetaTrader5; the text says what was looked for."""


@dataclass(frozen=True)
class Section:
    """A part of the image: where it lies in memory and in the file."""

    name: str
    address: int
    data: bytes

    def holds(self, address: int) -> bool:
        """Whether an address lies in it."""
        return self.address <= address < self.address + len(self.data)


class Image:
    """A 64-bit Windows binary: bytes and texts by their address in memory."""

    def __init__(self, data: bytes) -> None:
        (header,) = struct.unpack_from("<I", data, 0x3C)
        if data[:2] != b"MZ" or data[header : header + 4] != b"PE\0\0":
            raise CannotReadWheel("the extension module is no Windows binary")
        count, optional_size = struct.unpack_from("<H12xH", data, header + 6)
        (base,) = struct.unpack_from("<Q", data, header + 24 + 24)
        table = header + 24 + optional_size
        self.sections = [_section(data, table + 40 * index, base) for index in range(count)]

    def bytes_at(self, address: int, size: int) -> bytes:
        """*size* bytes, or fewer where the section ends; none outside the image."""
        for section in self.sections:
            if section.holds(address):
                return section.data[address - section.address :][:size]
        return b""

    def text_at(self, address: int) -> str | None:
        """The C string at an address; None where there is none."""
        found, end, _ = self.bytes_at(address, 2_000).partition(b"\0")
        return found.decode("ascii") if end and found.isascii() else None

    def is_code(self, address: int) -> bool:
        """Whether an address lies in the program."""
        return any(section.name == ".text" and section.holds(address) for section in self.sections)

    def places(self, form: struct.Struct) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Every pointer-aligned place of the data sections read as *form*."""
        for section in self.sections:
            if section.name not in (".data", ".rdata"):
                continue
            for offset in range(0, len(section.data) - form.size, 8):
                yield section.address + offset, form.unpack_from(section.data, offset)


def _section(data: bytes, at: int, base: int) -> Section:
    name = data[at : at + 8].rstrip(b"\0").decode("ascii")
    _, address, raw_size, raw_at = struct.unpack_from("<IIII", data, at + 8)
    return Section(name, base + address, data[raw_at : raw_at + raw_size])


def constants(source: str) -> dict[str, int]:
    """The whole-number constants that `__init__.py` assigns, in its order."""
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _number(node.value, found)
            if value is not None:
                found[node.targets[0].id] = value
    return found


def _number(node: ast.expr, known: dict[str, int]) -> int | None:
    """The value of a literal, of a sign or an `|` over such, or of a constant before it."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return known.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            positive = _number(inner, known)
            return None if positive is None else -positive
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            first, second = _number(left, known), _number(right, known)
            return None if first is None or second is None else first | second
    return None


def version(source: str) -> str:
    """`__version__` of `__init__.py`."""
    match = re.search(r"^__version__\s*=\s*'([^']+)'", source, re.MULTILINE)
    if match is None:
        raise CannotReadWheel("__init__.py states no __version__")
    return match[1]


def functions(image: Image) -> dict[str, dict[str, str]]:
    """The module's functions: name, call style and the text of their help."""
    found: dict[str, dict[str, str]] = {}
    for _, (name_at, code_at, flags, doc_at) in image.places(_METHOD):
        if flags not in CALL_STYLES or not image.is_code(code_at):
            continue
        name, doc = image.text_at(name_at), image.text_at(doc_at)
        # Methods of the structs (_asdict) stand in tables of the same form.
        if name and doc and _IDENTIFIER.fullmatch(name) and not name.startswith("_"):
            found[name] = {"flags": CALL_STYLES[flags], "doc": " -- ".join(doc.split("\n\n"))}
    if not found:
        raise CannotReadWheel("no table of functions (PyMethodDef) was found in the binary")
    return found


def structs(image: Image) -> dict[str, list[str]]:
    """The module's structs with their fields in order."""
    found: dict[str, list[str]] = {}
    for _, (name_at, _doc_at, fields_at, count) in image.places(_DESCRIPTION):
        if not 0 < count < 300:
            continue
        fields = _fields(image, fields_at, count)
        name = image.text_at(name_at)
        if fields and name and _IDENTIFIER.fullmatch(name.rpartition(".")[2]):
            found[name.rpartition(".")[2]] = fields
    if not found:
        raise CannotReadWheel("no description of a struct (PyStructSequence_Desc) was found in the binary")
    return found


def _fields(image: Image, at: int, count: int) -> list[str] | None:
    """The names of a field table that has exactly *count* rows before its empty last one."""
    rows = [_FIELD.unpack(part) for i in range(count + 1) if len(part := image.bytes_at(at + 16 * i, 16)) == 16]
    if len(rows) != count + 1 or rows[-1][0] != 0:
        return None
    names = [image.text_at(name_at) for name_at, _ in rows[:-1]]
    good = [name for name in names if name and _IDENTIFIER.fullmatch(name)]
    return good if len(good) == count else None


def read_wheel(wheel: Path) -> dict[str, Any]:
    """What a wheel says of itself; the keys of `UNREADABLE` are missing. Raises CannotReadWheel."""
    with zipfile.ZipFile(wheel) as archive:
        modules = [name for name in archive.namelist() if name.startswith("MetaTrader5/") and name.endswith(".pyd")]
        if len(modules) != 1:
            raise CannotReadWheel(f"{wheel.name} holds {len(modules)} extension modules where one was expected")
        source = archive.read("MetaTrader5/__init__.py").decode("utf-8")
        image = Image(archive.read(modules[0]))
    read = {"version": version(source), "constants": constants(source), "structs": structs(image)}
    return read | {"functions": functions(image)}


def download(wanted: str, folder: Path) -> Path:
    """The Windows wheel of a version, from the package index that pip is configured for; raises CannotReadWheel."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "1", "--timeout", "10"]
    command += ["--platform", "win_amd64"]
    command += ["--only-binary=:all:", "--python-version", PYTHON, "--dest", str(folder), f"MetaTrader5=={wanted}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = done.stderr.strip().splitlines()
        raise CannotReadWheel(f"pip could not fetch MetaTrader5 {wanted}: {said[-1] if said else 'no wheel came'}")
    return wheels[0]


def differences(known: dict[str, Any], read: dict[str, Any]) -> list[str]:
    """What a wheel has otherwise than the JSON, one line each."""
    lines = [] if known["version"] == read["version"] else [f"version: {known['version']} -> {read['version']}"]
    for part in ("constants", "structs", "functions"):
        for name in sorted(known[part].keys() | read[part].keys()):
            before, after = known[part].get(name), read[part].get(name)
            if before != after:
                lines.append(f"{part}: {name}: {json.dumps(before)} -> {json.dumps(after)}")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """0 without a difference, 1 with some, 2 when nothing could be read."""
    known: dict[str, Any] = json.loads(API_FILE.read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description="Compare a MetaTrader5 wheel with mt5_api.json.")
    parser.add_argument("--version", default=known["version"], help="the version to download")
    parser.add_argument("--wheel", type=Path, help="a wheel at hand instead")
    parser.add_argument("--write", action="store_true", help="write what was read into mt5_api.json")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            read = read_wheel(options.wheel or download(options.version, Path(folder)))
        except (CannotReadWheel, OSError, zipfile.BadZipFile) as error:
            _say(f"nothing was read: {error}")
            return 2
    found = differences(known, read)
    _say(*found or [f"MetaTrader5 {read['version']} is as mt5_api.json says"])
    _say(*(f"not read (kept as it was): {name}: {why}" for name, why in UNREADABLE.items()))
    if options.write:
        API_FILE.write_text(json.dumps(known | read, indent=1) + "\n", encoding="utf-8")
    return 1 if found else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    raise SystemExit(main())
