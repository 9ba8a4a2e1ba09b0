"""The fields of a card: the few that matter first, the rest behind a fold."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import streamlit as st

from services.model.card import Card, CardKind, DependentAccount, Identifiers, Thresholds
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.rules.identifiers import eid, iccid, imei, msisdn
from services.rules.identifiers.findings import Finding, Level
from services.rules.places.names import country_codes
from services.use.operators import home_country, operator_ids, operator_name
from services.use.rates import currencies_with
from ui import figures
from ui.cards import words
from ui.language import _, language
from ui.preferences import usual_currency
from ui.words import word

LONGEST = 120


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form says. ``problems``: sentences on what keeps it from being saved; ``warnings``: what is odd and may be right."""

    card: Card | None
    problems: list[str]
    warnings: list[str]


def region_choice(label: str, key: str, value: str | None) -> str | None:
    """One country, or none."""
    codes = sorted(country_codes(), key=figures.country)
    at = codes.index(value) if value in codes else None
    return st.selectbox(label, codes, index=at, format_func=figures.country, key=key, placeholder=_("Not known"))


def card_fields(card: Card, key: str, name: str) -> Filled:
    """Draw the fields, filled from ``card`` and named ``name`` at first; ``key`` tells two forms apart."""
    left, right = st.columns(2)
    with left:
        nickname = st.text_input(_("Name"), name, key=f"{key}_name", max_chars=LONGEST, placeholder=_("Such as: Dad's UK number"))
        kinds = [kind.value for kind in CardKind]
        kind = st.selectbox(
            _("Kind"), kinds, index=kinds.index(card.kind.value), format_func=lambda code: word(words.KIND, code), key=f"{key}_kind"
        )
        tags = st.multiselect(
            _("Tags"),
            sorted(card.tags),
            default=sorted(card.tags),
            key=f"{key}_tags",
            accept_new_options=True,
            placeholder=_("None"),
            select_all=False,
        )
    with right:
        operator = _operator(card.operator, f"{key}_operator")
        country = region_choice(_("Country"), f"{key}_country", card.country)
        holder = st.text_input(_("Holder"), card.holder, key=f"{key}_holder", max_chars=LONGEST)
    with st.expander(_("More about this card")):
        numbers, problems, warnings = _numbers(card.identifiers, country, key)
        one, other = st.columns(2)
        device = one.text_input(_("Device"), card.device, key=f"{key}_device", max_chars=LONGEST)
        slot = other.text_input(_("Slot"), card.slot, key=f"{key}_slot", max_chars=LONGEST)
        payer = one.text_input(_("Who pays"), card.payer, key=f"{key}_payer", max_chars=LONGEST)
        dependents = st.text_area(
            _("Accounts that depend on this number, one per line"),
            "\n".join(account.name for account in card.dependents),
            key=f"{key}_accounts",
            max_chars=4000,
        )
        bought = _day(_("Bought on"), card.bought_on, f"{key}_bought")
        installed = _day(_("Installed on"), card.installed_on, f"{key}_installed")
        first_used = _day(_("First used on"), card.first_used_on, f"{key}_used")
        return_by = _day(_("To be given back by (rented device)"), card.return_by, f"{key}_return")
    if not nickname.strip():
        problems.append(_("Give the card a name to tell it apart by."))
    if problems:
        return Filled(None, problems, warnings)
    notes = {account.name: account for account in card.dependents}
    names = [line.strip() for line in dependents.splitlines() if line.strip()]
    filled = replace(
        card,
        nickname=nickname.strip(),
        kind=CardKind(kind),
        operator=operator,
        country=country,
        identifiers=numbers,
        device=device.strip(),
        slot=slot.strip(),
        holder=holder.strip(),
        payer=payer.strip(),
        tags=frozenset(tag.strip() for tag in tags if tag.strip()),
        dependents=tuple(notes.get(name, DependentAccount(name)) for name in dict.fromkeys(names)),
        bought_on=bought,
        installed_on=installed,
        first_used_on=first_used,
        return_by=return_by,
    )
    return Filled(filled, [], warnings)


def _operator(value: str | None, key: str) -> str | None:
    names = {operator_name(known, language()): known for known in operator_ids()}
    shown = sorted(names)
    now = operator_name(value, language()) if value else None
    if now is not None and now not in names:
        shown.insert(0, now)
    chosen = st.selectbox(
        _("Operator"),
        shown,
        index=shown.index(now) if now is not None else None,
        key=key,
        accept_new_options=True,
        placeholder=_("Choose, or type another name"),
    )
    return names.get(chosen, chosen.strip()[:LONGEST] or None) if chosen else None


def _numbers(numbers: Identifiers, country: str | None, key: str) -> tuple[Identifiers, list[str], list[str]]:
    left, right = st.columns(2)
    phone = left.text_input(_("Phone number"), numbers.msisdn or "", key=f"{key}_msisdn", max_chars=40)
    card_number = right.text_input("ICCID", numbers.iccid or "", key=f"{key}_iccid", max_chars=40)
    chip = left.text_input("EID", numbers.eid or "", key=f"{key}_eid", max_chars=60)
    device = right.text_input("IMEI", numbers.imei or "", key=f"{key}_imei", max_chars=40)
    problems: list[str] = []
    warnings: list[str] = []
    checks: list[tuple[str, str, tuple[Finding, ...]]] = [
        (_("Phone number"), phone, msisdn.check(phone, country)),
        ("ICCID", card_number, iccid.check(card_number)),
        ("EID", chip, eid.check(chip)),
        ("IMEI", device, imei.check(device)),
    ]
    for label, typed, found in checks:
        if typed.strip():
            problems += [words.labelled(label, words.finding(item)) for item in found if item.level is Level.ERROR]
            warnings += [words.labelled(label, words.finding(item)) for item in found if item.level is Level.WARNING]
    kept = Identifiers(
        iccid.compact(card_number) or None, msisdn.compact(phone, country) or None, eid.compact(chip) or None, imei.compact(device) or None
    )
    return kept, problems, warnings


def _day(label: str, value: date | None, key: str) -> date | None:
    return st.date_input(label, value, key=key, min_value=date(2000, 1, 1))


def threshold_fields(card: Card, key: str) -> Thresholds:
    """The limits below which a card counts as low. An empty field is no limit."""
    limits = card.thresholds
    one, two, three, four = st.columns(4)
    gigabytes = one.number_input(
        _("Data below, in GB"),
        min_value=0.0,
        value=None if limits.data is None else float(limits.data.in_unit(DataUnit.GB)),
        key=f"{key}_data",
        placeholder=_("No limit"),
    )
    amount = two.number_input(
        _("Balance below"),
        min_value=0.0,
        value=None if limits.money is None else float(limits.money.amount),
        key=f"{key}_money",
        placeholder=_("No limit"),
    )
    wanted = limits.money.currency if limits.money else usual_currency(home_country(card))
    codes = currencies_with(wanted)
    currency = three.selectbox(_("Currency"), codes, index=codes.index(wanted), key=f"{key}_currency")
    days = four.number_input(_("Days before a date"), min_value=0, max_value=3650, value=limits.days, key=f"{key}_days", placeholder="7")
    return Thresholds(
        data=None if gigabytes is None else DataVolume.of(Decimal(str(gigabytes)), DataUnit.GB),
        money=None if amount is None else Money.of(Decimal(str(amount)), currency),
        days=None if days is None else int(days),
    )
