"""The last verification as a JSON object of the bars' bucket, whose versions are the history."""

from __future__ import annotations

import json
from typing import Any

from axia_core.aws import error_code, translated
from axia_core.domain.verification import Verification, from_document, to_document
from axia_core.errors import CorruptObject
from axia_core.ports.verification import Verifications

KEY = "_dr/verification.json"
NO_KEY = frozenset({"NoSuchKey", "404"})


class S3Verifications(Verifications):
    """One object under `KEY`."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def keep(self, verification: Verification) -> None:
        body = json.dumps(to_document(verification), indent=1).encode()
        with translated(f"keeping the verification in {self._bucket}"):
            self._s3.put_object(Bucket=self._bucket, Key=KEY, Body=body, ContentType="application/json")

    def last(self) -> Verification | None:
        from botocore.exceptions import ClientError

        with translated(f"reading the last verification in {self._bucket}"):
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=KEY)["Body"].read()
            except ClientError as error:
                if error_code(error) not in NO_KEY:
                    raise
                return None
        try:
            return from_document(json.loads(body))
        except ValueError as error:
            raise CorruptObject(f"s3://{self._bucket}/{KEY} is no JSON: {error}") from error
