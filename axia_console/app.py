"""The script that Streamlit runs: who may come in, in which language, and which pages there are.

Streamlit runs it anew for every action of every session, so it composes and draws, and keeps nothing.
"""

from __future__ import annotations

import streamlit as st

from axia_console import sidebar, switch
from axia_console.access import Role, host_in, is_loopback, require_sign_in_where_exposed, role_of
from axia_console.backend import Backend, shared
from axia_console.console import Console
from axia_console.screens import book, data, system, trade
from axia_console.sign_in import is_configured
from axia_console.words import CATALOGUE, Language, Words
from axia_core.errors import InvalidInput


def main() -> None:
    """One run of the page."""
    st.set_page_config(page_title="AXIA", page_icon="📈", layout="wide")
    backend = shared()
    words = CATALOGUE[_language()]
    console = _admitted(backend, words)
    chosen = st.navigation(
        [
            st.Page(lambda: trade.show(console), title=words.trade, icon=":material/monitoring:", url_path="trade"),
            st.Page(lambda: book.show(console), title=words.positions, icon=":material/list_alt:", url_path="book"),
            st.Page(lambda: data.show(console), title=words.data, icon=":material/calendar_month:", url_path="data"),
            st.Page(lambda: system.show(console), title=words.system, icon=":material/tune:", url_path="system"),
        ]
    )
    switch.show(console)
    with st.sidebar:
        sidebar.show(console)
        _person(console)
    chosen.run()


def _language() -> Language:
    """As chosen; before that, as the browser asks."""
    ours = Language.JAPANESE if (st.context.locale or "").startswith("ja") else Language.ENGLISH
    with st.sidebar.container(key="language"):
        labels = f"{CATALOGUE[Language.ENGLISH].language} / {CATALOGUE[Language.JAPANESE].language}"
        found = st.segmented_control(labels, list(Language), default=ours, key="chosen-language", required=True)
    return Language(found or ours)


def _admitted(backend: Backend, words: Words) -> Console:
    """The console of somebody who may see it; for all others the script ends here."""
    if not is_configured():
        _refuse_where_exposed(words)
        return Console(backend, words, backend.local_user, Role.TRADER)
    if not st.user.is_logged_in:
        st.info(words.sign_in_needed)
        st.button(words.sign_in, type="primary", on_click=st.login)
        st.stop()
    role, who = role_of(st.user, backend.settings), str(st.user.get("email"))
    if role is Role.NOBODY:
        st.error(words.no_role.format(who=who))
        st.button(words.sign_out, on_click=st.logout)
        st.stop()
    return Console(backend, words, who, role)


def _refuse_where_exposed(words: Words) -> None:
    """Also where Streamlit was started by hand on every address, or a proxy stands before it."""
    asked_for = host_in(st.context.headers.get("Host") or "localhost")
    try:
        require_sign_in_where_exposed(st.get_option("server.address"), sign_in=False)
    except InvalidInput as error:
        st.error(f"{words.refuses_exposed}\n\n{error}")
        st.stop()
    if not is_loopback(asked_for):
        st.error(words.refuses_exposed)
        st.stop()


def _person(console: Console) -> None:
    st.caption(console.words.signed_in_as.format(who=console.who))
    if is_configured():
        st.button(console.words.sign_out, on_click=st.logout)


main()
