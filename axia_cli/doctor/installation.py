"""Is AXIA installed as it was tested: Python, platform, required packages, pins, extras. Imports none of them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from axia_core.domain.examination import Finding, failure, skipped, warning, well

PINS = Path(__file__).parents[2] / "constraints.txt"
INSTALL = "python -m pip install -c constraints.txt -e ."
PLATFORMS = frozenset({"linux", "darwin", "win32"})
SHOWN = 6
OURS = "axia"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What is installed in this environment; `pins` is None where the source folder has no list of them."""

    python: str
    platform: str
    bits: int
    requires_python: str
    requirements: tuple[Requirement, ...]
    extras: tuple[str, ...]
    versions: Mapping[str, str]
    pins: Mapping[str, str] | None


def read() -> Installation:
    """What this interpreter has."""
    ours = metadata.metadata(OURS)
    return Installation(
        python=platform.python_version(),
        platform=sys.platform,
        bits=64 if sys.maxsize > 2**32 else 32,
        requires_python=ours["Requires-Python"] or "",
        requirements=tuple(Requirement(line) for line in metadata.requires(OURS) or ()),
        extras=tuple(sorted(ours.get_all("Provides-Extra") or ())),
        versions={canonicalize_name(found.name): found.version for found in metadata.distributions()},
        pins=_pins(PINS.read_text(encoding="utf-8").splitlines()) if PINS.exists() else None,
    )


def judge_python(found: Installation) -> Iterator[Finding]:
    """Version, platform and word size."""
    if found.python not in SpecifierSet(found.requires_python):
        remedy = "Install Python 3.11 (3.11.5 or later), make a new virtual environment, and install AXIA there."
        yield failure(f"Python {found.python}, and AXIA needs {found.requires_python}", remedy)
    if found.bits != 64 or found.platform not in PLATFORMS:
        remedy = "Use a 64-bit Python on Linux, macOS or Windows."
        yield failure(f"{found.bits}-bit Python on {found.platform}, for which some packages have no wheels", remedy)
    yield well(f"Python {found.python} on {found.platform}")


def judge_packages(found: Installation) -> Iterator[Finding]:
    """Whether everything that AXIA requires here is there, in a version that it can use."""
    required = [one for one in found.requirements if _applies(one, "")]
    lacking = [text for one in required if (text := _fault(one, found.versions))]
    if lacking:
        yield failure(f"required and not there: {_some(lacking)}", f"Run {INSTALL}.")
    yield well(f"{len(required) - len(lacking)} required packages are there")


def judge_pins(found: Installation) -> Iterator[Finding]:
    """Whether what is installed is what was tested."""
    if found.pins is None:
        yield skipped("constraints.txt is not beside the package, so the pins are not known")
        return
    pinned = {name: wanted for name, wanted in found.pins.items() if name in found.versions}
    differing = [
        f"{name} {found.versions[name]} instead of {wanted}"
        for name, wanted in sorted(pinned.items())
        if found.versions[name] != wanted
    ]
    if differing:
        yield warning(f"{len(differing)} packages are not the tested ones: {_some(differing)}", f"Run {INSTALL}.")
    yield well(f"{len(pinned) - len(differing)} packages at their pins")


def judge_extras(found: Installation, *, console: bool) -> Iterator[Finding]:
    """Which optional parts can be used; lacking is a warning only where the settings want it."""
    lacking = {extra: _lacking_of(extra, found) for extra in found.extras}
    if console and lacking.get("console"):
        said = f"the console is wanted and cannot start: {_some(lacking['console'])}"
        yield warning(said, 'Run python -m pip install -c constraints.txt -e ".[console]", or set AXIA_CONSOLE=false.')
    told = [f"{extra} ({'lacking ' + _some(names) if names else 'there'})" for extra, names in lacking.items()]
    yield well(f"extras: {', '.join(told) or 'none'}")


def _lacking_of(extra: str, found: Installation) -> list[str]:
    ours = [one for one in found.requirements if one.name != OURS and _applies(one, extra) and not _applies(one, "")]
    return [text for one in ours if (text := _fault(one, found.versions))]


def _fault(required: Requirement, versions: Mapping[str, str]) -> str:
    installed = versions.get(canonicalize_name(required.name))
    if installed is None:
        return required.name
    return "" if required.specifier.contains(installed, prereleases=True) else f"{required} (has {installed})"


def _applies(required: Requirement, extra: str) -> bool:
    return required.marker is None or required.marker.evaluate({"extra": extra})


def _pins(lines: list[str]) -> dict[str, str]:
    requirements = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in requirements if _applies(one, "")}


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
