"""The recovery verification: would everything that a recovery needs be there? One asset with a check for each question.

House rule: as for `ohlcv`. A red check is a finding and not a failure of the run. What this target does not have is not
evaluated, which Dagster shows as skipped: neither green nor red. Who is told of what turned is the service's.
https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Iterator

import dagster as dg

from axia_core.domain.verification import Finding, Status, Verification
from axia_core.domain.verification_checks import CHECKS
from axia_core.errors import AxiaError
from axia_core.services.beat import beat
from axia_core.services.tell_findings import tell_findings
from axia_pipelines.failures import shown_as_failure
from axia_pipelines.resources import VerificationResource

VERIFICATION = dg.AssetKey("recovery_verification")
VERIFICATION_JOB = "recovery_verification"
UNITS = {"%": "percent"}

DESCRIPTION = """Whether a recovery would find what it needs: backups, copies in Osaka, snapshots, secrets, alarms.

Every hour, by reading alone and under a role of its own (`verifier_role`); only the heartbeat and what was found are
written, by the host's own. *Checks* has each question with figure and remedy; a skipped one is about something that
this target does not have. `axia verify` is the same on the command line; docs/operations.md says what to do."""

Result = dg.MaterializeResult | dg.AssetCheckResult  # type: ignore[type-arg]  # Dagster reads the plain form only


@dg.multi_asset(
    name="verify_recovery",
    specs=[
        dg.AssetSpec(
            VERIFICATION,
            description=DESCRIPTION,
            group_name="recovery",
            kinds={"s3", "dynamodb"},
            owners=["team:trading"],
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(check.name, asset=VERIFICATION, description=f"{check.must} If not: {check.remedy}")
        for check in CHECKS
    ],
    # Only so may a check be left out, and be run alone.
    can_subset=True,
)
def verify_recovery(
    context: dg.AssetExecutionContext, verification: dg.ResourceParam[VerificationResource]
) -> Iterator[Result]:
    """The heartbeat first, because its arrival is one of the questions; that it failed is shown after the answers."""
    unwritten = _beaten(verification)
    found = verification.verify()
    if VERIFICATION in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=VERIFICATION, metadata=verification_metadata(found))
    wanted = {key.name for key in context.selected_asset_check_keys}
    yield from (_result(one) for one in found.findings if one.check in wanted and one.status is not Status.SKIPPED)
    with shown_as_failure():
        tell_findings(found, verification.kept, verification.events)
        if unwritten is not None:
            raise unwritten


def _beaten(verification: VerificationResource) -> AxiaError | None:
    try:
        beat(verification.heartbeats, verification.clock)
    except AxiaError as error:
        return error
    return None


def verification_metadata(found: Verification) -> dict[str, dg.MetadataValue]:
    """How many checks stand how, every figure (the UI plots them), and the findings as a table."""
    figures = {_figure(one): one.metric.value for one in found.findings if one.metric}
    return {
        "findings": dg.MetadataValue.md(_table(found)),
        **{status.value: dg.MetadataValue.int(found.count(status)) for status in Status},
        **{name: dg.MetadataValue.float(float(value)) for name, value in figures.items()},
    }


def _figure(finding: Finding) -> str:
    """`replication_lag_s`, `replica_coverage_percent`, and `secrets` where those are what is counted."""
    unit = finding.metric.unit if finding.metric else finding.check
    return finding.check if unit == finding.check else f"{finding.check}_{UNITS.get(unit, unit)}"


def _table(found: Verification) -> str:
    rows = (
        f"| {one.check} | {one.status} | {one.metric or ''} | {_cell(one.text)} | {_remedy(one)} |"
        for one in found.findings
    )
    return "\n".join(["| check | status | figure | finding | run |", "|---|---|---|---|---|", *rows])


def _remedy(finding: Finding) -> str:
    return f"`{_cell(finding.remedy)}`" if finding.status.needs_a_person else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def _result(finding: Finding) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=VERIFICATION,
        check_name=finding.check,
        passed=finding.status is Status.OK,
        severity=dg.AssetCheckSeverity.ERROR if finding.status is Status.CRITICAL else dg.AssetCheckSeverity.WARN,
        description=finding.text,
        metadata={
            "status": finding.status.value,
            **({finding.metric.unit: dg.MetadataValue.float(float(finding.metric.value))} if finding.metric else {}),
            "remedy": finding.remedy,
        },
    )
