"""The two looks before paying: at the address of the payment page, and at the number."""

import streamlit as st

from services.model.renewal import Channel
from services.rules.guides.library import points
from services.rules.guides.schema import Part
from services.rules.identifiers.findings import Oddity
from services.rules.number_check import Difference, Doubt, NumberCheck
from services.rules.payment_links import LinkCheck, Reason, Sign, Site, Verdict, check_link, shipped_sites
from services.rules.places.names import country_name
from services.use.renewals import Walk
from ui import figures
from ui.language import _, language, spoken
from ui.renew import words
from ui.renew.desk import renewal_desk
from ui.text import plain
from ui.words import word


def link_box(walk: Walk | None, operator: str | None) -> None:
    """Paste a link, read what it is. Kept with the renewal when there is one; nothing is opened or fetched."""
    key = f"link_{walk.renewal_id if walk else 'free'}"
    with st.form(f"{key}_form", border=False):
        typed = st.text_input(_("Address of the payment page"), key=f"{key}_typed", max_chars=2000, placeholder="https://")
        pressed = st.form_submit_button(_("Check the address"), icon=":material/link:", width="stretch")
    if pressed and typed.strip():
        recorded = walk is not None and walk.run.is_open
        st.session_state[key] = renewal_desk().check_link(walk.renewal_id, typed) if walk and recorded else check_link(typed, operator)
    found = st.session_state.get(key)
    if found is not None:
        _link_answer(found, operator)
    elif walk is not None and walk.run.link is not None:
        host, verdict = walk.run.link
        st.caption(_("Checked before: {host} ({verdict})").format(host=plain(host), verdict=_verdict(Verdict(verdict))))


def _verdict(verdict: Verdict) -> str:
    match verdict:
        case Verdict.KNOWN_OFFICIAL:
            return _("the operator's own address")
        case Verdict.SUSPICIOUS:
            return _("suspicious")
        case _:
            return _("not known")


def _link_answer(found: LinkCheck, operator: str | None) -> None:
    own = shipped_sites().of(operator) if operator else None
    match found.verdict:
        case Verdict.KNOWN_OFFICIAL:
            names = figures.listing(list(dict.fromkeys(say_site(site) for site in found.owners)))
            st.success(
                _("{host} is on the list of addresses that belong to {operator}. Type it yourself rather than following a link.").format(
                    host=plain(found.host), operator=plain(names)
                ),
                title=_("The operator's own address"),
            )
        case Verdict.SUSPICIOUS:
            st.error("\n".join(f"- {_reason(reason)}" for reason in found.reasons), title=_("Do not pay here"))
        case _:
            if not found.host:
                st.info(_("There is no web address in this text."))
            else:
                st.warning(
                    _("We do not know {host}. It may be a payment service or a copy: reach it from the operator's own page only.").format(
                        host=plain(found.host)
                    ),
                    title=_("Not known"),
                )
    if own is not None and found.verdict is not Verdict.KNOWN_OFFICIAL:
        st.caption(
            _("Own address of {operator}: {hosts} ({source}, {date})").format(
                operator=plain(say_site(own)),
                hosts=plain(figures.listing(list(own.hosts))),
                source=plain(own.source),
                date=as_of(own.as_of),
            )
        )


def say_site(site: Site) -> str:
    return spoken(site.name)


def as_of(stamp: str) -> str:
    return _("undated") if stamp == "undated" else stamp


def _reason(reason: Reason) -> str:
    named = reason.found
    if reason.sign in (Sign.WRONG_COUNTRY, Sign.OTHER_OPERATOR):
        site = shipped_sites().of(reason.found)
        named = say_site(site) if site else reason.found
    return word(words.SIGN, reason.sign).format(found=plain(named), meant=plain(reason.meant))


def number_box(walk: Walk) -> None:
    """Type the number or ICCID, read it back in groups."""
    key = f"number_{walk.renewal_id}"
    with st.form(f"{key}_form", border=False):
        typed = st.text_input(_("Number or ICCID to be paid"), key=f"{key}_typed", value=walk.run.number or "", max_chars=40)
        pressed = st.form_submit_button(_("Read it back"), icon=":material/dialpad:", width="stretch")
    if pressed and typed.strip():
        st.session_state[key] = renewal_desk().check_number(walk.renewal_id, typed, None)
    found = st.session_state.get(key)
    if found is not None:
        _number_answer(found)
    guide_and_point = points(walk.guides, walk.run.channel, Part.WRONG_NUMBER)
    if guide_and_point:
        st.caption(plain(spoken(guide_and_point[0][1].text)))


def _number_answer(found: NumberCheck) -> None:
    groups = [f"**:red-background[{plain(group)}]**" if at in found.differs_at else plain(group) for at, group in enumerate(found.groups)]
    st.markdown("### " + " &nbsp; ".join(groups))
    name = spoken(found.recognised)
    who = [country_name(found.recognised.country, language()) if found.recognised.country else "", name]
    if any(who):
        probably = _("Probably {who}. Numbers can move to another operator.") if found.recognised.portable else _("Probably {who}.")
        st.markdown(probably.format(who=plain(" · ".join(part for part in who if part))))
    if any(finding.oddity is Oddity.MACHINE_NUMBER for finding in found.findings):
        st.warning(_("Thirteen digits: the line of a data card. Only whoever sold it can top it up."))
    shown = st.success if found.difference is Difference.SAME else st.caption if found.difference is Difference.FIRST else st.error
    shown(word(words.DIFFERENCE, found.difference))
    for doubt in found.doubts:
        if doubt is not Doubt.NOT_THE_LAST:
            st.warning(word(words.DOUBT, doubt))


def uses_a_page(channel: Channel) -> bool:
    """Whether a payment page is met on this channel."""
    return channel in (Channel.APP, Channel.WEBSITE, Channel.THIRD_PARTY, Channel.HOTLINE)
