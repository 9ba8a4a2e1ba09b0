"""Every number here is invented, or a test vector of a specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.identifiers import eid, iccid, imei, lpa, msisdn
from services.rules.identifiers.findings import Finding, Level, Oddity


def luhn_digit(body: str) -> str:
    """Check digit by the definition: double every second digit from the right, sum the digits, complete to a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        product = int(digit) * (2 if place % 2 == 0 else 1)
        total += product // 10 + product % 10
    return str(-total % 10)


digits = st.text("0123456789", min_size=16, max_size=19)


@given(digits)
def test_iccid_round_trip(tail: str) -> None:
    body = "89" + tail
    number = body + luhn_digit(body)
    assert iccid.check(number) == ()
    assert iccid.compact(iccid.format(number)) == number
    assert iccid.compact(number + "F") == number


@given(digits, st.integers(0, 18), st.integers(1, 9))
def test_iccid_one_wrong_digit_is_a_warning_that_names_the_right_check_digit(tail: str, place: int, shift: int) -> None:
    body = "89" + tail
    number = list(body + luhn_digit(body))
    place = 2 + place % (len(number) - 2)
    number[place] = str((int(number[place]) + shift) % 10)
    findings = iccid.check("".join(number))
    assert [finding.oddity for finding in findings] == [Oddity.CHECK_DIGIT]
    assert findings[0].level is Level.WARNING
    assert iccid.check("".join(number[:-1]) + findings[0].expected) == ()


def test_iccid_as_read_from_a_card() -> None:
    assert iccid.compact("8901 2604 8775 9545 390F") == "8901260487759545390"
    assert iccid.check("8901260487759545390F") == ()


def test_iccid_with_hex_letters_is_accepted_and_says_no_check_is_possible() -> None:
    assert iccid.check("898600A1234567890123") == (Finding(Oddity.NO_CHECK_POSSIBLE, Level.INFO, "A"),)


@given(st.text(max_size=40))
def test_iccid_never_refuses_and_never_raises(text: str) -> None:
    assert all(finding.level is not Level.ERROR for finding in iccid.check(text))
    iccid.format(text)
    iccid.hint(text)


def test_iccid_full_width_digits() -> None:
    assert iccid.compact("８９０１２６０４８７７５９５４５３９０") == "8901260487759545390"


@pytest.mark.parametrize(
    ("number", "country", "english", "registered"),
    [
        ("89860012345678901234", "CN", "China Mobile", False),
        ("89860112345678901234", "CN", "China Unicom", False),
        ("89861112345678901234", "CN", "China Telecom", False),
        ("8985212345678901234", "HK", "China Mobile Hong Kong", True),
        ("8985301345678901234", "MO", "CTM", True),
        ("8933221234567890123", "FR", "Transatel (Ubigi)", True),
    ],
)
def test_iccid_issuer_hints(number: str, country: str, english: str, registered: bool) -> None:
    hint = iccid.hint(number)
    assert hint is not None
    assert (hint.country, hint.en, hint.registered) == (country, english, registered)
    assert hint.source
    assert hint.as_of


def test_iccid_unknown_issuer_is_none() -> None:
    assert iccid.hint("8999912345678901234") is None
    assert iccid.hint("") is None


@pytest.mark.parametrize(
    "number",
    [
        "89034011560010000000000000000121",
        "89001012012341234012345678901224",
        "89001567010203040506070809101152",
        "89044011112233441122334411223321",
    ],
)
def test_eid_vectors(number: str) -> None:
    assert eid.check(number) == ()
    assert eid.compact(eid.format(number)) == number
    assert eid.hint(number) is not None


@given(st.text("0123456789", min_size=30, max_size=30))
def test_eid_round_trip_and_wrong_check(body: str) -> None:
    good = body + f"{98 - int(body + '00') % 97:02d}"
    assert all(finding.oddity is Oddity.PREFIX for finding in eid.check(good))
    bad = body + f"{(int(good[-2:]) + 1) % 100:02d}"
    wrong = [finding for finding in eid.check(bad) if finding.oddity is Oddity.CHECK_DIGIT]
    assert wrong
    assert wrong[0].expected == good[-2:]


