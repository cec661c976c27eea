"""Scratch objects of drills, reports of drills and the audit of a region's recovery: small objects under `_dr/`.

What a drill may write and delete is its own prefix; reports and the audit are only ever written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from axia_core.aws import client, error_code, translated
from axia_core.domain.drill import Drill, DrillReport
from axia_core.domain.drill_document import from_document, to_document
from axia_core.domain.drill_names import OBJECT_PREFIX, REPORTS, SCRATCH_OBJECTS, is_scratch, report_key
from axia_core.domain.kill_switch import AuditLine
from axia_core.errors import ArchivedObject, InvalidInput
from axia_core.ports.recovery import DrillReports, ObjectVersion, RegionAudit, ScratchObjects
from axia_core.settings import Settings

ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchVersion", "MethodNotAllowed", "405"})
ASKED_BEFORE = frozenset({"RestoreAlreadyInProgress", "ObjectAlreadyInActiveTierError"})
ARCHIVE = "GLACIER"  # of the classes that cannot be read at once the one that can be restored within minutes
AT_ONCE = 1000  # DeleteObjects' limit
AUDIT = OBJECT_PREFIX + "region/"


class S3Scratch(ScratchObjects):
    """Objects under the drills' prefix in one versioned bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, body: bytes, *, archived: bool = False) -> None:
        _require_scratch(key)
        kind = {"StorageClass": ARCHIVE} if archived else {}
        with translated(f"writing {self._place(key)}"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **kind)

    def read(self, key: str, version: str | None = None) -> bytes | None:
        from botocore.exceptions import ClientError

        chosen = {} if version is None else {"VersionId": version}
        with translated(f"reading {self._place(key)}"):
            try:
                return bytes(self._s3.get_object(Bucket=self._bucket, Key=key, **chosen)["Body"].read())
            except ClientError as error:
                if error_code(error) == "InvalidObjectState":
                    raise ArchivedObject(f"{self._place(key)} lies in an archive class") from error
                if error_code(error) not in ABSENT:
                    raise
                return None

    def delete(self, key: str) -> None:
        _require_scratch(key)
        with translated(f"deleting {self._place(key)}"):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        found = [_version(one, deleted) for one, deleted in self._listed(key) if one["Key"] == key]
        return tuple(sorted(found, key=lambda one: (one.is_current, one.written_at), reverse=True))

    def ask_restore(self, key: str) -> None:
        from botocore.exceptions import ClientError

        wanted = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
        with translated(f"restoring {self._place(key)}"):
            try:
                self._s3.restore_object(Bucket=self._bucket, Key=key, RestoreRequest=wanted)
            except ClientError as error:
                if error_code(error) not in ASKED_BEFORE:
                    raise

    def discard(self, prefix: str) -> int:
        _require_scratch(prefix)
        found = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one, _ in self._listed(prefix)]
        for start in range(0, len(found), AT_ONCE):
            with translated(f"deleting {self._place(prefix)}"):
                batch = {"Objects": found[start : start + AT_ONCE], "Quiet": True}
                self._s3.delete_objects(Bucket=self._bucket, Delete=batch)
        return len(found)

    def scratch(self) -> tuple[str, ...]:
        """Looked for among all versions: an object that was marked as deleted is still there, and still paid for."""
        keys = (one["Key"] for one, _ in self._listed(SCRATCH_OBJECTS))
        return tuple(sorted({"/".join(key.split("/")[:2]) + "/" for key in keys if is_scratch(key)}))

    def _listed(self, prefix: str) -> Iterator[tuple[dict[str, Any], bool]]:
        pages = self._s3.get_paginator("list_object_versions")
        with translated(f"listing {self._place(prefix)}"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                yield from ((one, False) for one in page.get("Versions", []))
                yield from ((one, True) for one in page.get("DeleteMarkers", []))

    def _place(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


class S3DrillReports(DrillReports):
    """One JSON object for each drill that was held."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, report: DrillReport) -> str:
        key = report_key(report.drill, report.drill_id)
        body = json.dumps(to_document(report), indent=1).encode()
        return _put(self._s3, self._bucket, key, body)

    def newest(self, drill: Drill, limit: int) -> tuple[DrillReport, ...]:
        keys = sorted(_keys(self._s3, self._bucket, f"{REPORTS}{drill}/"))[-limit:]
        found = (self._report(key) for key in keys)
        return tuple(report for report in found if report is not None)

    def _report(self, key: str) -> DrillReport | None:
        body = _get(self._s3, self._bucket, key)
        try:
            return from_document(json.loads(body))
        except (KeyError, TypeError, ValueError):
            return None


class S3RegionAudit(RegionAudit):
    """One JSON object a line, in the bucket of the region that is recovered."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def note(self, line: AuditLine) -> str:
        document = {"at": line.at.isoformat(), "who": line.who, "what": line.what, "outcome": line.outcome}
        key = f"{AUDIT}{line.at:%Y%m%dT%H%M%S.%fZ}.json"
        return _put(self._s3, self._bucket, key, json.dumps(document, indent=1).encode())

    def lines(self) -> tuple[AuditLine, ...]:
        found = (json.loads(_get(self._s3, self._bucket, key)) for key in sorted(_keys(self._s3, self._bucket, AUDIT)))
        return tuple(AuditLine(**one | {"at": datetime.fromisoformat(one["at"])}) for one in found)


def connect_reports(settings: Settings) -> S3DrillReports:
    """The reports in the bucket that the settings name; nothing is called yet."""
    return S3DrillReports(client(settings, "s3"), settings.bucket)


def connect_audit(settings: Settings) -> S3RegionAudit:
    """The audit in the bucket that the settings name; nothing is called yet."""
    return S3RegionAudit(client(settings, "s3"), settings.bucket)


def _put(s3: Any, bucket: str, key: str, body: bytes) -> str:
    with translated(f"writing s3://{bucket}/{key}"):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    return f"s3://{bucket}/{key}"


def _get(s3: Any, bucket: str, key: str) -> bytes:
    with translated(f"reading s3://{bucket}/{key}"):
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    with translated(f"listing s3://{bucket}/{prefix}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (found["Key"] for found in page.get("Contents", []))


def _version(one: dict[str, Any], deleted: bool) -> ObjectVersion:
    return ObjectVersion(
        id=one["VersionId"], written_at=one["LastModified"], is_current=one["IsLatest"], is_deletion=deleted
    )


def _require_scratch(key: str) -> None:
    if not (key.startswith(SCRATCH_OBJECTS) and is_scratch(key)):
        raise InvalidInput("key", key, f"a drill writes and deletes only under {SCRATCH_OBJECTS}...")
