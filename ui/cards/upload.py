"""A field for one file whose words are the page's own; Streamlit's are English in every language."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.language import _

MOST_MB = 5


def one_file(label: str, endings: list[str], key: str, most_mb: int = MOST_MB, refused: str = "") -> UploadedFile | None:
    """The chosen file, at most ``most_mb`` megabytes. ``refused``: what is said when the browser does not take a file, which it tells in
    English and only on hovering."""
    box = f".st-key-{key}_box"
    with st.container(key=f"{key}_box"):
        file = st.file_uploader(label, type=endings, key=key, max_upload_size=most_mb)
        st.caption(_("{endings}, at most {size} MB").format(endings=", ".join(ending.upper() for ending in endings), size=most_mb))
        if refused:
            st.container(key=f"{key}_refused").error(refused)
        st.html(
            f"<style>{box} [data-testid=stFileUploaderDropzoneInstructions], .st-key-{key}_refused {{display: none}}"
            f"{box}:has([data-testid=stFileChip][aria-invalid=true]) .st-key-{key}_refused {{display: block}}"
            f"{box} [data-testid=stFileUploaderDropzone] > span button p {{font-size: 0}}"
            f"{box} [data-testid=stFileUploaderDropzone] > span button p::after {{content: '{_('Choose a file')}'; font-size: 1rem}}</style>"
        )
    return file
