"""What our boto3 clients send, seen by a server of this test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from axia_core.aws import client
from axia_core.settings import Settings


class _Seen(BaseHTTPRequestHandler):
    headers_seen: dict[str, str]

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
