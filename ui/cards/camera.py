"""A field for a photo taken here, whose words are the page's own: the style sheet shows them in place of Streamlit's."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.field_words import in_css
from ui.language import _


def photo(label: str, key: str) -> UploadedFile | None:
    """The photo, once it is taken."""
    with st.container(key=f"{key}_box"):
        taken = st.camera_input(label, key=key)
        st.caption(
            _(
                "If no picture appears, let this page use the camera in the settings of your browser. The photo is only read for its code and is not kept."
            )
        )
        word = _("Take another photo") if taken is not None else _("Take the photo")
        st.html(f"<style>:root {{--take-photo: {in_css(word)}}}</style>")
    return taken
