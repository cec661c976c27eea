"""Statements in the same bucket as the bars: one JSON object per trading day, written conditionally."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from axia_core.aws import client, error_code, translated
from axia_core.domain import names
from axia_core.domain.statement import Statement
from axia_core.domain.statement_document import from_document, to_document
from axia_core.errors import CorruptObject, VersionConflict
from axia_core.ports import StatementStore
from axia_core.settings import Settings

ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


class S3Statements(StatementStore):
    """Objects under `names.statement_key`, of the demo or of the live account."""

    def __init__(self, s3: Any, bucket: str, account: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._account = account

    def write(self, statement: Statement) -> bool:
        key, document = names.statement_key(self._account, statement.day), to_document(statement)
        seen = self._call("head_object", key)
        digest = _digest(document)
        if seen is not None and seen["Metadata"].get("digest") == digest:
            return False
        condition = {"IfMatch": seen["ETag"]} if seen else {"IfNoneMatch": "*"}
        body = json.dumps(document, indent=1).encode()
        metadata = {"digest": digest, "verdict": statement.verdict.value, "account": self._account}
        kind = {"Body": body, "Metadata": metadata, "ContentType": "application/json"}
        if self._call("put_object", key, OVERTAKEN | ABSENT, **kind, **condition) is None:
            raise VersionConflict(f"s3://{self._bucket}/{key} was changed by another writer meanwhile. Make it again.")
        return True

    def read(self, day: date) -> Statement | None:
        key = names.statement_key(self._account, day)
        answer = self._call("get_object", key)
        if answer is None:
            return None
        with translated(f"reading s3://{self._bucket}/{key}"):
            body = answer["Body"].read()
        try:
            return from_document(json.loads(body))
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise CorruptObject(f"s3://{self._bucket}/{key} holds no statement: {error!r}. Make it again.") from error

    def _call(self, name: str, key: str, refusals: frozenset[str] = ABSENT, **given: Any) -> dict[str, Any] | None:
        """One call; None where S3 refuses with one of these codes."""
        from botocore.exceptions import ClientError

        with translated(f"{name} of s3://{self._bucket}/{key}"):
            try:
                answer: dict[str, Any] = getattr(self._s3, name)(Bucket=self._bucket, Key=key, **given)
            except ClientError as error:
                if error_code(error) not in refusals:
                    raise
                return None
        return answer


def connect(settings: Settings) -> S3Statements:
    """The statements of the account that the settings name; nothing is called yet."""
    return S3Statements(client(settings, "s3"), settings.bucket, settings.account)


def _digest(document: dict[str, Any]) -> str:
    """Of everything but when it was made: the same found again an hour later is the same statement."""
    said = {name: value for name, value in document.items() if name != "made_at"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
