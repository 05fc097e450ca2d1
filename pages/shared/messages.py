"""What a screen says when there is nothing to show, or when something is the user's to mend."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import streamlit as st

from core.errors import GamutError
from core.store.duck import unreadable

LINE_BREAKS = re.compile(r"[ \t\r\n\f\v]+")  # a thin space stays
ESCAPES = str.maketrans({mark: "\\" + mark for mark in string.punctuation})

ADDRESS = re.compile(r"(https?(?=://)|www(?=\.)|(?=@))", re.IGNORECASE)
JOINER = "\u2060"  # without width: what Markdown would make a link of by itself, whatever is escaped, is none with it


def plain(text: object) -> str:
    """Any text as it stands, for places that read Markdown: a data set's words must never become markup."""
    return ADDRESS.sub(rf"\1{JOINER}", LINE_BREAKS.sub(" ", str(text))).translate(ESCAPES)


def say_error(sentence: object) -> None:
    st.error(plain(sentence), icon=":material/error:")


@contextmanager
def guard() -> Iterator[None]:
    """Show what is the user's to mend as one plain sentence; anything else is a defect and goes on to Streamlit."""
    try:
        yield
    except GamutError as error:
        say_error(error)
    except duckdb.Error as error:
        say_error(unreadable(error))
    except OSError as error:
        say_error(f"The system refused: {error}. Check the path, the free space and the rights of the folder.")


def home_expanded(typed: str) -> Path:
    """A typed path with `~` as the user's home; left as it is where there is no such user."""
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        return Path(typed)


def head(title: str, question: str) -> None:
    """The title of a screen, and the question it answers."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.title(title, anchor=False, width="content")
        st.caption(question, width="content")
