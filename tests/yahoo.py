"""A local Yahoo: HTTPS behind a CONNECT proxy, answering cookies, crumb and `/v8/finance/chart` in Yahoo's JSON.

The library meets it through the environment alone (`Yahoo.environment`): a proxy, and a certificate made for the day.
Nothing of the library is patched. The charts have the shape of the recorded one in the shared data (a test compares).
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from axia_core.domain.bars import Bars, aggregate, instant
from axia_core.domain.timeframes import Timeframe

LONDON = ZoneInfo("Europe/London")
INTERVALS = {"5m": Timeframe.M5, "15m": Timeframe.M15, "60m": Timeframe.H1, "1h": Timeframe.H1}
REACH_DAYS = {"5m": 60, "15m": 60, "60m": 730, "1h": 730}
Chart = dict[str, Any]


class Mood(StrEnum):
    """How Yahoo answers charts at the moment."""

    WELL = "well"
    RATE_LIMITED = "429"
    BROKEN = "500"
    BROKEN_JSON = "500 with a JSON body"
    DOWN = "will be right back"
    EMPTY = "no rows"
    NO_ROWS = "400 that says there are none"
    CUT = "connection cut"


class Yahoo:
    """What the server has and how it answers; `asked` lists the charts it was asked for."""

    def __init__(self, series: Iterable[Bars], now: datetime) -> None:
        self.series = {f"{bars.symbol}=X": bars for bars in series}
        self.now = now
        self.mood = Mood.WELL
        self.live_price = False
        self.asked: list[tuple[str, str, int, int]] = []
        self.environment: dict[str, str] = {}

    def answer(self, ticker: str, query: dict[str, str]) -> tuple[int, Chart]:
        """Status and document of one chart request."""
        interval = query.get("interval", "1d")
        start, end = int(query.get("period1", 0)), int(query.get("period2", self.now.timestamp()))
        self.asked.append((ticker, interval, start, end))
        if self.mood in _FAULTS:
            return _FAULTS[self.mood]
        if ticker not in self.series:
            return 404, _error("Not Found", "No data found, symbol may be delisted")
        if interval not in INTERVALS:
            known = ", ".join(INTERVALS)
            return 422, _error(
                "Unprocessable Entity", f"Invalid input - interval={interval} is not supported. [{known}]"
            )
        if start < (self.now - timedelta(days=REACH_DAYS[interval])).timestamp():
            text = (
                f"{interval} data not available for startTime={start} and endTime={end}. The requested range must be "
            )
            return 422, _error("Unprocessable Entity", text + f"within the last {REACH_DAYS[interval]} days.")
        return 200, chart(ticker, interval, self._rows(ticker, interval, start, end))

    def _rows(self, ticker: str, interval: str, start: int, end: int) -> list[tuple[int, float, float, float, float]]:
        if self.mood is Mood.EMPTY:
            return []
        source = self.series[ticker]
        timeframe = INTERVALS[interval]
        bars = source if timeframe is source.timeframe else aggregate(source, timeframe)
        held = bars.between(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        seconds = (held.time_us // 1_000_000).tolist()
        prices = (held.open, held.high, held.low, held.close)
        rows = list(zip(seconds, *(column.tolist() for column in prices), strict=True))
        if self.live_price and rows:
            at, *_, close = rows[-1]
            rows.append((at + 61, close, close, close, close))  # the price of this moment, under its own time
        return rows


def chart(ticker: str, interval: str, rows: list[tuple[int, float, float, float, float]]) -> Chart:
    """A chart as Yahoo sends it."""
    quote: dict[str, list[float | int]] = {}
    if rows:
        seconds, opens, highs, lows, closes = (list(column) for column in zip(*rows, strict=True))
        quote = {"volume": [0] * len(rows), "low": lows, "open": opens, "high": highs, "close": closes}
    result: Chart = {"meta": _meta(ticker, interval, rows), "indicators": {"quote": [quote]}}
    if rows:
        result["timestamp"] = seconds
    if interval == "1d":
        result["indicators"]["adjclose"] = [{"adjclose": quote.get("close", [])}]
    return {"chart": {"result": [result], "error": None}}


def _meta(ticker: str, interval: str, rows: list[tuple[int, float, float, float, float]]) -> Chart:
    newest = rows[-1] if rows else (1_782_900_000, 1.0, 1.0, 1.0, 1.0)
    days = sorted({datetime.fromtimestamp(row[0], LONDON).date() for row in rows}) or [date(2026, 7, 1)]
    meta = {
        "currency": ticker[3:6],
        "symbol": ticker,
        "exchangeName": "CCY",
        "fullExchangeName": "CCY",
        "instrumentType": "CURRENCY",
        "firstTradeDate": 1070236800,
        "regularMarketTime": newest[0],
        "hasPrePostMarketData": False,
        "gmtoffset": 3600,
        "timezone": "BST",
        "exchangeTimezoneName": "Europe/London",
        "regularMarketPrice": newest[4],
        "fiftyTwoWeekHigh": newest[2],
        "fiftyTwoWeekLow": newest[3],
        "regularMarketDayHigh": newest[2],
        "regularMarketDayLow": newest[3],
        "regularMarketVolume": 0,
        "longName": f"{ticker[:3]}/{ticker[3:6]}",
        "shortName": f"{ticker[:3]}/{ticker[3:6]}",
        "chartPreviousClose": newest[1],
        "priceHint": 4,
        "currentTradingPeriod": {name: _period(days[-1]) for name in ("pre", "regular", "post")},
        "dataGranularity": interval,
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    return meta if interval == "1d" else meta | {"tradingPeriods": [[_period(day)] for day in days]}


def _period(day: date) -> Chart:
    opens = datetime(day.year, day.month, day.day, tzinfo=LONDON)
    start = int(opens.timestamp())
    return {"timezone": "BST", "start": start, "end": start + 24 * 3600 - 60, "gmtoffset": 3600}


def _error(code: str, description: str) -> Chart:
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


_FAULTS: dict[Mood, tuple[int, Chart]] = {
    Mood.RATE_LIMITED: (429, {"finance": {"error": {"code": "Too Many Requests"}}}),
    Mood.BROKEN: (500, {}),
    Mood.BROKEN_JSON: (500, {"status_code": 500, "detail": "internal"}),
    Mood.DOWN: (200, {"text": "Will be right back..."}),
    Mood.NO_ROWS: (400, _error("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2")),
    Mood.CUT: (0, {}),
}


@contextmanager
def yahoo_running(series: Iterable[Bars], now: datetime, folder: Path) -> Iterator[Yahoo]:
    """A Yahoo on a free port of loopback, for as long as the block lasts."""
    yahoo = Yahoo(series, now)
    pem = folder / "yahoo.pem"
    pem.write_bytes(_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"yahoo": yahoo, "context": context}))
    server.daemon_threads = True
    yahoo.environment = _environment(server.server_port, pem)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _environment(port: int, pem: Path) -> dict[str, str]:
    proxy = f"http://127.0.0.1:{port}"
    trust = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(pem))
    return {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": "", **trust}


class _Handler(BaseHTTPRequestHandler):
    """One connection: a tunnel to whatever host, which ends here."""

    yahoo: Yahoo
    context: ssl.SSLContext
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Whoever is asked for, it is we: the tunnel ends here, in TLS."""
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        if address.path.startswith("/v8/finance/chart/"):
            self._chart(unquote(address.path.rsplit("/", 1)[1]), query)
        elif address.path == "/v1/test/getcrumb":
            self._send(200, b"a.crumb", "text/plain")
        else:
            self._send(404, b"", "text/html")  # fc.yahoo.com answers so as well; its cookie is what counts

    def _chart(self, ticker: str, query: dict[str, str]) -> None:
        status, document = self.yahoo.answer(ticker, query)
        if not status:
            self.close_connection = True
            return
        body = b"<html>Internal Server Error</html>" if not document else json.dumps(document).encode()
        self._send(status, body, "application/json;charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "A3=crumbs; Domain=.yahoo.com; Path=/; Max-Age=31536000; Secure")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the tests say what was asked."""


def _certificate() -> bytes:
    """Key and self-signed certificate of Yahoo's hosts, as PEM, valid for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local Yahoo")])
    hosts = [x509.DNSName(host) for host in ("*.yahoo.com", "*.finance.yahoo.com")]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*hosts, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def rows_of(bars: Bars) -> list[datetime]:
    """The open times of bars, for comparing."""
    return [instant(int(at)) for at in bars.time_us]
