"""What operators see of a recovery drill in the Dagster UI.

House rule: as for `metadata`: from domain values to metadata, pure. A figure that was not measured is no number here.
https://docs.dagster.io/guides/build/assets/metadata-and-tags
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from axia_core.domain.drill import TARGETS, DrillReport
from axia_core.domain.drill_document import seconds
from axia_core.domain.drill_names import report_key
from axia_pipelines.drill_chart import trend_picture

_SHOWN = 50


def drill_metadata(report: DrillReport, past: Sequence[DrillReport], bucket: str) -> dict[str, dg.MetadataValue]:
    """One drill with the trend of those before it; *past* ends with this one."""
    figures = {"rpo_s": report.rpo, "rto_s": report.rto}
    return {
        "result": dg.MetadataValue.text(report.result.value),
        "environment": dg.MetadataValue.text(report.environment.value),
        "items_compared": dg.MetadataValue.int(report.items_compared),
        "differences": dg.MetadataValue.int(len(report.differences)),
        "human_steps": dg.MetadataValue.int(len(report.human_steps)),
        **{name: dg.MetadataValue.float(one.total_seconds()) for name, one in figures.items() if one is not None},
        "report": dg.MetadataValue.md("\n\n".join(_page(report))),
        "trend": dg.MetadataValue.md(trend_picture(past)),
        "dagster/uri": dg.MetadataValue.text(f"s3://{bucket}/{report_key(report.drill, report.drill_id)}"),
    }


def _page(report: DrillReport) -> Iterator[str]:
    if report.reason:
        yield f"**{_cell(report.reason)}**"
    yield _figures(report)
    yield _steps(report)
    if report.human_steps:
        yield "A person has to:\n\n" + "\n".join(f"- {_cell(step)}" for step in report.human_steps)
    if report.differences:
        yield _differences(report)
    if report.notes:
        yield "\n".join(f"- {_cell(note)}" for note in report.notes)


def _figures(report: DrillReport) -> str:
    target = TARGETS[report.drill]
    lines = [
        f"| measured | {report.environment}, {report.declared_at:%Y-%m-%d %H:%M:%S} UTC | |",
        f"| RPO | {seconds(report.rpo)} s | promised {target.rpo.total_seconds():.0f} s |",
        f"| RTO | {seconds(report.rto)} s | promised {target.rto.total_seconds():.0f} s |",
        f"| items compared | {report.items_compared} | {len(report.differences)} differ |",
    ]
    if report.heartbeat:
        lines.append(f"| newest in the copy | {report.heartbeat.at:%H:%M:%S} UTC | {_cell(report.heartbeat.item)} |")
    return "\n".join([f"| {report.drill} | {report.result} | |\n|---|---|---|", *lines])


def _steps(report: DrillReport) -> str:
    rows = [
        f"| {_cell(step.name)} | {step.seconds:.2f} | {'done' if step.ok else '**failed**'} | {_cell(step.detail)} |"
        for step in report.steps
        if not step.human
    ]
    return "\n".join(["| step | s | | |\n|---|---:|---|---|", *rows])


def _differences(report: DrillReport) -> str:
    rows = [f"| {_cell(one.item)} | {_cell(one.what)} |" for one in report.differences[:_SHOWN]]
    more = len(report.differences) - _SHOWN
    rest = [f"\n... and {more} more in the object"] if more > 0 else []
    return "\n".join(["| item | differs |\n|---|---|", *rows, *rest])


def _cell(text: str) -> str:
    """Text from outside cannot end its cell, and is no Markdown."""
    return "".join(f"\\{sign}" if sign in "|*_<>[]\\" else sign for sign in " ".join(text.split()))
