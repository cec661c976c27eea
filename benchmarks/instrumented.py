"""Any port with a hook before and after each of its calls: the boundaries of side effects, found and not listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Boundary = Callable[[str], None]


class Instrumented:
    """A port whose every call is two boundaries: before it, and after its effect.

    With *first_argument_names* the call's first argument belongs to its name, as for `terminal.call("order_check")`.
    """

    def __init__(self, name: str, port: Any, boundary: Boundary, *, first_argument_names: bool = False) -> None:
        self._name = name
        self._port = port
        self._boundary = boundary
        self._first_argument_names = first_argument_names

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found
        boundary, name = self._boundary, f"{self._name}.{method}"

        def call(*args: Any, **kwargs: Any) -> Any:
            what = f"{name} {args[0]}" if self._first_argument_names and args and isinstance(args[0], str) else name
            boundary(f"before {what}")
            result = found(*args, **kwargs)
            boundary(f"after {what}")
            return result

        setattr(self, method, call)  # a desk asks for the same ones in every round
        return call
