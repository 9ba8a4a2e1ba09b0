"""A field for a photo taken here, whose words are the page's own; Streamlit's are English in every language."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.language import _


def photo(label: str, key: str) -> UploadedFile | None:
    """The photo, once it is taken."""
    box, button = f".st-key-{key}_box", "[data-testid=stCameraInputButton]"
    with st.container(key=f"{key}_box"):
        taken = st.camera_input(label, key=key)
        st.caption(
            _(
                "If no picture appears, let this page use the camera in the settings of your browser. The photo is only read for its code and is not kept."
            )
        )
        word = _("Take another photo") if taken is not None else _("Take the photo")
        st.html(
            f"<style>{box} {button} {{font-size: 0}} {box} {button}::after {{content: '{word}'; font-size: 1rem}}"
            f"{box} [data-testid=stCameraInputWebcamComponent] p {{display: none}}</style>"
        )
    return taken
