"""What stands beside every page: which account this is, and how fresh the trading side's word is."""

from __future__ import annotations

from html import escape

import streamlit as st

from axia_console.console import Console
from axia_console.freshness import Link, Standing

LOOK_EVERY_S = 2


@st.fragment(run_every=LOOK_EVERY_S)
def show(console: Console) -> None:
    """Draws it, and again every other second; to be called inside the sidebar."""
    st.html(standing_box(console.standing(), console))


def standing_box(found: Standing, console: Console) -> str:
    """Which account this is, and how old what the page shows of it."""
    words, boxes = console.words, []
    if found.snapshot is not None:
        account, kind = found.snapshot.account, found.snapshot.account_kind
        text = words.account.format(kind=kind.upper(), login=account.login, server=account.server)
        boxes.append(f'<div class="axia-box axia-{escape(kind)}"><b>{escape(text)}</b></div>')
    look = {Link.FRESH: "fresh", Link.STALE: "stale", Link.NONE: "stale", Link.BROKEN: "broken"}[found.link]
    boxes.append(f'<div role="status" class="axia-box axia-{look}">{escape(standing_text(found, console))}</div>')
    return "".join(boxes)


def standing_text(found: Standing, console: Console) -> str:
    """The same in a sentence."""
    words, age = console.words, "" if found.age_s is None else f"{found.age_s:.0f}"
    match found.link:
        case Link.FRESH:
            return words.fresh.format(age=age)
        case Link.STALE:
            return words.stale.format(age=age)
        case Link.NONE:
            return words.no_snapshot
        case Link.BROKEN:
            return words.broken