def test_eid_outside_89_is_only_noted() -> None:
    body = "35" + "0" * 28
    number = body + f"{98 - int(body + '00') % 97:02d}"
    assert eid.check(number) == (Finding(Oddity.PREFIX, Level.INFO, "35", "89"),)


@pytest.mark.parametrize(
    ("text", "oddity"),
    [("", Oddity.EMPTY), ("8904", Oddity.LENGTH), ("8904401111223344112233441122332X", Oddity.CHARACTER)],
)
def test_eid_errors(text: str, oddity: Oddity) -> None:
    assert eid.check(text)[0].oddity is oddity
    assert eid.check(text)[0].level is Level.ERROR


@given(st.text("0123456789", min_size=14, max_size=14))
def test_imei_round_trip(body: str) -> None:
    number = body + luhn_digit(body)
    assert imei.check(number) == ()
    assert imei.compact(imei.format(number)) == number
    wrong = body + str((int(number[-1]) + 1) % 10)
    assert imei.check(wrong)[0].expected == number[-1]


def test_imei_forms() -> None:
    assert imei.format("490154203237518") == "49-015420-323751-8"
    assert imei.hint("49-015420-323751-8") == imei.ModelHint("49015420")
    assert imei.check("4901542032375180")[0].oddity is Oddity.SOFTWARE_VERSION
    assert imei.check("49015420323751")[0].expected == "8"
    assert imei.hint("490154203237510") is None


def test_mainland_number_is_only_probably_of_its_operator() -> None:
    hint = msisdn.hint("139 1234 5678", "CN")
    assert hint == msisdn.NumberHint("CN", "China Mobile", "中国移动", portable=True, virtual=False, mobile=True)


def test_hong_kong_region_does_not_turn_0086_into_australia() -> None:
    assert msisdn.compact("008613912345678", "HK") == "+8613912345678"
    assert msisdn.compact("００８６ １３９ １２３４ ５６７８", "HK") == "+8613912345678"


def test_country_code_without_plus_is_understood_from_abroad() -> None:
    assert msisdn.compact("447480123456", "CN") == "+447480123456"
    assert msisdn.compact("8613912345678", "GB") == "+8613912345678"
    assert msisdn.compact("8613912345678", None) == "+8613912345678"


def test_trunk_zero_after_the_country_code() -> None:
    assert msisdn.compact("+44 (0)7480 123456", None) == "+447480123456"


def test_a_number_with_two_meanings_is_a_question() -> None:
    # A German landline as typed there, or an Indonesian one with its country code and no plus.
    (finding,) = msisdn.check("623686594615", "DE")
    assert finding.oddity is Oddity.SEVERAL_READINGS
    assert len(finding.expected.split()) == 2
    assert msisdn.compact("623686594615", "DE") == "623686594615"
    assert msisdn.hint("623686594615", "DE") is None


def test_a_mobile_number_as_written_at_home_is_no_question() -> None:
    # 151 4378 7239 would also be a number of Quebec with its country code.
    assert msisdn.compact("15143787239", "CN") == "+8615143787239"


@pytest.mark.parametrize(
    ("text", "region", "oddity"),
    [
        ("10086", "CN", Oddity.SHORT_CODE),
        ("43430", "GB", Oddity.SHORT_CODE),
        ("1064812345678", "CN", Oddity.MACHINE_NUMBER),
        ("861440012345678", "CN", Oddity.MACHINE_NUMBER),
        ("13912345678", "GB", Oddity.NOT_VALID),
        ("7480123456", None, Oddity.REGION_NEEDED),
        ("", None, Oddity.EMPTY),
        ("abc", "GB", Oddity.CHARACTER),
    ],
)
def test_numbers_that_are_kept_as_typed(text: str, region: str | None, oddity: Oddity) -> None:
    assert msisdn.check(text, region)[0].oddity is oddity
    assert msisdn.compact(text, region) == text
    assert msisdn.hint(text, region) is None


def test_virtual_operators_are_marked() -> None:
    hint = msisdn.hint("17012345678", "CN")
    assert hint is not None
    assert hint.virtual


