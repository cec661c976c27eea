"""The kill switch at the foot of every page: its state, and the one click and one confirmation that turn it.

It is in what Streamlit pins to the foot of a page: on a phone the sidebar is folded, and a page scrolls, but that stays
in sight. The state fades to UNKNOWN by a style sheet alone when it is not drawn anew: a page that has lost its server
must not go on saying OFF.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from axia_console.actions import release, throw
from axia_console.book import stamp
from axia_console.console import Console
from axia_core.domain.kill_switch import KillSwitch, Mode
from axia_core.errors import AxiaError, VersionConflict

LOOK_EVERY_S = 2
LOST_AFTER_S = 12
TURNS, VERSION = "switch-turns", "switch-version"

_STYLE = """
<style>
.stMainBlockContainer {padding-top:3rem;padding-bottom:2rem}
[data-testid="stBottomBlockContainer"] {padding-top:.5rem;padding-bottom:.75rem}
.axia-box {border-radius:.5rem;padding:.55rem .75rem;margin:.1rem 0 .4rem;font-size:.92rem;line-height:1.35;color:#fff}
.axia-box small {opacity:.9}
.axia-on {background:#b3261e} .axia-off {background:#1b6e3c}
.axia-demo {background:#3b5b8c} .axia-live {background:#8a3ffc}
.axia-fresh {background:#1b6e3c} .axia-stale {background:#8a5a00} .axia-broken {background:#b3261e}
.axia-fade {display:grid;padding:0;margin:0;overflow:hidden}
.axia-fade > div {grid-area:1/1;padding:.45rem .75rem}
.axia-fade small {display:inline-block;margin-right:.6rem}
.axia-lost {background:#b3261e;opacity:0;animation:axia-lost .2s linear __LOST_AFTER__s forwards;pointer-events:none}
@keyframes axia-lost {to {opacity:1}}
/* on a phone the state stands below its buttons: what they open, upwards, does not cover it */
.st-key-switch [data-testid="stHorizontalBlock"] {flex-wrap:wrap-reverse;row-gap:.5rem}
@media (max-width:768px) {.stMainBlockContainer {padding-top:4rem}}
</style>
""".replace("__LOST_AFTER__", str(LOST_AFTER_S))


def show(console: Console) -> None:
    """Draws it; a page that is drawn before it would be in sight without it."""
    st.html(_STYLE)
    with st.bottom, st.container(key="switch"):
        state, controls = st.columns([0.68, 0.32], vertical_alignment="center", gap="small")
        with state:
            _state(console)
        with controls, st.container(horizontal=True, gap="small"):
            _controls(console)


@st.fragment(run_every=LOOK_EVERY_S)
def _state(console: Console) -> None:
    """Read anew every other second, whatever the page does."""
    switch = console.backend.ledger.kill_switch()
    if st.session_state.setdefault(VERSION, switch.version) != switch.version:
        st.session_state[VERSION] = switch.version
        st.rerun()  # somebody else turned it, and what can be done with it is another part of the page
    st.html(switch_box(switch, console))


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
    lines = f"<div><b>{escape(words.kill_switch)}: {escape(text)}</b><br>{_small(by)}{_small(checked)}</div>"
    lost = f'<div class="axia-lost"><b>{escape(words.kill_switch)}: {escape(words.switch_lost)}</b></div>'
    return f'<div role="status" class="axia-box axia-fade {look}">{lines}{lost}</div>'


def _small(text: str) -> str:
    return f"<small>{escape(text)}</small>"


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
        st.session_state[VERSION] = act().version
    except VersionConflict:
        st.error(console.words.switch_changed)
    except AxiaError as error:
        st.error(str(error))
    else:
        st.session_state[TURNS] = st.session_state.get(TURNS, 0) + 1
        st.rerun()
