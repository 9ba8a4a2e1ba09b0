"""Putting a backup back: which one, what is in it, and the button that does it."""

import io
from typing import BinaryIO

import streamlit as st

from services.use.backup import (
    BackupDamaged,
    BackupTooNew,
    Found,
    KeptBackup,
    NotABackup,
    PassphraseNeeded,
    WrongPassphrase,
    kept_named,
    look,
    restore,
)
from services.use.house import house
from ui import clock, figures
from ui.cards.upload import one_file
from ui.data.kept import name_of
from ui.language import _, language, mark, n_
from ui.remembered import forget
from ui.text import plain
from ui.waiting import waiting
from ui.words import word

A_FILE = ""
MOST_MB = 200
DONE, LOOKED = "backup_restored", "backup_looked_into"
Refusal = NotABackup | PassphraseNeeded | WrongPassphrase | BackupDamaged | BackupTooNew
SENTENCE: dict[type[Exception], str] = {
    NotABackup: mark("This file is no backup of Simkeeper. Choose a file that was downloaded on this page."),
    WrongPassphrase: mark("The passphrase does not fit. Capital letters and spaces count."),
    BackupDamaged: mark("This backup is damaged or incomplete, so it cannot be used. Nothing was changed. Take an older one."),
    BackupTooNew: mark("A newer Simkeeper wrote this backup. Nothing was changed. Start the newer version and restore it there."),
}
COUNTED = {
    "cards": mark("Cards"),
    "readings": mark("Readings"),
    "renewals": mark("Renewals"),
    "receipts": mark("Receipts"),
    "trips": mark("Trips"),
    "provider_accounts": mark("Accounts at providers"),
    "plans": mark("Plans"),
}


def restore_panel(there: list[KeptBackup]) -> None:
    """What was restored last, the choice, the preview, the button."""
    if DONE in st.session_state:
        _say_done(st.session_state.pop(DONE))
    names = {each.path.name: name_of(each) for each in there}
    chosen = st.selectbox(
        _("Which backup?"),
        [A_FILE, *names],
        format_func=lambda name: names[name] if name else _("A file of mine"),
        key="restore_from",
    )
    source = _opened(chosen or A_FILE)
    if source is None:
        return
    passphrase = st.session_state.get("restore_passphrase") or None
    found = _looked(chosen or A_FILE, source, passphrase)
    if isinstance(found, PassphraseNeeded | WrongPassphrase):
        st.text_input(_("Passphrase of this backup"), type="password", key="restore_passphrase", autocomplete="off", max_chars=1000)
    if isinstance(found, PassphraseNeeded):
        st.caption(_("This backup is encrypted. Enter its passphrase to see what is inside."))
    elif isinstance(found, Exception):
        st.error(_(SENTENCE[type(found)]))
    else:
        st.session_state["restore_passphrase"] = passphrase or ""
        _preview(found)
        sure = st.checkbox(
            _("Everything that is here now is replaced by this backup. What is here now is kept as a backup first."), key="restore_sure"
        )
        st.button(
            _("Restore this backup"), type="primary", key="restore_go", disabled=not sure, on_click=_restore, args=(source, passphrase)
        )


def _opened(chosen: str) -> bytes | None:
    if chosen:
        try:
            return kept_named(house(), chosen).read_bytes()
        except FileNotFoundError:
            st.warning(_("This backup is not here any more."))
            return None
    file = one_file(_("Backup file"), ["zip", "simkeeper"], "restore_file", MOST_MB)
    return None if file is None else file.getvalue()


def _looked(chosen: str, data: bytes, passphrase: str | None) -> Found | Refusal:
    """Looked into once: a backup is checked whole, which takes its time."""
    about = (chosen, hash(data), passphrase)
    known = st.session_state.get(LOOKED)
    if known is None or known[0] != about:
        with st.spinner(_("Checking the whole backup")):
            known = st.session_state[LOOKED] = (about, _look(io.BytesIO(data), passphrase))
    found: Found | Refusal = known[1]
    return found


def _look(source: BinaryIO, passphrase: str | None) -> Found | Refusal:
    try:
        return look(house(), source, passphrase)
    except (NotABackup, PassphraseNeeded, WrongPassphrase, BackupDamaged, BackupTooNew) as refusal:
        return refusal


def _preview(found: Found) -> None:
    made = figures.moment(found.contents.made_at.astimezone(clock.zone()))
    st.markdown(
        "**"
        + _("Complete and readable")
        + "**  \n"
        + _("Made {moment} by version {version}").format(moment=made, version=plain(found.contents.program))
    )
    counts = [(word(COUNTED, table), found.rows.get(table, 0)) for table in COUNTED]
    st.markdown(" · ".join(figures.labelled(name, figures.number(count)) for name, count in counts))
    if found.unreadable:
        text = n_(
            "{n} set of codes or keys was locked on another machine and cannot be read here. It is kept; the key file of that machine opens it.",
            "{n} sets of codes or keys were locked on another machine and cannot be read here. They are kept; the key file of that machine opens them.",
            found.unreadable,
        )
        st.warning(text.format(n=figures.number(found.unreadable)), icon=":material/lock:")


def _restore(data: bytes, passphrase: str | None) -> None:
    """In a callback, so that the run that follows draws the restored rows."""
    with waiting(_("Restoring the backup")):
        found = restore(house(), io.BytesIO(data), clock.now(), passphrase)
        spoken = language()
        forget()
        for key in [key for key in st.session_state if key != "lang"]:
            del st.session_state[key]
        st.session_state["lang"] = spoken
        st.session_state[DONE] = found


def _say_done(found: Found) -> None:
    made = figures.moment(found.contents.made_at.astimezone(clock.zone()))
    st.success(_("The backup of {moment} was restored. What was here before is kept below.").format(moment=made))
