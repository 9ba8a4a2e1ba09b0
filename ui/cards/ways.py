"""The ways to say which card it is. Each gives a draft to be named and confirmed."""

from dataclasses import replace

import streamlit as st

from services.model.card import Card, CardKind, CardSecrets
from services.rules.identifiers import eid, iccid, imei, lpa, msisdn
from services.rules.identifiers.findings import Finding, Level
from services.use.cards import secrets_of_code, with_devices, with_iccid, with_number
from services.use.operators import operator_name
from services.use.qr import NotAPicture, codes_in
from ui import clock, figures
from ui.cards import words
from ui.cards.camera import photo
from ui.cards.form import region_choice
from ui.cards.upload import one_file
from ui.language import _, language, spoken
from ui.text import plain
from ui.words import word

Draft = tuple[Card, CardSecrets]


def say(found: tuple[Finding, ...]) -> None:
    """Findings about a number: warnings and notes."""
    serious, notes = words.findings(found)
    for sentence in serious:
        st.warning(sentence)
    for sentence in notes:
        st.caption(sentence)


def by_code(blank: Card) -> Draft | None:
    """The QR code of an eSIM: a picture, the camera, or its text."""
    no_picture = _("This file is no picture that can be opened. Choose a PNG or JPEG of at most 5 MB.")
    picture = one_file(_("Picture of the QR code"), ["png", "jpg", "jpeg", "webp"], "add_qr", refused=no_picture)
    if st.toggle(_("Use the camera"), key="add_use_camera"):
        picture = photo(_("Hold the QR code in front of the camera"), "add_camera") or picture
    text = st.text_input(_("Or paste the activation code"), key="add_lpa", type="password", placeholder="LPA:1$…$…", max_chars=600)
    if not text.strip() and picture is not None:
        text = _read(picture.getvalue())
    if not text.strip():
        return None
    try:
        secrets = secrets_of_code(text)
    except lpa.NotAnActivationCodeError as error:
        st.error(_("This is not the code of an eSIM."))
        say(error.findings)
        return None
    code = lpa.parse(text)
    st.success(_("Activation code understood. Its server is {server}; the code itself stays hidden.").format(server=plain(code.address)))
    say(lpa.check(text))
    if code.confirmation_required:
        given = st.text_input(
            _("This code asks for a confirmation code; the seller gives it"), key="add_confirmation", type="password", max_chars=100
        )
        secrets = replace(secrets, confirmation_code=given.strip() or None)
    return replace(blank, kind=CardKind.ESIM), secrets


def _read(picture: bytes) -> str:
    try:
        with st.spinner(_("Looking for the code")):
            codes = codes_in(picture)
    except NotAPicture:
        st.error(_("This file is no picture that can be opened. Choose a PNG or JPEG of at most 5 MB."))
        return ""
    if not codes:
        st.error(_("No code was found in the picture. Take it again, straight and in good light, or paste the code."))
        return ""
    return next((code for code in codes if code.upper().startswith("LPA:")), codes[0])


def by_number(blank: Card) -> Draft | None:
    """A phone number: country and operator follow from it, "probably" where numbers can move."""
    left, right = st.columns([2, 1])
    text = left.text_input(_("Phone number"), key="add_number", placeholder="+44 7700 900123", max_chars=40)
    with right:
        region = region_choice(_("Country of the number, if it does not start with +"), "add_region", "CN" if language() == "zh" else None)
    if not text.strip():
        return None
    found = msisdn.check(text, region)
    say(found)
    if any(item.level is Level.ERROR for item in found):
        return None
    hint = msisdn.hint(text, region)
    if hint is not None:
        operator = plain(hint.operator_zh if language() == "zh" else hint.operator_en)
        place = figures.country(hint.country) if hint.country else _("no single country")
        said = _("A number of {place}.").format(place=place)
        if operator and hint.virtual:
            said = figures.sentences(said, _("A virtual operator on the network of {operator}.").format(operator=operator))
        elif operator and hint.portable:
            said = figures.sentences(said, _("Probably {operator}: numbers there can move to another operator.").format(operator=operator))
        elif operator:
            said = figures.sentences(said, _("The operator is {operator}.").format(operator=operator))
        st.info(said)
    return with_number(blank, text, region), CardSecrets()


def by_iccid(blank: Card) -> Draft | None:
    """The number printed on the card: a hint at the issuer, never more than probably."""
    text = st.text_input(_("ICCID, the long number on the card"), key="add_iccid", placeholder="89 44 …", max_chars=40)
    if not text.strip():
        return None
    say(iccid.check(text))
    hint = iccid.hint(text)
    if hint is not None:
        issuer = plain(spoken(hint))
        st.info(_("Probably issued by {issuer}. A travel eSIM shows the network behind it, not the shop.").format(issuer=issuer))
    return with_iccid(blank, text), CardSecrets()


def by_device(blank: Card) -> Draft | None:
    """The numbers of a device: IMEI of a pocket Wi-Fi or data card, EID of the chip for eSIMs."""
    left, right = st.columns(2)
    device = left.text_input(_("IMEI of the device"), key="add_imei", max_chars=40)
    chip = right.text_input(_("EID of the chip"), key="add_eid", max_chars=60)
    found = [*(imei.check(device) if device.strip() else ()), *(eid.check(chip) if chip.strip() else ())]
    say(tuple(found))
    if not (device.strip() or chip.strip()) or any(item.level is Level.ERROR for item in found):
        return None
    kind = CardKind.POCKET_WIFI if device.strip() else CardKind.ESIM
    return with_devices(replace(blank, kind=kind), chip, device), CardSecrets()


def by_hand(blank: Card) -> Draft:
    """Nothing but a name."""
    return blank, CardSecrets()


def suggested_name(card: Card) -> str:
    """A name to start from: operator or kind, and the last digits of its number. Of an eSIM that has none, the day on which it was added;
    of another card nothing."""
    number = card.identifiers.msisdn or card.identifiers.iccid or card.identifiers.imei or ""
    if not number:
        return f"{word(words.KIND, card.kind.value)} {figures.day(clock.today())}" if card.kind is CardKind.ESIM else ""
    what = operator_name(card.operator, language()) if card.operator else word(words.KIND, card.kind.value)
    return f"{what} {number[-4:]}"
