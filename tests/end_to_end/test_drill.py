"""`axia drill` for somebody who has just installed AXIA: nothing runs, nothing is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.conftest import COMMAND_WITHIN_S, STRANGE


def test_drills_on_a_stack_of_their_own(tmp_path: Path) -> None:
    """It starts what it needs, fills it, holds the drills, prints one document, and leaves nothing on the disk."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)}
    folder = tmp_path / "temporary"
    folder.mkdir()
    places = {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}

    result = subprocess.run(
        [sys.executable, "-m", "axia_cli", "drill", "kill-switch", "cache-osaka", "--json"],
        env=environment | places,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=COMMAND_WITHIN_S,
        check=False,
    )

    assert result.returncode == 0, result.stderr[-3000:]
    drills = {one["name"]: one for one in json.loads(result.stdout)["drills"]}
    assert {name: one["result"] for name, one in drills.items()} == {"kill-switch": "passed", "cache-osaka": "passed"}
    assert all(one["environment"] == "local" and one["items_compared"] for one in drills.values())
    assert all(isinstance(one[figure], float) for one in drills.values() for figure in ("rpo_s", "rto_s"))
    assert list(folder.glob("axia-drill-*")) == []
    assert not (tmp_path / ".axia" / "stack.json").exists()
