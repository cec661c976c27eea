"""What must never be written: the secrets this process has loaded, and whatever looks like one."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote, urlsplit

MASK = "***"
# A shorter value is likelier a word than a secret ("paper" is the paper terminal's password).
FEWEST_CHARACTERS = 6

_known: set[str] = set()

_NAMED = r"[\\'\"]*\s*[:=]\s*[\\'\"]*"  # from a name to its value, also inside JSON inside JSON
_VALUE = r"[^\s\\\"',&}]+"
# What must be in a text, in lower case, before the pattern is worth a look: nearly every line has none of these words.
# Each pattern keeps its first group and hides the rest, which ends where a quote or an escape begins: JSON stays JSON.
_PATTERNS = tuple(
    (words, re.compile(pattern, re.IGNORECASE))
    for words, pattern in (
        (("hooks.slack.com",), r"(https://hooks\.slack\.com/)[^\s\\\"'<>]+"),
        (("://",), r"(://[^\s/:@\\\"']*:)[^\s/@\\\"']+(?=@)"),  # a password in a URL
        (("akia", "asia"), r"\b()(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        (("password", "passwd"), rf"((?:password|passwd){_NAMED}){_VALUE}"),
        (("secret",), rf"((?:secret|secret_access_key){_NAMED}){_VALUE}"),
        (("token",), rf"((?:session|security|auth|access)[_-]?token{_NAMED}){_VALUE}"),
        (("webhook_url", "api"), rf"((?:webhook_url|api[_-]?key){_NAMED}){_VALUE}"),
        (("authorization",), rf"(\bauthorization{_NAMED}(?:(?:bearer|basic|aws4-hmac-sha256)\s+)?)[^\s\\\"']+"),
    )
)


def hide(*secrets: str | None) -> None:
    """From now on these values are masked in every line of this process; short ones are words and are not."""
    for secret in secrets:
        if secret and len(secret) >= FEWEST_CHARACTERS:
            _known.update((secret, quote(secret, safe=""), json.dumps(secret)[1:-1]))


def hide_password_of(url: str) -> None:
    """Masks the password that a URL carries, if it carries one."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return  # no URL: whoever connects says so
    hide(password, unquote(password or ""))


def masked(text: str) -> str:
    """The text without any secret; what stands around one stays readable."""
    found = [secret for secret in _known if secret in text]
    for secret in sorted(found, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, MASK)
    lower = text.lower()
    for words, pattern in _PATTERNS:
        if any(word in lower for word in words):
            text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
