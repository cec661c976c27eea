"""Writes the code of `functions` into the templates, between a line `# code: NAME` and the next resource.

The templates stay plain CloudFormation that any deployer takes; a test fails where the two differ. Lambda takes 4,096
characters inline.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
LONGEST = 4_096
_BLOCK = re.compile(
    r"(?P<head>^(?P<indent> +)ZipFile: \|  # code: (?P<name>\w+)\n)(?P<code>(?:(?P=indent)  .*\n|\n)*)", re.MULTILINE
)


def inlined(template: str) -> str:
    """The template with each function's code as it stands in `functions`."""
    return _BLOCK.sub(_with_code, template)


def code(name: str) -> str:
    """A function's code; raises ValueError when it is too long to be inline."""
    text = (FOLDER / "functions" / f"{name}.py").read_text(encoding="utf-8")
    if len(text) > LONGEST:
        raise ValueError(f"{name}.py has {len(text)} characters; Lambda takes {LONGEST} inline")
    return text


def _with_code(found: re.Match[str]) -> str:
    indent = found["indent"] + "  "
    lines = code(found["name"]).splitlines()
    body = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
    return found["head"] + body + ("\n" if found["code"].endswith("\n\n") else "")


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.yaml")):
        file.write_text(inlined(file.read_text(encoding="utf-8")), encoding="utf-8")
