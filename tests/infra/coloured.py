"""A program that colours where it can, and spawns another, as the code server does: for `test_lean`."""

import importlib
import multiprocessing
import sys


def say(who: str) -> None:
    """Which of the packages that colour cannot be imported here."""
    for name in ("rich", "pygments"):
        try:
            importlib.import_module(name)
        except ImportError:
            sys.stdout.write(f"{who} has no {name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.stdout.write(f"arguments: {' '.join(sys.argv[1:])}\n")
    say("the program")
    there = importlib.import_module("tests.infra.coloured").say  # a child finds what has a module's name
    spawned = multiprocessing.get_context("spawn").Process(target=there, args=("its child",))
    spawned.start()
    spawned.join()
