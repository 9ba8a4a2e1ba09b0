"""Photos beside the steps of a renewal: the confirmation on the screen, the till's slip, the voucher."""

import streamlit as st

from services.rules.attachments import BadAttachment
from services.rules.guides.schema import Phase, Step
from services.use.renewals import Walk
from ui.language import _, spoken
from ui.receipts.desk import PICTURES, proof_file, receipt_desk, refused
from ui.text import for_label

TURN = "photo_turn"


def photos(walk: Walk, phase: Phase, steps: list[Step]) -> None:
    """The field for one more, with the step it belongs to."""
    if not steps:
        return
    turn = st.session_state.get(TURN, 0)
    key = f"photo_{phase.value}_{walk.renewal_id}_{turn}"
    with st.form(f"{key}_form", border=False):
        names = {step.id: for_label(spoken(step.text)) for step in steps}
        step = st.selectbox(_("Photo for this step"), list(names), format_func=names.__getitem__, key=f"{key}_step")
        data = proof_file(_("Photo"), f"{key}_file", PICTURES)
        pressed = st.form_submit_button(_("Keep the photo"), width="stretch", icon=":material/add_a_photo:")
    if pressed and data is None:
        st.info(_("Choose a photo first."))
    elif pressed and data is not None:
        try:
            receipt_desk().add_photo(walk.renewal_id, step, data)
        except BadAttachment as error:
            refused(error)
        else:
            st.session_state[TURN] = turn + 1
            st.rerun()


def beside(walk: Walk, step: Step, digests: tuple[str, ...]) -> None:
    """The photos of one step, small; each can be looked at and taken away."""
    desk = receipt_desk()
    small = desk.store.thumbnails(digests)
    with st.container(horizontal=True):
        for digest in digests:
            if digest in small:
                st.image(small[digest], width=96, alt=_("Photo: {step}").format(step=for_label(spoken(step.text))))
    for place, digest in enumerate(digests, 1):
        name = _("Photo {n}").format(n=place) if len(digests) > 1 else _("Photo")
        panel = st.expander(name, on_change="rerun", key=f"photo_open_{walk.renewal_id}_{step.id}_{digest[:12]}")
        if panel.open and (data := desk.store.data(digest)) is not None:
            with panel:
                st.image(data, alt=_("Photo: {step}").format(step=for_label(spoken(step.text))))
                st.button(
                    _("Take this photo away for good"), key=f"photo_gone_{step.id}_{digest[:12]}", on_click=desk.remove_photo,
                    args=(walk.renewal_id, step.id, digest),
                )  # fmt: skip
