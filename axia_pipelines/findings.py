"""Findings of the quality checks as check results: what an operator reads on a red check.

House rule: translation only. What is wrong with bars is `axia_core.domain.quality`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from axia_core.domain.quality import Finding

_SHOWN = 20


def findings_result(
    findings: Sequence[Finding], check_name: str | None = None, looked_at: dict[str, int] | None = None
) -> dg.AssetCheckResult:
    """Passed when there are none; as severe as the worst of them. The worst come first, each with its remedy."""
    ordered = sorted(findings, key=lambda one: (one.severity, one.code, one.start))
    severe = any(one.severity == "ERROR" for one in ordered)
    by_code: dict[str, int] = {}
    for one in ordered:
        by_code[one.code.value] = by_code.get(one.code.value, 0) + 1
    remedies = {one.code.value: one.remedy for one in ordered}
    return dg.AssetCheckResult(
        check_name=check_name,
        passed=not ordered,
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        description=", ".join(f"{count} {code}" for code, count in by_code.items()) or "nothing found",
        metadata={
            **(looked_at or {}),
            "findings": len(ordered),
            **({"first": dg.MetadataValue.text(_listed(ordered))} if ordered else {}),
            **{f"remedy/{code}": remedy for code, remedy in remedies.items()},
        },
    )


def _listed(findings: Sequence[Finding]) -> str:
    more = [f"... and {len(findings) - _SHOWN} more: `axia ohlcv check`"] if len(findings) > _SHOWN else []
    return "\n".join([*map(str, findings[:_SHOWN]), *more])
