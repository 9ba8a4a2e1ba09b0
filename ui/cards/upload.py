"""A field for one file. The style sheet hides Streamlit's English words, and shows the sentence on a file that the browser refused."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui import figures
from ui.language import _

MOST_MB = 5


def one_file(label: str, endings: list[str], key: str, most_mb: int = MOST_MB, refused: str = "") -> UploadedFile | None:
    """The chosen file, at most ``most_mb`` megabytes. ``refused``: what is said when the browser does not take a file, which it tells in
    English and only on hovering."""
    with st.container(key=f"{key}_box"):
        file = st.file_uploader(label, type=endings, key=key, max_upload_size=most_mb)
        st.caption(_("{endings}, at most {size} MB").format(endings=figures.listing([ending.upper() for ending in endings]), size=most_mb))
        if refused:
            st.container(key=f"{key}_too_large").error(refused)
    return file
