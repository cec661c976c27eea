"""Both languages say everything, with the same figures in it."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from axia_console.words import CATALOGUE, EN, Language, Words

NAMES = [field.name for field in fields(Words)]


@pytest.mark.parametrize("language", list(Language))
def test_every_word_is_there(language: Language) -> None:
    """No word is empty."""
    assert [name for name in NAMES if not getattr(CATALOGUE[language], name).strip()] == []


@pytest.mark.parametrize("language", list(Language))
def test_same_figures(language: Language) -> None:
    """A sentence names the same figures in every language, or formatting it would fail there alone."""
    assert [name for name in NAMES if figures(CATALOGUE[language], name) != figures(EN, name)] == []


def test_japanese_is_japanese() -> None:
    """Sentences are translated: they have letters that English has not."""
    sentences = [name for name in NAMES if " " in getattr(EN, name).strip()]
    japanese = CATALOGUE[Language.JAPANESE]

    assert [name for name in sentences if getattr(japanese, name).isascii()] == []


def figures(words: Words, name: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", getattr(words, name)))