def test_portable_regions() -> None:
    for number in ("+447480123456", "+85291234567", "+6591234567"):
        hint = msisdn.hint(number)
        assert hint is not None
        assert hint.portable


@given(st.text(max_size=30), st.sampled_from([None, "CN", "HK", "GB"]))
def test_msisdn_never_raises(text: str, region: str | None) -> None:
    msisdn.check(text, region)
    msisdn.hint(text, region)
    assert msisdn.compact(msisdn.compact(text, region), region) == msisdn.compact(text, region)


names = st.from_regex(r"\A[a-z0-9]{1,10}(-[a-z0-9]{1,5})?\.[a-z0-9]{1,10}\.[a-z]{2,6}\Z")
codes = st.builds(
    lpa.ActivationCode,
    names,
    st.from_regex(r"\A[A-Za-z0-9-]{0,30}\Z"),
    st.from_regex(r"\A([0-2]\.[0-9]{1,3}\.[0-9]{1,5})?\Z"),
    st.booleans(),
)


@given(codes)
def test_activation_code_round_trip(code: lpa.ActivationCode) -> None:
    text = lpa.build(code)
    assert lpa.parse(text) == code
    assert lpa.parse(text.removeprefix("LPA:")) == code
    assert lpa.parse("lpa:" + text[4:]) == code
    assert lpa.parse(lpa.apple_link(code)) == code
    assert lpa.format(text) == text


@pytest.mark.parametrize(
    ("text", "address", "oid", "confirm"),
    [
        ("LPA:1$rsp.example.com$04386-AGYFT-A74Y8-3F815", "rsp.example.com", "", False),
        ("LPA:1$rsp.example.com$04386-AGYFT-A74Y8-3F815$$1", "rsp.example.com", "", True),
        ("LPA:1$rsp.example.com$04386-AGYFT-A74Y8-3F815$1.3.6.1.4.1.31746$1", "rsp.example.com", "1.3.6.1.4.1.31746", True),
        ("1$rsp.example.com$", "rsp.example.com", "", False),
        (" LPA:1$rsp.\nexample.com$ABC ", "rsp.example.com", "", False),
        ("ＬＰＡ：１＄rsp.example.com＄ABC", "rsp.example.com", "", False),
    ],
)
def test_activation_codes_in_the_wild(text: str, address: str, oid: str, confirm: bool) -> None:
    code = lpa.parse(text)
    assert (code.address, code.oid, code.confirmation_required) == (address, oid, confirm)


@pytest.mark.parametrize(
    ("text", "oddity"),
    [
        ("", Oddity.EMPTY),
        ("LPA:1$rsp.example.com", Oddity.FIELD_COUNT),
        ("LPA:2$rsp.example.com$ABC", Oddity.VERSION),
        ("LPA:1$https://rsp.example.com/x$ABC", Oddity.ADDRESS),
        ("LPA:1$localhost$ABC", Oddity.ADDRESS),
        ("LPA:1$rsp.example.com$AB/C", Oddity.MATCHING_ID),
        ("LPA:1$rsp.example.com$ABC$1234", Oddity.OID),
        ("LPA:1$rsp.example.com$ABC$$yes", Oddity.CONFIRMATION_FLAG),
        ("LPA:1$rsp.example.com$ABC$$1$extra", Oddity.FIELD_COUNT),
    ],
)
def test_what_is_no_activation_code(text: str, oddity: Oddity) -> None:
    with pytest.raises(lpa.NotAnActivationCodeError) as caught:
        lpa.parse(text)
    assert oddity in [finding.oddity for finding in caught.value.findings]
    assert lpa.hint(text) is None


def test_the_secret_part_shows_nowhere() -> None:
    code = lpa.parse("LPA:1$rsp.example.com$SECRET-PART")
    assert "SECRET" not in repr(code)
    with pytest.raises(lpa.NotAnActivationCodeError) as caught:
        lpa.parse("LPA:2$rsp.example.com$SECRET/PART")
    assert "SECRET" not in str(caught.value)
    assert all("SECRET" not in finding.found + finding.expected for finding in caught.value.findings)


@given(st.text(max_size=60))
def test_lpa_check_never_raises(text: str) -> None:
    lpa.check(text)
    lpa.format(text)
