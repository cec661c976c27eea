"""Boto3's default session made quick and small: how it reads dates, and how much of AWS's descriptions it keeps.

Only `aws` uses it, when a client is made: botocore is loaded with it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.loaders import JSONFileLoader, Loader
from botocore.utils import parse_timestamp


def prepare() -> None:
    """Makes the default session unless there is one."""
    if boto3.DEFAULT_SESSION is None:
        core = botocore.session.get_session()
        core.register_component("data_loader", Loader(file_loader=Descriptions()))
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
        boto3.setup_default_session(botocore_session=core)


def moment(value: Any) -> datetime:
    """A service's date as botocore would read it, without dateutil's 0.2 ms.

    *value* is ISO 8601, RFC 822, or seconds since 1970; raises ValueError for anything else.
    """
    text = str(value)
    if "T" in text and text.endswith("Z"):
        return datetime.fromisoformat(text)
    if text.endswith("GMT"):
        return parsedate_to_datetime(text)
    found: datetime = parse_timestamp(value)
    return found


class Descriptions(JSONFileLoader):  # type: ignore[misc]
    """AWS's descriptions of its services, as plain dicts and without their prose: two thirds of their memory."""

    def load_file(self, file_path: str) -> Any:
        """What botocore's own returns: the document of *file_path* with `.json` or `.json.gz` added, None if absent."""
        for path, opened in ((Path(f"{file_path}.json"), open), (Path(f"{file_path}.json.gz"), gzip.open)):
            if path.is_file():
                with opened(path, "rb") as file:
                    return json.load(file, object_pairs_hook=_without_prose)
        return None


def _without_prose(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: "" if name == "documentation" and isinstance(value, str) else value for name, value in pairs}
