"""What our boto3 clients send, seen by a server of this test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from axia_core.aws import client
from axia_core.aws_session import Descriptions, moment
from axia_core.settings import Settings


class _Seen(BaseHTTPRequestHandler):
    headers_seen: dict[str, str]

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Last-Modified", "Fri, 03 Jul 2026 21:00:05 GMT")
        self.end_headers()

    def do_PUT(self) -> None:
        type(self).headers_seen = dict(self.headers)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Seen) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening
        listening.shutdown()


def test_a_small_object_is_sent_at_once(server: HTTPServer) -> None:
    """A put does not ask first whether its kilobytes are wanted: that would cost each partition a round trip."""
    settings = Settings(aws_endpoint_url=f"http://127.0.0.1:{server.server_port}")

    client(settings, "s3").put_object(Bucket="bars", Key="key", Body=b"bars")

    assert "Expect" not in _Seen.headers_seen
    assert _Seen.headers_seen["Content-Length"] == "4"
    assert _Seen.headers_seen["User-Agent"].startswith("axia Boto3/")


def test_dates_are_read_by_us(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of ours reads dates by the standard library: dateutil is slow, and every answer has one."""
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setattr("botocore.parsers.DEFAULT_TIMESTAMP_PARSER", None)
    settings = Settings(aws_endpoint_url=f"http://127.0.0.1:{server.server_port}")

    seen = client(settings, "s3").head_object(Bucket="bars", Key="key")

    assert seen["LastModified"] == datetime(2026, 7, 3, 21, 0, 5, tzinfo=UTC)


@given(st.integers(10**8, 4 * 10**9), st.integers(0, 999))
def test_dates_are_read_as_botocore_does(epoch_s: int, milliseconds: int) -> None:
    """Whichever way a service writes a date, it is the same moment, and aware."""
    at = datetime.fromtimestamp(epoch_s, UTC)
    written = (f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z", at.isoformat(), format_datetime(at, usegmt=True))

    for way in (*written, epoch_s, str(epoch_s), epoch_s + milliseconds / 1000):
        assert moment(way) == parse_timestamp(way)
        assert moment(way).tzinfo is not None


@pytest.mark.parametrize("service", ["dynamodb", "s3", "sqs"])
def test_descriptions_lose_their_prose_alone(service: str) -> None:
    """What a client is built from is botocore's own description of the service but for the text for people."""
    ours = Loader(file_loader=Descriptions()).load_service_model(service, "service-2")

    theirs = Loader().load_service_model(service, "service-2")
    assert ours != theirs
    assert ours == without_prose(theirs)


def test_a_member_called_documentation_stays(tmp_path: Path) -> None:
    """Only text is prose: a shape or member of that name is part of what can be called."""
    (tmp_path / "service-2.json").write_text('{"members": {"documentation": {"documentation": "Prose."}}}')

    found = Descriptions().load_file(str(tmp_path / "service-2"))

    assert found == {"members": {"documentation": {"documentation": ""}}}


def without_prose(found: Any) -> Any:
    if isinstance(found, dict):
        told = {"documentation"} if isinstance(found.get("documentation"), str) else set()
        return {name: "" if name in told else without_prose(value) for name, value in found.items()}
    return [without_prose(one) for one in found] if isinstance(found, list) else found
