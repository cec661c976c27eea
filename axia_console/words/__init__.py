"""Every word of the pages in English and Japanese, one file a language. A language that lacks one does not type-check.

Codes, states and what the limits found stay as they are everywhere: they are the words of logs and runbooks.
"""

from __future__ import annotations

from enum import StrEnum

from axia_console.words.english import EN
from axia_console.words.japanese import JA
from axia_console.words.words import Words

__all__ = ["CATALOGUE", "EN", "JA", "Language", "Words"]


class Language(StrEnum):
    """A language by the name its speakers give it."""

    ENGLISH = "English"
    JAPANESE = "日本語"


CATALOGUE = {Language.ENGLISH: EN, Language.JAPANESE: JA}
