"""What the sidebar's widgets hold, each under a key that is a new one whenever the page itself sets the value.

A browser tells all of its widgets at every rerun. One that has not heard yet what the page has set still tells the old
value, as if its owner had turned the widget back. Under a new key that is said of a widget which is no more.
"""

from __future__ import annotations

from typing import Any

import streamlit as st


def key(page: str, address: str, value: Any = None) -> str:
    """The key of the widget of a knob, which holds `value` where it holds none yet."""
    name = _name(page, address)
    if value is not None:
        st.session_state.setdefault(name, value)
    return name


def said(page: str, address: str) -> Any:
    """What the widget of a knob holds."""
    return st.session_state[_name(page, address)]


def put(page: str, address: str, value: Any) -> None:
    """Has the widget of a knob hold this."""
    if isinstance(value, tuple):
        _put_rows(page, address, value)
        return
    if st.session_state.get(_name(page, address), value) != value:
        _renew(page, address)
    st.session_state[_name(page, address)] = value


def rows(page: str, address: str, value: tuple) -> tuple:
    """The rows that a table of a knob began with: what it holds itself are the changes since."""
    return st.session_state.setdefault(f"{page}/{address}/rows", value)


def edited(page: str, address: str, columns: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
    """The rows of a table with what was changed since; those that are not whole yet are left out."""
    changes = st.session_state[_name(page, address)]
    rows = [dict(zip(columns, row)) for row in st.session_state[f"{page}/{address}/rows"]]
    for at, cells in changes["edited_rows"].items():
        rows[int(at)].update(cells)
    kept = [row for at, row in enumerate(rows) if at not in changes["deleted_rows"]]
    whole = [row for row in (*kept, *changes["added_rows"]) if all(row.get(name) is not None for name in columns)]
    return tuple(tuple(float(row[name]) for name in columns) for row in whole)


def _put_rows(page: str, address: str, value: tuple) -> None:
    if _name(page, address) in st.session_state:
        _renew(page, address)
    st.session_state[f"{page}/{address}/rows"] = value


def _name(page: str, address: str) -> str:
    turn = st.session_state.get(f"{page}/{address}/turn", 0)
    return f"{page}/{address}" + f"/{turn}" * bool(turn)


def _renew(page: str, address: str) -> None:
    st.session_state[f"{page}/{address}/turn"] = st.session_state.get(f"{page}/{address}/turn", 0) + 1
