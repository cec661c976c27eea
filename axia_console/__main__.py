"""`python -m axia_console`: the console's server, with the options that keep it closed. It reads no secret."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from axia_console.access import is_loopback, require_sign_in_where_exposed
from axia_core.domain.names import STREAMLIT_APP
from axia_core.errors import InvalidInput
from axia_core.settings import Settings, load_settings
from axia_core.telemetry import ship_logs

# Faults of pages; each of Streamlit's loggers keeps its lines to itself.
STREAMLIT_LOGGERS = ("streamlit", "streamlit.error_util")
SERVER = Path(__file__).with_name("server.py")
REFUSED_EXIT = 3


def options(settings: Settings) -> dict[str, object]:
    """Streamlit's options: its protections on, no telemetry, no watching of files, no details of faults on a page."""
    closed = {"server_allowedHosts": ["localhost", "127.0.0.1", "::1"]} if is_loopback(settings.console_host) else {}
    return closed | {
        "server_address": settings.console_host,
        "server_port": settings.console_port,
        "server_headless": True,
        "server_enableXsrfProtection": True,
        "server_enableCORS": True,  # Streamlit's word for: refuse other origins
        "server_fileWatcherType": "none",
        "server_runOnSave": False,
        # After each drawing of each part, a third of the console's time; Python's own collection is enough.
        "runner_postScriptGC": False,
        "server_maxUploadSize": 1,
        "browser_gatherUsageStats": False,
        "client_showErrorDetails": "none",
        "client_toolbarMode": "minimal",
    }


def main() -> None:
    """Serves until it is ended; exits with 3 where it would be exposed without sign-in."""
    settings = load_settings()
    from streamlit.web import bootstrap

    chosen = options(settings)
    bootstrap.load_config_options(chosen)
    from axia_console.sign_in import is_configured

    try:
        require_sign_in_where_exposed(settings.console_host, is_configured())
    except InvalidInput as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(REFUSED_EXIT) from error
    ship_logs(settings, STREAMLIT_APP, STREAMLIT_LOGGERS)
    logging.getLogger("axia.console").info("serving on port %s of %s", settings.console_port, settings.console_host)
    _warm()
    bootstrap.run_asgi_app(str(SERVER), "axia_console.server:app", [], chosen)


def _warm() -> None:
    """What the first page would wait for."""
    import plotly.graph_objects  # noqa: F401 - loaded here so that no visitor waits for it

    from axia_console.backend import shared

    shared()


if __name__ == "__main__":
    main()
