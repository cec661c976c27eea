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
# Each keeps its first group and hides the rest, which ends where a quote or an escape begins: JSON stays JSON.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(https://hooks\.slack\.com/)[^\s\\\"'<>]+",
        r"(://[^\s/:@\\\"']*:)[^\s/@\\\"']+(?=@)",  # a password in a URL
        r"\b()(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        rf"((?:password|passwd|secret|secret_access_key|session_token|security-token|webhook_url){_NAMED})"
        r"[^\s\\\"',&}]+",
        rf"((?:api[_-]?key|auth[_-]?token|access_token|client_secret){_NAMED})[^\s\\\"',&}}]+",
        rf"(\bauthorization{_NAMED}(?:(?:bearer|basic|aws4-hmac-sha256)\s+)?)[^\s\\\"']+",
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
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
