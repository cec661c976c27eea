"""What stands beside every page: the kill switch with its state, the account, and how fresh the trading side's word is.

The state fades to UNKNOWN by a style sheet alone when it is not drawn anew: a page that has lost its server must not
go on saying OFF.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from axia_console.actions import release, throw
from axia_console.book import stamp
from axia_console.console import Console
from axia_console.freshness import Link, Standing
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.errors import AxiaError, VersionConflict

LOOK_EVERY_S = 2
LOST_AFTER_S = 12
TURNS = "switch-turns"

_STYLE = """
<style>
.stMainBlockContainer {padding-top:3rem;padding-bottom:3rem}
.axia-box {border-radius:.5rem;padding:.55rem .75rem;margin:.1rem 0 .4rem;font-size:.92rem;line-height:1.35;color:#fff}
.axia-box small {opacity:.9}
.axia-on {background:#b3261e} .axia-off {background:#1b6e3c}
.axia-demo {background:#3b5b8c} .axia-live {background:#8a3ffc}
.axia-fresh {background:#1b6e3c} .axia-stale {background:#8a5a00} .axia-broken {background:#b3261e}
.axia-fade {position:relative}
.axia-fade .axia-lost {position:absolute;inset:0;opacity:0;animation:axia-lost .2s linear __LOST_AFTER__s forwards;
 background:#b3261e;border-radius:.5rem;padding:.55rem .75rem;pointer-events:none}
@keyframes axia-lost {to {opacity:1}}
</style>
""".replace("__LOST_AFTER__", str(LOST_AFTER_S))


def show(console: Console) -> None:
    """Draws it; to be called inside the sidebar."""
    st.html(_STYLE)
    _state(console)
    _controls(console)


@st.fragment(run_every=LOOK_EVERY_S)
def _state(console: Console) -> None:
    """Read anew every other second, whatever the page does."""
    switch = console.backend.ledger.kill_switch()
    known = st.session_state.setdefault("switch-version", switch.version)
    if known != switch.version:  # somebody else turned it: what can be done with it is another part of the page
        st.session_state["switch-version"] = switch.version
        st.rerun()
    st.html(switch_box(switch, console))
    st.html(standing_box(console.standing(), console))


def switch_box(switch: KillSwitch, console: Console) -> str:
    """The state of the switch as a box; one that could not be read is ON, as it is for whoever executes."""
    words = console.words
    if not switch.known:
        text = words.switch_unknown
    else:
        text = words.switch_on.format(mode=switch.mode) if switch.active else words.switch_off
    by = words.by_at.format(who=switch.who, at=stamp(switch.at), reason=switch.reason) if switch.at else switch.reason
    checked = words.checked_at.format(at=f"{console.now:%H:%M:%S}")
    look = "axia-on" if switch.active else "axia-off"
    lines = f"<b>{escape(words.kill_switch)}: {escape(text)}</b><br><small>{escape(by)}<br>{escape(checked)}</small>"
    lost = f'<div class="axia-lost"><b>{escape(words.kill_switch)}: {escape(words.switch_lost)}</b></div>'
    return f'<div role="status" class="axia-box axia-fade {look}">{lines}{lost}</div>'


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


def _controls(console: Console) -> None:
    if not console.may_act:
        st.caption(console.words.viewer_only)
        return
    seen = console.backend.ledger.kill_switch()
    if not (seen.known and seen.is_as_strict_as(Mode.HALT)):
        _stop(console)
    if seen.known and seen.active:
        _release(console, seen)


@st.fragment
def _stop(console: Console) -> None:
    """One click opens it, one confirms."""
    words = console.words
    turns = st.session_state.get(TURNS, 0)  # another key closes it once it has done its work
    with st.popover(f":material/front_hand: {words.stop_trading}", width="stretch", key=f"stop-{turns}"):
        means = [words.halt_means, words.reduce_only_means]
        mode = Mode(st.radio(words.mode, [one.value for one in Mode], key="stop-mode", captions=means))
        reason = st.text_input(words.reason, key="stop-reason")
        st.caption(words.cancels_pending)
        if st.button(words.confirm_stop, type="primary", width="stretch", key="stop-confirm"):
            ledger, clock = console.backend.ledger, console.backend.clock
            _do(console, lambda: throw(mode, reason, console.who, ledger=ledger, clock=clock))


@st.fragment
def _release(console: Console, seen: KillSwitch) -> None:
    """Only what is on can be released, and only as it was seen when this was drawn."""
    words = console.words
    with st.popover(words.release, width="stretch", key=f"release-{seen.version}"):
        st.caption(words.by_at.format(who=seen.who, at=stamp(seen.at) if seen.at else "?", reason=seen.reason))
        reason = st.text_input(words.reason, key="release-reason")
        st.caption(words.release_means)
        if st.button(words.confirm_release, width="stretch", key="release-confirm"):
            ledger, clock = console.backend.ledger, console.backend.clock
            _do(console, lambda: release(reason, console.who, seen, ledger=ledger, clock=clock))


def _do(console: Console, act: Callable[[], KillSwitch]) -> None:
    """Turns the switch; what hinders it is said at the button, and every part of the page is drawn anew after it."""
    try:
        act()
    except VersionConflict:
        st.error(console.words.switch_changed)
    except AxiaError as error:
        st.error(str(error))
    else:
        st.session_state[TURNS] = st.session_state.get(TURNS, 0) + 1
        st.rerun()
