"""The order state machine and the table of broker answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axia_core.domain.kill_switch import UNREADABLE, KillSwitch, Mode
from axia_core.domain.order_states import MOVES, OPEN_STATES, State, check_move
from axia_core.domain.orders import Action
from axia_core.domain.outcomes import LAST_ERRORS, RETCODES, Verdict, classify_last_error, classify_retcode
from axia_core.errors import IllegalTransition

SURFACE = Path(__file__).parents[2] / "axia_core" / "adapters" / "paper" / "mt5_api.json"


def test_final_states_have_no_moves() -> None:
    """Nothing leaves a final state, and every open one has a way on."""
    assert set(MOVES) == OPEN_STATES
    assert all(MOVES[state] for state in OPEN_STATES)


@given(st.lists(st.sampled_from(State), max_size=12))
def test_no_path_leads_back_to_a_send_from_unknown(path: list[State]) -> None:
    """Once UNKNOWN or PLACED, no legal path reaches SUBMITTING again: nothing is ever sent twice on a guess."""
    state, past_knowing = State.RECEIVED, False
    for wanted in path:
        if wanted in MOVES.get(state, ()):
            state = wanted
        past_knowing = past_knowing or state in (State.UNKNOWN, State.PLACED)
        assert not (past_knowing and state is State.SUBMITTING)


def test_illegal_move_is_refused() -> None:
    """A move that the machine does not have raises."""
    with pytest.raises(IllegalTransition):
        check_move(State.FILLED, State.SUBMITTING)


def test_every_retcode_is_classified() -> None:
    """Each TRADE_RETCODE of the module's surface has its class, and so has each last_error."""
    constants = json.loads(SURFACE.read_text(encoding="utf-8"))["constants"]
    retcodes = {value for name, value in constants.items() if name.startswith("TRADE_RETCODE_")}
    errors = {value for name, value in constants.items() if name.startswith("RES_")}

    assert retcodes <= RETCODES.keys()
    assert errors <= LAST_ERRORS.keys()


@pytest.mark.parametrize("retcode", [10011, 10012, 10031, 4711])
def test_doubtful_answers_are_unknown(retcode: int) -> None:
    """An answer that does not prove what happened is UNKNOWN, a code nobody knows included."""
    assert Verdict.UNKNOWN is classify_retcode(retcode)[0]


@pytest.mark.parametrize("code", [-1, -10000, -10001, -10002, -10005, 99])
def test_lost_answers_are_unknown(code: int) -> None:
    """A None whose error does not prove that nothing was sent is UNKNOWN."""
    assert Verdict.UNKNOWN is classify_last_error(code)[0]


@pytest.mark.parametrize("action", list(Action))
def test_halt_permits_nothing(action: Action) -> None:
    """HALT, and a switch that cannot be read, let no action pass."""
    assert not KillSwitch(active=True).permits(action)
    assert not UNREADABLE.permits(action)


def test_reduce_only_permits_exits() -> None:
    """REDUCE_ONLY lets CLOSE and CANCEL pass and nothing else."""
    switch = KillSwitch(active=True, mode=Mode.REDUCE_ONLY)

    assert {Action.CLOSE, Action.CANCEL} == {action for action in Action if switch.permits(action)}
    assert {*Action} - {Action.BUY, Action.SELL} == {one for one in Action if switch.permits(one, reduces_risk=True)}
