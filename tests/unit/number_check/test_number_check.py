"""The look at a number before it is paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.number_check import Difference, Doubt, NumberKind, check_number, compare

ICCID = "89860012017300001234"


def test_a_number_is_read_back_in_groups_with_its_country_and_probable_operator() -> None:
    found = check_number("139 1234 5678", region="CN", operator="china_mobile", country="CN")
    assert (found.kind, found.bare, found.groups) == (NumberKind.PHONE, "+8613912345678", ("+86", "139", "1234", "5678"))
    assert (found.recognised.country, found.recognised.zh, found.recognised.portable) == ("CN", "中国移动", True)
    assert found.doubts == ()
    british = check_number("07400 123456", region="GB", operator="giffgaff", country="GB")
    assert (british.bare, british.groups, british.recognised.country) == ("+447400123456", ("+44", "7400", "1234", "56"), "GB")


def test_the_operator_of_the_block_and_the_country_are_held_against_the_one_to_be_paid() -> None:
    assert check_number("18612345678", region="CN", operator="china_mobile", country="CN").doubts == (Doubt.OTHER_OPERATOR,)
    assert check_number("+85251234567", operator="giffgaff", country="GB").doubts == (Doubt.OTHER_COUNTRY,)
    assert check_number("+447400123456", operator="airalo", country="any").doubts == ()


@pytest.mark.parametrize(
    ("typed", "difference", "at"),
    [
        ("+8613912345678", Difference.SAME, ()),
        ("139-1234-5678", Difference.SAME, ()),
        ("13912345679", Difference.ONE_DIGIT, (3,)),
        ("13912345687", Difference.TWO_SWAPPED, (3,)),
        ("13921345678", Difference.TWO_SWAPPED, (2,)),
        ("1391234567", Difference.LENGTH, None),
        ("13800138000", Difference.OTHER, (1, 2, 3)),
    ],
)
def test_it_is_laid_beside_the_number_paid_last(typed: str, difference: Difference, at: tuple[int, ...] | None) -> None:
    found = check_number(typed, region="CN", country="CN", last_paid="+86 139 1234 5678")
    assert found.difference is difference
    assert (Doubt.NOT_THE_LAST in found.doubts) == (difference is not Difference.SAME)
    if at is not None:
        assert found.differs_at == at


def test_an_iccid_is_an_iccid_and_a_wrong_digit_in_it_is_noticed() -> None:
    from stdnum import luhn

    good = ICCID[:-1] + luhn.calc_check_digit(ICCID[:-1])
    found = check_number(good, operator="china_mobile", country="CN")
    assert (found.kind, found.groups[0], len(found.groups), found.doubts) == (NumberKind.ICCID, "8986", 5, ())
    wrong = good[:-2] + str((int(good[-2]) + 1) % 10) + good[-1]
    mistaken = check_number(wrong, operator="china_mobile", country="CN", last_paid=good)
    assert (mistaken.difference, mistaken.differs_at, mistaken.doubts) == (Difference.ONE_DIGIT, (4,), (Doubt.NOT_THE_LAST, Doubt.MISTYPED))


def test_what_follows_no_plan_is_kept_and_doubted_never_refused() -> None:
    data_card = check_number("1064812345678", region="CN", country="CN")
    assert (data_card.kind, data_card.groups) == (NumberKind.OTHER, ("1064", "8123", "4567", "8"))
    assert Doubt.MISTYPED in data_card.doubts
    assert check_number("").doubts == (Doubt.MISTYPED,)
    assert check_number("abc").bare == "abc"


@given(st.text(alphabet="0123456789", min_size=11, max_size=11), st.integers(0, 10), st.integers(0, 9))
def test_changing_one_digit_is_one_digit_or_none(number: str, place: int, digit: int) -> None:
    changed = number[:place] + str(digit) + number[place + 1 :]
    assert compare(changed, number) is (Difference.SAME if changed == number else Difference.ONE_DIGIT)


@given(st.text(max_size=30), st.one_of(st.none(), st.text(max_size=30)), st.sampled_from(["CN", "GB", None]))
def test_groups_lose_no_character_whatever_is_typed(typed: str, last: str | None, region: str | None) -> None:
    found = check_number(typed, region=region, last_paid=last)
    assert "".join(found.groups) == found.bare
    assert all(0 <= position < len(found.groups) for position in found.differs_at)
