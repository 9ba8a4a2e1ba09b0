"""A field for one file whose words are the page's own; Streamlit's are English in every language."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.language import _

MOST_MB = 5


def one_file(label: str, endings: list[str], key: str) -> UploadedFile | None:
    """The chosen file, at most ``MOST_MB`` megabytes."""
    box = f".st-key-{key}_box"
    with st.container(key=f"{key}_box"):
        file = st.file_uploader(label, type=endings, key=key, max_upload_size=MOST_MB)
        st.caption(_("{endings}, at most {size} MB").format(endings=", ".join(ending.upper() for ending in endings), size=MOST_MB))
        st.html(
            f"<style>{box} [data-testid=stFileUploaderDropzoneInstructions] {{display: none}}"
            f"{box} [data-testid=stFileUploaderDropzone] > span button p {{font-size: 0}}"
            f"{box} [data-testid=stFileUploaderDropzone] > span button p::after {{content: '{_('Choose a file')}'; font-size: 1rem}}</style>"
        )
    return file
