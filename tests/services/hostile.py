"""Hostile messages by the thousand, with good ones among them: made from a seed, the same ones for the same seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

SEED = 20_260_701
MESSAGES = 10_000
AT_ONCE = 500
ONE_IN = 10  # of the messages is good

GOOD = (
    {"order_action": '"BUY"', "order_type": '"MARKET"', "lot_size": "0.1", "tp_price": "151.0", "sl_price": "149"},
    {"order_action": '"SELL"', "order_type": '"LIMIT"', "lot_size": "0.01", "entry_price": "150.5"},
    {
        "order_action": '"BUY"',
        "order_type": '"IFOCO"',
        "lot_size": "1e-1",
        "entry_price": "149.5",
        "tp_price": "151",
        "sl_price": "149",
    },
    {"order_action": '"CLOSE"', "mt5_ticket": "7", "tp_price": "0", "sl_price": "-0.0"},
    {"order_action": '"CANCEL"', "order_type": "null", "mt5_ticket": "9223372036854775807"},
    {"order_action": '"MODIFY"', "target_order_id": '"elsewhere"', "sl_price": "149.0000000001"},
)
FIELDS = (
    "symbol",
    "order_action",
    "order_type",
    "lot_size",
    "tp_price",
    "sl_price",
    "comment",
    "order_id",
    "ticket_id",
    "entry_price",
    "mt5_ticket",
    "target_order_id",
    "created_at",
    "expires_at",
)
NUMBERS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1e-400",
    "1e999999999999999999999",
    "0e999999999",
    "-0",
    "-0.0",
    "0",
    "0.0",
    "0.30000000000000004",
    str(10**30),
    "1" * 4_300,
    "1" * 5_000,
    "0." + "3" * 5_000,
    "9" * 400 + ".5",
    "999999999",
    "1000000000",
    "0.0000000001",
    "0.00000000009",
    "1.00000000000000000000",
    "01",
    "+1",
    ".5",
    "1.",
    "0x10",
    "1e2",
    "1E-2",
    "-0.1",
    "true",
    "false",
    str(2**63),
    str(2**63 - 1),
    str(2**31),
    "7.0",
    "1_000",
    "\u0661",
    "1e+1",
)
STRINGS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\U0001f4a5",
    "\xe9" * 64,
    "a" * 64,
    "a" * 65,
    "../../etc/passwd",
    "' OR 1=1 --",
    "ORDER#other",
    "BUY",
    "buy",
    "BUY\n",
    "USDJPY",
    "usdjpy",
    "\uff35SDJPY",
    "MARKET",
    "$(reboot)",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "%s%n%x",
    "\u202egnp.exe",
    "\ufeffBUY",
    "null",
    "0.1",
    "NaN",
    "x" * 201,
    "x" * 200,
    "2026-07-01T12:00:00Z",
    "2026-07-01T11:59:59.5+00:00",
    "2026-07-01",
    "2026-07-01T12:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
    "1e5",
    "now",
    "-1",
)
OTHERS = ("null", "[]", "{}", "[1]", '{"a": 1}', '{"a": 1, "a": 1}', "[" * 200 + "]" * 200, '["BUY"]', '{"$ref": "#"}')


def chunks(bodies: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for body in bodies:
        chunk.append(body)
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []


def messages(random: Random) -> Iterator[str]:
    for number in range(MESSAGES):
        if number % ONE_IN == 0:
            yield text_of(good(random, f"good-{number}"))
        elif number % 200 == 7:
            yield huge(random)
        else:
            make = random.choice((changed, changed, changed, twisted, garbage))
            yield make(random, f"fuzz-{number}")


def good(random: Random, order_id: str) -> dict[str, str]:
    return {"order_id": f'"{order_id}"', "symbol": '"USDJPY"', **random.choice(GOOD)}


def changed(random: Random, order_id: str) -> str:
    """A good message with a few values replaced by hostile ones, added or left out."""
    fields = good(random, order_id)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name = random.choice((*FIELDS, *FIELDS, "surprise", "Symbol", "lot_size ", "__proto__", "\ud800", ""))
        if random.random() < 0.1:
            fields.pop(name, None)
        else:
            fields[name] = value(random)
    return text_of(fields)


def value(random: Random) -> str:
    kind = random.random()
    if kind < 0.5:
        return random.choice(NUMBERS)
    return json.dumps(random.choice(STRINGS)) if kind < 0.85 else random.choice(OTHERS)


def twisted(random: Random, order_id: str) -> str:
    """The text of a good message, cut, doubled, or with a character in it that does not belong there."""
    text = text_of(good(random, order_id))
    at = random.randrange(len(text))
    character = chr(random.choice((0, 9, 10, 0x22, 0x2C, 0x7B, 0x7D, 0x5C, 0xFEFF, 0xD800, 0x1F4A5)))
    return random.choice(
        (
            text[:at],
            text[at:],
            text + text,
            text + " x",
            "\ufeff" + text,
            f"[{text}]",
            json.dumps(text),
            text[:at] + character + text[at:],
            text.replace('"symbol"', '"symbol": "EURUSD", "symbol"'),
            f" {text}\n",
            text.replace('"', "'"),
            text.replace("}", ",}"),
            text.replace(":", ": /* */"),
        ),
    )


def garbage(random: Random, order_id: str) -> str:
    """No message at all."""
    noise = "".join(chr(random.choice((random.randrange(128), random.randrange(0x11_0000)))) for _ in range(50))
    return random.choice(
        ("", " ", "null", "0", "[]", '""', "{}", "true", noise, "{" + noise, order_id, "[" * 3_000, value(random))
    )


def huge(random: Random) -> str:
    """Up to a megabyte, deep or flat."""
    size = random.choice((64 * 1024, 256 * 1024, 1024 * 1024))
    return random.choice(
        (
            '{"comment": "' + "x" * size + '"}',
            "[" * size,
            '{"a":' * (size // 5),
            '{"' + "k" * size + '": 1}',
            "1" * size,
            '{"lot_size": ' + "9" * size + "}",
            "[" + "0," * (size // 2) + "0]",
            "\U0001f4a5" * (size // 4),
        ),
    )


def text_of(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, raw in fields.items()) + "}"
