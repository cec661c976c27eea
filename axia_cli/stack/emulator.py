"""The local AWS server: MiniStack's ASGI app in a process of ours, on loopback, guarded, saved every few seconds.

Run as `python -m axia_cli.stack.emulator --port P --state-dir D`. Starting and stopping it from outside belongs to
`supervisor`; what is deployed into it belongs to `infra`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axia_cli.stack.guard import App, Guard
from axia_cli.stack.state import Boot, StateFolder
from axia_core.errors import AxiaError

ACCOUNT_ID = "000000000000"
SAVE_EVERY_S = 2.0
REST = 10  # times as long as a save took: thousands of orders take most of a second, in which nobody is answered
LONGEST_REST_S = 60.0
BAD_STATE_EXIT = 2
# Which state files a write to a service changes. A save stops every request, so the desk's own traffic saves little;
# a write to any other service (CloudFormation changes them all, SNS writes to queues) saves everything.
STATES = {"dynamodb": ("dynamodb", "dynamodb_streams"), "sqs": ("sqs",), "s3": ("s3",)}
EVERYTHING: frozenset[str] = frozenset()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit code."""
    options = _parse(arguments)
    folder = StateFolder(Path(options.state_dir).absolute())
    os.environ.update(environment(options.port, folder, options.region, options.redis_port))
    # MiniStack reads its environment while it is imported.
    from ministack import app as ministack
    from ministack.core import persistence

    try:
        folder.check(persistence.STATE_FORMAT_VERSION, persistence.SERVICE_STATE_FORMAT_VERSIONS)
    except AxiaError as error:
        sys.stderr.write(f"axia: {error}\n")
        return BAD_STATE_EXIT
    save = _saver(persistence, ministack)
    asyncio.run(Emulator(ministack.app, folder, folder.begin(), save).serve(options.port))
    return 0


def environment(port: int, folder: StateFolder, region: str, redis_port: int) -> dict[str, str]:
    """What MiniStack must find in its environment before it is imported."""
    return {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder.services),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder.objects),
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
        "LAMBDA_EXECUTOR": "local",
        # A socket that is not there: MiniStack must never look for a Docker daemon.
        "DOCKER_HOST": f"unix://{folder.path / 'no-docker.sock'}",
        "LOG_LEVEL": "WARNING",
    }


@dataclass
class Emulator:
    """One life of the server."""

    app: App
    folder: StateFolder
    boot: Boot
    save: Callable[[frozenset[str]], None]
    _written: set[str] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, port: int) -> None:
        """Answer requests until stopped, then leave a complete state folder."""
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"127.0.0.1:{port}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1  # a desk's long poll would hold the stop for its whole wait
        config.loglevel = "WARNING"
        _on_signals(asyncio.get_running_loop(), self._stopping.set)
        saving = asyncio.create_task(self._save_when_dirty())
        await serve(self._guarded(), config, shutdown_trigger=self._stopping.wait)  # type: ignore[arg-type]  # ASGI typed loosely here
        saving.cancel()
        self.save(EVERYTHING)
        self.folder.end()

    def _guarded(self) -> App:
        controls = {
            ("GET", "/_axia/boot"): self.boot.document,
            ("POST", "/_axia/save"): self.save_now,
            ("POST", "/_axia/stop"): self._stop,
        }
        return Guard(self.app, controls=controls, on_write=self._written_to)

    def save_now(self) -> dict[str, object]:
        """Write what changed to disk; runs on the event loop, so no request changes it meanwhile."""
        written, self._written = frozenset(self._written), set()
        self.save(written if written <= STATES.keys() else EVERYTHING)
        self.folder.mark_saved()
        return {"saved": sorted(written)}

    def _written_to(self, service: str) -> None:
        self._written.add(service)

    def _stop(self) -> dict[str, object]:
        self._stopping.set()
        return {"stopping": True}

    async def _save_when_dirty(self) -> None:
        pause_s = SAVE_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            if self._written:
                began_s = time.monotonic()
                self.save_now()
                pause_s = pause_after(time.monotonic() - began_s)


def pause_after(save_took_s: float) -> float:
    """How long to answer requests until the next save: every two seconds, or most of the time where saves are long."""
    return min(max(SAVE_EVERY_S, REST * save_took_s), LONGEST_REST_S)


def _saver(persistence: Any, ministack: Any) -> Callable[[frozenset[str]], None]:
    def save(services: frozenset[str]) -> None:
        wanted = {state for service in services for state in STATES[service]}
        states = ministack._build_persistence_save_dict()
        chosen = {name: state for name, state in states.items() if services == EVERYTHING or name in wanted}
        # The same call that MiniStack makes when it shuts down; it replaces each file atomically.
        persistence.save_all(chosen)

    return save


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="axia_cli.stack.emulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", required=True)
    parser.add_argument("--region", default="ap-northeast-1")
    parser.add_argument("--redis-port", type=int, default=6390)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
