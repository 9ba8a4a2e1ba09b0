"""After paying: the payment's data, the proof, and the way to the money when nothing came."""

import streamlit as st

from services.model.money import Money
from services.model.tri import Tri
from services.rules.attachments import BadAttachment
from services.rules.renewals.disputes import dispute_steps, message, sources
from services.use.renewals import Walk
from ui import clock, figures
from ui.language import LANGUAGES, _, language, spoken
from ui.pages import page_at
from ui.receipts.desk import proof_file, receipt_desk, refused, size_text
from ui.renew import words
from ui.renew.checks import as_of
from ui.renew.desk import attempt, payee
from ui.renew.figures_form import after, amount_fields, as_money, figures_text, money_text
from ui.text import plain
from ui.words import word

PROOF = "proof"
"""The anchor of the proof."""


def payment(walk: Walk) -> None:
    """How much was paid, the number to find it by, and what proves it."""
    run = walk.run
    shown = " · ".join(part for part in (money_text(run.paid) if run.paid else "", run.reference) if part) or _("not entered")
    receipts = receipt_desk().of_renewal(walk.renewal_id)
    box = st.expander(_("Paid: {what}").format(what=plain(shown)), icon=":material/receipt_long:", expanded=run.paid is None)
    with box:
        key = f"paid_{walk.renewal_id}_{len(receipts)}"
        with st.form("paid_form", border=False):
            amount, currency = amount_fields(walk, "paid", run.paid or _expected(walk), _("Amount paid"))
            reference = st.text_input(_("Order or transaction number"), value=run.reference, key="paid_reference", max_chars=200)
            data = proof_file(_("Photo or PDF of the receipt (optional)"), f"{key}_file")
            pressed = st.form_submit_button(_("Keep the payment"), width="stretch")
        if pressed:
            try:
                attempt(receipt_desk().paid, walk.renewal_id, as_money(amount, currency), reference, data, payee(run.begun))
            except BadAttachment as error:
                refused(error)
            else:
                st.rerun()
        if receipts:
            st.markdown(_("Receipts of this renewal: {n}").format(n=figures.number(len(receipts))))
            small = receipt_desk().store.thumbnails(receipt.file.digest for receipt in receipts if receipt.file)
            with st.container(horizontal=True):
                for receipt in receipts:
                    if receipt.file is not None and receipt.file.digest in small:
                        alt = _("Photo of the receipt of {day}").format(day=figures.day(receipt.on))
                        st.image(small[receipt.file.digest], width=96, alt=alt)
                    elif receipt.file is not None:
                        st.markdown(f":material/picture_as_pdf: PDF, {size_text(receipt.file.size)}")
            st.page_link(page_at("receipts"), label=_("All receipts"), icon=":material/receipt_long:")


def _expected(walk: Walk) -> Money | None:
    """What the chosen product costs, to be confirmed rather than typed."""
    return walk.run.product.amount if walk.run.product else None


def proof(walk: Walk) -> None:
    """Both changes, each with its answer."""
    st.subheader(_("Proof: two changes"), anchor=PROOF)
    for name, answer in ((_("Balance"), walk.proof.balance), (_("Validity date"), walk.proof.date)):
        st.markdown(_badge(name, answer))
    st.caption(
        _("Before: {before}. Now: {now}.").format(before=plain(figures_text(walk.run.before)), now=plain(figures_text(walk.run.after)))
    )
    with st.expander(_("What does the card show now?"), icon=":material/fact_check:", expanded=walk.run.sent_at is not None):
        after(walk)


def _badge(name: str, answer: Tri | None) -> str:
    """A shape and a word beside the colour. None: this product does not move it."""
    match answer:
        case Tri.YES:
            colour, said = "green", ":material/check: " + _("{name}: changed as promised")
        case Tri.NO:
            colour, said = "red", ":material/close: " + _("{name}: not as promised")
        case Tri.UNKNOWN:
            colour, said = "gray", ":material/question_mark: " + _("{name}: not known yet")
        case None:
            colour, said = "gray", _("{name}: does not change with this product")
    return f":{colour}-badge[{said.format(name=name)}]"


def dispute(walk: Walk) -> None:
    """The steps with their deadlines, and the message in both languages."""
    run = walk.run
    with st.expander(_("When the money does not arrive"), icon=":material/gavel:", expanded=run.status.value in ("disputed", "failed")):
        for place, item in enumerate(dispute_steps(run.begun.country, run.begun.operator, run.sent_at), 1):
            st.markdown(f"{place}. {plain(spoken(item.step.text))}")
            notes = []
            if item.since is not None:
                notes.append(_("not before {date}").format(date=figures.day(item.since.astimezone(clock.zone()).date())))
            if item.until is not None:
                notes.append(_("until {date}").format(date=figures.day(item.until.astimezone(clock.zone()).date())))
            named = figures.listing([sources()[key] for key in item.step.source])
            sure = word(words.CONFIDENCE, item.step.confidence)
            st.caption(plain(" · ".join([*notes, named, as_of(item.step.as_of or "undated"), sure])))
        st.subheader(_("A message ready to be sent"))
        facts = {
            "operator": payee(run.begun),
            "number": run.number or "",
            "amount": money_text(run.paid) if run.paid else "",
            "reference": run.reference,
            "paid_at": figures.moment(run.sent_at.astimezone(clock.zone())) + f" ({clock.zone().key})" if run.sent_at else "",
            "channel": word(words.CHANNEL, run.channel),
            "promised": figures_text_or_nothing(walk),
            "seen": figures_text(run.after) if run.after else "",
        }
        chosen = st.segmented_control(
            _("Language of the message"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, default=language(), key="message_language"
        )
        st.code(message(chosen or language(), facts), language=None, wrap_lines=True)


def figures_text_or_nothing(walk: Walk) -> str:
    known = walk.run.promise
    if known is None:
        return ""
    parts = [money_text(known.adds) if known.adds else "", figures.day(known.until) if known.until else ""]
    return " · ".join(part for part in parts if part)
