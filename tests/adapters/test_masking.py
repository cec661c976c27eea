"""Secrets in log lines: those the process has loaded, in whatever form, and what looks like one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core import masking
from axia_core.adapters import secrets
from axia_core.masking import MASK, hide, hide_password_of, masked


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """What other tests hide is not touched."""
    known = set(masking._known)
    yield
    masking._known.clear()
    masking._known.update(known)


@given(secret=st.text(st.characters(codec="utf-8"), min_size=6, max_size=40), around=st.text(max_size=20))
def test_loaded_secret_never_appears(secret: str, around: str) -> None:
    """Neither as it is nor as JSON writes it, whatever characters it has."""
    hide(secret)

    line = masked(json.dumps({"text": f"{around}{secret}{around}"}))

    assert json.dumps(secret)[1:-1] not in line.replace(MASK, "")


def test_password_of_the_cache() -> None:
    """It is hidden in the URL and alone, also where the URL had to quote it."""
    hide_password_of("rediss://:p%40ss-word@cache:6379/0")

    assert "ss-word" not in masked("rediss://:p%40ss-word@cache:6379 refused p@ss-word")


class Manager:
    """Secrets Manager with one secret."""

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": json.dumps({"login": 7, "password": "corr3ct-horse", "server": "Broker-Demo"})}


def test_password_of_the_account() -> None:
    """It is hidden from the moment on in which the process reads it."""
    secrets.read(Manager(), "TSS/mt5/demo")

    assert masked("7 corr3ct-horse Broker-Demo") == f"7 {MASK} Broker-Demo"


def test_words_stay() -> None:
    """The paper terminal's password is a word of every second line."""
    hide("paper", "", None)

    assert masked("the paper terminal") == "the paper terminal"


@pytest.mark.parametrize(
    "text",
    [
        "posting to https://hooks.slack.com/services/T0/B0/hunter22 failed",
        "redis://user:hunter22@10.0.0.1:6379 does not answer",
        "password=hunter22 login=7",
        json.dumps({"password": "hunter22"}),
        json.dumps({"text": json.dumps({"webhook_url": "hunter22"})}),
        "aws_secret_access_key = hunter22",
        "Authorization: Bearer hunter22",
        "api_key: hunter22",
        "mt5_password: 'hunter22'",
    ],
)
def test_what_looks_like_a_secret(text: str) -> None:
    """A value behind a telling name is hidden although nobody has loaded it, and the text around it stays."""
    found = masked(text)

    assert "hunter22" not in found
    assert MASK in found
    assert found[:4] == text[:4]


def test_access_key_id() -> None:
    """AWS's key ids have a form of their own."""
    assert masked("signed by AKIAABCDEFGHIJKLMNOP today") == f"signed by {MASK} today"


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=4))
def test_json_stays_json(line: dict[str, str]) -> None:
    """Whatever a line says, it can still be parsed."""
    json.loads(masked(json.dumps(line | {"password": 'a"b\\c', "text": "secret=x\ny"})))
