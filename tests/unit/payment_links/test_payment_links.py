"""The check of a payment page: hand-made links, each trick by itself, and no bad link ever called official."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.clocks.library import shipped_rules
from services.rules.payment_links import Reason, Sign, Verdict, check_link, shipped_sites


def links(kind: str) -> Iterator[tuple[str, str, str]]:
    """(operator, link, sign) of the hand-made list."""
    for line in (Path(__file__).with_name("links.txt")).read_text("utf-8").split("\n"):
        fields = line.split("|")
        if fields[0] == kind:
            yield fields[1], fields[2], fields[3] if len(fields) > 3 else ""


GOOD, BAD = list(links("good")), list(links("bad"))


def test_the_list_is_large_enough_to_mean_something() -> None:
    assert len(GOOD) + len(BAD) >= 300
    assert len(GOOD) >= 100
    assert len(BAD) >= 190
    assert len({(operator, link) for operator, link, _ in [*GOOD, *BAD]}) == len(GOOD) + len(BAD)


@pytest.mark.parametrize(("operator", "link", "_sign"), GOOD)
def test_an_operators_own_page_is_known(operator: str, link: str, _sign: str) -> None:
    found = check_link(link, operator or None)
    assert (found.verdict, found.reasons) == (Verdict.KNOWN_OFFICIAL, ())


@pytest.mark.parametrize(("operator", "link", "sign"), BAD)
def test_no_bad_link_is_called_official_and_its_trick_is_named(operator: str, link: str, sign: str) -> None:
    found = check_link(link, operator or None)
    assert found.verdict is not Verdict.KNOWN_OFFICIAL
    if sign:
        assert found.verdict is Verdict.SUSPICIOUS
        assert sign in {reason.sign.value for reason in found.reasons}


def test_a_reason_names_what_was_found_and_the_true_address() -> None:
    assert check_link("https://www.l0086.cn/pay", "china_mobile").reasons == (Reason(Sign.LOOK_ALIKE, "l0086.cn", "10086.cn"),)
    assert check_link("https://eshop.hk.chinamobile.com/", "china_mobile").reasons == (Reason(Sign.WRONG_COUNTRY, "cmhk", "10086.cn"),)
    cyrillic = check_link("https://gіffgaff.com/", "giffgaff").reasons
    assert Reason(Sign.FOREIGN_LETTERS, "і") in cyrillic
    assert Reason(Sign.LOOK_ALIKE, "gіffgaff.com", "giffgaff.com") in cyrillic
    assert check_link("https://www.10086.cn/r?u=https://evil.top/a", "china_mobile").reasons == (Reason(Sign.LEADS_ON, "evil.top"),)


def test_what_is_not_known_is_neither_safe_nor_accused() -> None:
    for link in ("https://www.alipay.com/", "https://checkout.stripe.com/c/pay/abc", "https://www.eetimes.com/", "https://baseball.com/"):
        found = check_link(link, "china_mobile")
        assert (found.verdict, found.owners, found.reasons) == (Verdict.UNKNOWN, (), ()), link


@pytest.mark.parametrize(
    "text", ["", " ", "请充值", "10086", "https://", "https:///", "…", "a..b", "\u202e", "[", "https://[", "%", "@", "::"]
)
def test_what_is_no_link_is_not_known(text: str) -> None:
    assert check_link(text, "china_mobile").verdict is not Verdict.KNOWN_OFFICIAL


@given(st.text(max_size=60), st.sampled_from(["www.10086.cn", "giffgaff.com", "hk.chinamobile.com"]), st.text(max_size=20))
def test_only_hosts_below_the_own_address_are_official_whatever_surrounds_them(before: str, own: str, after: str) -> None:
    for text in (f"https://{before}{own}{after}", f"{before}{own}/{after}", f"https://{own}{after}{before}"):
        found = check_link(text)
        if found.verdict is Verdict.KNOWN_OFFICIAL:
            assert found.host.isascii()
            assert any(found.host == host or found.host.endswith("." + host) for site in found.owners for host in site.hosts)
            assert "@" not in text.split("?")[0].split("#")[0].removeprefix("https://").split("/")[0]


@given(st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,10}){0,2}", fullmatch=True))
def test_nothing_put_after_the_own_address_stays_official(tail: str) -> None:
    for own in ("10086.cn", "giffgaff.com", "hk.chinamobile.com"):
        for text in (
            f"https://{own}.{tail}/",
            f"https://{own}-{tail}/",
            f"https://x{own}/",
            f"https://{tail}@{own}/",
            f"https://{own}@{tail}/",
        ):
            assert check_link(text).verdict is not Verdict.KNOWN_OFFICIAL, text


def test_every_listed_operator_has_rules_or_is_a_reader_of_its_texts() -> None:
    from services.rules.messages.patterns import library

    known = set(shipped_rules()) | set(library().operators)
    for site in shipped_sites().site:
        assert site.operator in known
        assert all(host == host.lower() and "/" not in host for host in site.hosts)
    assert len({site.operator for site in shipped_sites().site}) == len(shipped_sites().site)
