"""The backups that were kept without being asked for."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from services.use.backup import DAILY_KEPT, KeptBackup, folder, kept
from services.use.house import house
from ui import clock, figures
from ui.language import _, n_
from ui.text import plain


def answer(there: list[KeptBackup]) -> None:
    """Whether there is a backup, and of when: the first thing to know."""
    daily = [each for each in there if each.day is not None]
    if not daily:
        st.info(_("No backup has been kept yet. The first one is made a few minutes after the first card."), icon=":material/schedule:")
        return
    newest = figures.ago(daily[0].made_at, clock.now())
    count = n_("{n} day is kept", "{n} days are kept", len(daily)).format(n=figures.number(len(daily)))
    st.success(_("Last kept backup: {when}. {count}.").format(when=newest, count=count), icon=":material/check_circle:")


def kept_list(there: list[KeptBackup]) -> None:
    """Each with its size and a button."""
    count = n_("{n} day", "{n} days", DAILY_KEPT).format(n=DAILY_KEPT)
    st.caption(
        _("One backup a day is kept by itself, for the last {count}. They lie on this machine in {folder}.").format(
            count=count, folder=plain(str(folder(house())))
        )
    )
    st.caption(_("If this disk breaks, they break with it: keep a downloaded one elsewhere."))
    for each in there:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"kept_{each.path.stem}"):
            st.markdown(f"**{plain(name_of(each))}**  \n{plain(size_of(each))}", width="stretch")
            st.download_button(
                _("Download"),
                data=_reader(each.path),
                file_name=each.path.name,
                mime="application/zip",
                on_click="ignore",
                key=f"kept_get_{each.path.stem}",
            )


def name_of(each: KeptBackup) -> str:
    """The day of a daily one, or what another was made before."""
    if each.day is not None:
        return figures.day(each.day)
    moment = figures.moment(each.made_at.astimezone(clock.zone()))
    if each.path.name.startswith("before-upgrade"):
        return _("Before an upgrade, {moment}").format(moment=moment)
    return _("Before a restore, {moment}").format(moment=moment)


def size_of(each: KeptBackup) -> str:
    return figures.volume(each.size) if each.size >= 100_000 else f"{max(1, each.size // 1000)} kB"


def _reader(path: Path) -> Callable[[], bytes]:
    """Read at the click, not at every run of the page."""
    return path.read_bytes


def kept_ones() -> list[KeptBackup]:
    return kept(house())
