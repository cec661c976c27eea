"""Bring an object back by version: the newest one that is what it should be becomes the current one again."""

from __future__ import annotations

from collections.abc import Callable

from axia_core.ports.recovery import ScratchObjects


def bring_back(key: str, is_right: Callable[[bytes], bool], *, objects: ScratchObjects) -> str | None:
    """The id of the version that is current again in content; None where no version is right. Safe to repeat.

    Raises StoreUnavailable, ArchivedObject.
    """
    current = objects.read(key)
    for one in objects.versions(key):
        if one.is_deletion:
            continue
        body = current if one.is_current else objects.read(key, one.id)
        if body is None or not is_right(body):
            continue
        if not one.is_current:
            objects.put(key, body)
        return one.id
    return None
