"""The child process that holds the MT5 module: one terminal, one call at a time, answers over its own pipe.

The module holds the GIL for the whole of a call and has no timeouts (facts, B1), so nothing else lives here and the
parent kills this process when a call exceeds its deadline. It ends by itself when the parent is gone (end of input).
"""

from __future__ import annotations

import importlib
import os
import pickle
import signal
import sys
import time
from typing import Any, BinaryIO

from axia_core.adapters.mt5.calls import SENDING, Answer, Call, TerminalSpec

BAD_ARGUMENTS = -2
WRONG_ACCOUNT = -6
# -5 is what the real module says of a terminal that it has not reached yet, so it does not know its build.
LOST_CONNECTION = frozenset({-5, -10000, -10001, -10002, -10003, -10004, -10005})


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Reads a TerminalSpec, connects, then answers Calls, as many at a time as come together, until the input ends."""
    spec: TerminalSpec = pickle.load(requests)
    module = importlib.import_module(spec.module)
    _reply(answers, (connect(module, spec),))
    while True:
        try:
            calls: tuple[Call, ...] = pickle.load(requests)
        except EOFError:
            return
        _reply(answers, tuple(_perform(module, spec, call) for call in calls))


def connect(module: Any, spec: TerminalSpec) -> Answer:
    """Opens the terminal and makes sure that it is the account of *spec*; True, or False with the reason."""
    connected = module.initialize(
        path=str(spec.path),
        login=spec.login,
        password=spec.password,
        server=spec.server,
        timeout=int(spec.deadline_s * 1000),
    )
    if not connected:
        return Answer(False, module.last_error())
    account = module.account_info()
    if account is None:
        return Answer(False, module.last_error())
    if (account.login, account.server) != (spec.login, spec.server):
        # A terminal that somebody switched, or another broker's that the module found: nothing may be asked of it.
        module.shutdown()
        return Answer(False, (WRONG_ACCOUNT, f"the terminal is at {account.login} on {account.server}"))
    return Answer(True, (1, "Success"))


def _perform(module: Any, spec: TerminalSpec, call: Call) -> Answer:
    if call.name == SENDING:
        return _send(module, spec, call)
    answer = _once(module, call)
    if answer.result is None and answer.error[0] in LOST_CONNECTION:
        # Only reads are asked again over a new connection; a send never is.
        module.shutdown()
        if connect(module, spec).result:
            return _once(module, call)
    return answer


def _send(module: Any, spec: TerminalSpec, call: Call) -> Answer:
    """Looked at in the same breath as it is sent: whose account the terminal is at now, and what time it is."""
    account = module.account_info()
    if account is None or (account.login, account.server) != (spec.login, spec.server):
        at = "no account" if account is None else f"{account.login} on {account.server}"
        return Answer(None, (0, f"not sent: the terminal is at {at}"), not_sent=True)
    if call.send_by is None or time.time() >= call.send_by:
        return Answer(None, (0, "not sent: its time was over before it could be sent"), not_sent=True)
    return _once(module, call)


def _once(module: Any, call: Call) -> Answer:
    try:
        result = getattr(module, call.name)(*call.args, **dict(call.kwargs))
    except SystemError as error:
        # An argument that Python's own conversion refused, before anything was sent; other causes end this process.
        if module.last_error()[0] != BAD_ARGUMENTS:
            raise
        return Answer(None, (BAD_ARGUMENTS, str(error)))
    return Answer(_plain(result), module.last_error())


def _plain(value: Any) -> Any:
    """Structs (which need the vendor's module to unpickle) as dicts, tuples of them as tuples of dicts."""
    if hasattr(value, "_asdict"):
        return {name: _plain(field) for name, field in value._asdict().items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value


def _reply(answers: BinaryIO, found: tuple[Answer, ...]) -> None:
    pickle.dump(found, answers, protocol=pickle.HIGHEST_PROTOCOL)
    answers.flush()


def main() -> None:
    """Moves the pipe off stdout first: whatever the module prints must not land between two answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; we end when our parent has ended
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
