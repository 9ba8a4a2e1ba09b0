"""The reader against the corpus, and what must hold for any text at all."""

import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.money import Money
from services.model.reading import EventKind, LineStatus, Source, ValidityKind
from services.rules.messages import patterns
from services.rules.messages.dates import Order, Side, interpret
from services.rules.messages.reader import LONGEST, Ask, Category, read, without
from services.rules.messages.reader import answer as decide
from services.rules.messages.suspicion import Sign
from services.rules.messages.text import normalise
from tests.unit.messages.scoring import RECEIVED, Sample, Score, answer, corpus, said

FILES = sorted(path.stem for path in (Path(__file__).parent / "corpus").glob("*.toml"))
SAMPLES = [sample for name in FILES for sample in corpus(name)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.text[:24].encode("ascii", "replace").decode())
def test_nothing_wrong_is_ever_read(sample: Sample) -> None:
    message = answer(sample)
    assert said(message) <= sample.expect
    if sample.category is not None:
        assert message.category is Category(sample.category)


def test_most_of_what_is_there_is_read() -> None:
    score = Score()
    for sample in SAMPLES:
        score.add(sample, answer(sample))
    assert len(SAMPLES) >= 150
    assert score.precision == 1.0
    assert score.recall >= 0.95
    adverse = sum(not sample.expect for sample in SAMPLES)
    assert adverse * 2 >= len(SAMPLES) - 10


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.text[:24].encode("ascii", "replace").decode())
def test_spans_point_into_the_text_as_written(sample: Sample) -> None:
    message = answer(sample)
    for item in message.understood:
        piece = sample.text[item.start : item.end]
        assert any(mark.isdigit() for mark in piece)
        if isinstance(item.value, Money):
            assert str(int(abs(item.value.amount))) in normalise(piece).replace(",", "").replace(".", "" if "Rp" in piece else ".")
    starts = [item.start for item in message.understood]
    assert starts == sorted(starts)
    ends = [item.end for item in message.understood]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


@settings(max_examples=150)
@given(st.text(max_size=300), st.text(max_size=15))
def test_any_text_is_survived(text: str, sender: str) -> None:
    message = read(text, received=RECEIVED, sender=sender)
    assert message.text == text
    assert len(normalise(text)) == len(text)
    assert all(0 <= item.start < item.end <= len(text) for item in message.understood)


pieces = st.sampled_from([sample.text for sample in SAMPLES]).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(lambda cut: text[min(cut) : max(cut)])
)


@settings(max_examples=100)
@given(st.lists(pieces, max_size=4).map(" ".join))
def test_torn_and_glued_texts_are_survived(text: str) -> None:
    message = read(text, received=RECEIVED, sender="10086")
    assert all(0 <= item.start < item.end <= len(text) for item in message.understood)


@pytest.mark.parametrize("filler", ["9", ",9", "1.", "余额", "剩余", "( ", " ", "5G", "12/", "you have ", "left ", "流量", "a.", "-"])
def test_hostile_repetition_ends(filler: str) -> None:
    read(filler * 4000, received=RECEIVED, sender="10086")


def test_long_texts_are_read_to_a_limit() -> None:
    message = read("x" * LONGEST + "余额为5元", received=RECEIVED, sender="10086")
    assert not message.money


@pytest.mark.parametrize(
    ("text", "sender", "sign"),
    [
        ("余额为5元", "l0086", Sign.LOOK_ALIKE_SENDER),
        ("来自1OO86的提醒：余额为5元", "", Sign.LOOK_ALIKE_SENDER),
        ("【中国移动】余额为5元", "13800138000", Sign.PERSONAL_SENDER),
        ("【中国移动】余额为5元 http://example.top/a", "", Sign.FOREIGN_DOMAIN),
        ("【中国移动】余额为5元 http://10086.cn.example.top/a", "10086", Sign.LOOK_ALIKE_DOMAIN),
        ("giffgaff: http://g1ffgaff.com", "", Sign.LOOK_ALIKE_DOMAIN),
        ("【中国联通】余额5元 http://t.cn/abc", "", Sign.SHORTENED_LINK),
        ("【中国联通】余额5元 http://203.0.113.7/pay", "", Sign.BARE_ADDRESS),
        ("giffgaff: balance £5 https://gіffgaff.com", "", Sign.FOREIGN_LETTERS),
        ("您的手机号码即将停机，请点击 http://example.top/x", "", Sign.LINK_WITH_PRESSURE),
        ("O2: reply with your card number", "O2", Sign.ASKS_FOR_SECRET),
        ("话费慢充，100元只要85元", "", Sign.DISCOUNTED_CREDIT),
        ("【10010】请添加客服微信办理退费", "", Sign.PAY_ELSEWHERE),
    ],
)
def test_phishing_is_named(text: str, sender: str, sign: Sign) -> None:
    message = read(text, received=RECEIVED, sender=sender)
    assert message.category is Category.PHISHING
    assert sign in {suspicion.sign for suspicion in message.suspicions}
    assert not said(message)
    for suspicion in message.suspicions:
        assert suspicion.end <= len(text)


@pytest.mark.parametrize("link", ["https://dx.10086.cn/A/x", "http://www.10086.cn", "10086.cn"])
def test_the_operators_own_links_are_no_phishing(link: str) -> None:
    message = read(f"【中国移动】您的话费余额为12.00元，详情 {link} 查询", received=RECEIVED, sender="10086")
    assert said(message) == {"money.main=CNY 12"}


def test_an_ambiguous_date_is_asked() -> None:
    message = read("Your prepaid SIM balance is £4.20. Your SIM expires on 03/04/2027.", received=RECEIVED)
    (question,) = message.questions
    assert question.ask is Ask.WHICH_DATE
    assert question.choices == (date(2027, 3, 4), date(2027, 4, 3))
    assert not message.validity


def test_the_card_s_operator_settles_date_and_currency() -> None:
    text = "Prepaid: your balance is $4.20. Your SIM expires on 03/04/2027."
    hong_kong = read(text, received=RECEIVED, operator="cmhk")
    american = read(text, received=RECEIVED, operator="ultra_mobile")
    assert hong_kong.money[0].money == Money.of("4.20", "HKD")
    assert hong_kong.validity[0].last_day == date(2027, 4, 3)
    assert american.money[0].money == Money.of("4.20", "USD")
    assert american.validity[0].last_day == date(2027, 3, 4)
    unknown = read(text, received=RECEIVED)
    assert {question.ask for question in unknown.questions} == {Ask.WHICH_DATE, Ask.WHICH_CURRENCY}


@pytest.mark.parametrize(
    ("text", "order", "side", "days", "assumed"),
    [
        ("31/12/2026", None, Side.AHEAD, (date(2026, 12, 31),), False),
        ("03/04/2027", None, Side.AHEAD, (date(2027, 3, 4), date(2027, 4, 3)), False),
        ("03/04/2027", Order.DAY_FIRST, Side.AHEAD, (date(2027, 4, 3),), False),
        ("03/04/27", Order.MONTH_FIRST, Side.AHEAD, (date(2027, 3, 4),), False),
        ("05/05/2027", None, Side.AHEAD, (date(2027, 5, 5),), False),
        ("12/25/2026", Order.DAY_FIRST, Side.AHEAD, (date(2026, 12, 25),), False),
        ("26/12/31", None, Side.AHEAD, (date(2026, 12, 31), date(2031, 12, 26)), False),
        ("12月31日", None, Side.AHEAD, (date(2026, 12, 31),), True),
        ("1月5日", None, Side.AHEAD, (date(2027, 1, 5),), True),
        ("1 Nov", None, Side.AHEAD, (date(2026, 11, 1), date(2027, 11, 1)), True),
        ("11月19日", None, Side.BEHIND, (date(2026, 11, 19),), True),
        ("31 Feb 2027", None, Side.AHEAD, (), False),
        ("2026年2月30日", None, Side.AHEAD, (), False),
        ("1 Jan 2062", None, Side.AHEAD, (), False),
        ("20261231", None, Side.AHEAD, (date(2026, 12, 31),), False),
    ],
)
def test_dates(text: str, order: Order | None, side: Side, days: tuple[date, ...], assumed: bool) -> None:
    seen = interpret(text, order, RECEIVED, side)
    assert (seen.days, seen.year_assumed) == (days, assumed)


@given(
    st.dates(date(2026, 11, 20), date(2030, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%Y年%m月%d日", "%d %b %Y", "%B %d, %Y", "%d-%m-%Y"]),
)
def test_a_written_date_is_among_its_readings(day: date, form: str) -> None:
    assert day in interpret(day.strftime(form), None, RECEIVED, Side.AHEAD).days


def test_as_of_is_aware_and_24_hours_is_the_next_day() -> None:
    message = read("截至08月17日24时，您当月国内流量已用1GB，剩余2GB。", received=date(2026, 8, 18), sender="10010")
    assert message.as_of == datetime(2026, 8, 18, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_an_assumed_year_says_so() -> None:
    message = read("您的套餐将于12月31日到期。", received=RECEIVED, sender="10086")
    (item,) = message.understood
    assert item.assumed
    assert message.validity[0].kind is ValidityKind.PLAN


def test_two_values_for_one_thing_leave_none() -> None:
    message = read("Your balance is £5.00. Your balance is £50.00.", received=RECEIVED, sender="EE")
    assert message.contradictions == ("money.main",)
    assert not message.money
    assert not message.understood


def test_what_was_not_understood_is_the_note() -> None:
    text = "您的话费余额为12.00元。明天全省天气晴。"
    message = read(text, received=RECEIVED, sender="10086")
    reading = message.reading("card", datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert reading.note == "明天全省天气晴"
    assert reading.raw_text == text
    assert reading.source is Source.PASTED
    assert reading.money == message.money


def test_suspension_sets_the_status() -> None:
    message = read("EE: Your service has been suspended.", received=RECEIVED, sender="EE")
    assert message.status is LineStatus.SUSPENDED
    assert [event.kind for event in message.events] == [EventKind.SUSPENDED]
    assert read("若您的号码已停机，请充值。", received=RECEIVED, sender="10086").status is None


def test_keepgo_counts_in_1024() -> None:
    (package,) = read("Keepgo: you have 2 GB of data remaining.", received=RECEIVED).data
    assert package.remaining is not None
    assert package.remaining.bytes == 2 * 1024**3


def test_restricted_data_is_marked() -> None:
    message = read("国内流量剩余1GB，定向流量剩余30GB。", received=RECEIVED, sender="10010")
    assert {package.name: package.restricted for package in message.data} == {"国内": False, "定向": True}


def test_traditional_package_names_keep_their_script() -> None:
    message = read("國內流量剩餘1GB，漫遊流量剩餘2GB。", received=RECEIVED, sender="CMHK")
    assert {package.name for package in message.data} == {"國內", "漫遊"}


def test_answers_of_a_person_complete_the_reading() -> None:
    message = read("Prepaid: your balance is $4.20. Your SIM expires on 03/04/2027.", received=RECEIVED)
    for question in message.questions:
        message = decide(message, question, Money.of("4.20", "SGD") if question.ask is Ask.WHICH_CURRENCY else date(2027, 4, 3))
    assert not message.questions
    assert said(message) == {"money.main=SGD 4.2", "date.number=2027-04-03"}
    top_up = read("您的手機儲值卡已成功增值50元", received=RECEIVED)
    (question,) = top_up.questions
    decided = decide(top_up, question, Money.of(50, "HKD"))
    assert said(decided) == {"event=topped_up", "money.topped_up=HKD 50"}


@pytest.mark.parametrize("sample", SAMPLES[:84], ids=lambda sample: sample.text[:24].encode("ascii", "replace").decode())
def test_a_figure_a_person_rejects_is_gone_and_no_other(sample: Sample) -> None:
    message = answer(sample)
    for item in message.understood:
        lost = said(message) - said(without(message, item))
        assert len(lost) == (0 if item.field in ("date.as_of", "event.days") else 1), item
        assert said(without(message, item)) <= said(message)
    for item in message.understood:
        message = without(message, item)
    assert not any(line.startswith(("money", "data.", "voice.", "sms.", "date")) for line in said(message))


WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
MONEY_FRAMES = [
    ("10086", "CNY", "您的话费余额为{}元。"),
    ("10086", "CNY", "【中国移动】当前余额：{}元，有效期至2027年3月31日"),
    ("CMHK", "HKD", "你的儲值卡餘額為HK${}，有效期至19/05/2027。"),
    ("giffgaff", "GBP", "Your credit balance is £{}. Have a good day."),
    ("6700", "USD", "Wallet balance: ${}"),
    ("Singtel", "SGD", "Your main balance is S${}, valid till 12/03/2027"),
    ("AIS", "THB", "Your balance is {} baht."),
]
DATA_FRAMES = [
    ("10010", "您的剩余流量为{}{}。"),
    ("10086", "国内流量剩余{}{}，请合理使用"),
    ("EE", "You have {}{} of data left."),
    ("Airalo", "Data remaining: {}{}."),
]


@settings(max_examples=150)
@given(st.sampled_from(MONEY_FRAMES), st.integers(0, 99_999_999), st.sampled_from([0, 1, 2]), st.booleans(), st.booleans())
def test_any_amount_of_money_is_read_exactly(frame: tuple[str, str, str], minor: int, places: int, grouped: bool, wide: bool) -> None:
    sender, currency, words = frame
    amount = Decimal(minor).scaleb(-places)
    written = f"{amount:,}" if grouped else str(amount)
    text = words.format(written.translate(WIDE) if wide else written)
    message = read(text, received=RECEIVED, sender=sender)
    assert [purse.money for purse in message.money] == [Money.of(amount, currency)], text


@settings(max_examples=150)
@given(
    st.sampled_from(DATA_FRAMES),
    st.integers(1, 999_999),
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from(["GB", " GB", "MB", "M", "KB", "兆", "Gb"]),
)
def test_any_amount_of_data_is_read_exactly_or_not_at_all(frame: tuple[str, str], digits: int, places: int, unit: str) -> None:
    sender, words = frame
    amount = Decimal(digits).scaleb(-places)
    text = words.format(amount, unit)
    message = read(text, received=RECEIVED, sender=sender)
    size = {"G": 10**9, "M": 10**6, "K": 10**3, "兆": 10**6}[unit.strip()[0]]
    assert [package.remaining.bytes for package in message.data if package.remaining is not None] == [int(amount * size)], text


@settings(max_examples=100)
@given(
    st.dates(date(2026, 11, 20), date(2030, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d %b %Y", "%Y年%m月%d日", "%Y%m%d"]),
)
def test_any_end_is_read_exactly_from_an_operator_whose_order_is_known(day: date, form: str) -> None:
    message = read(f"Your SIM card is valid until {day.strftime(form)}.", received=RECEIVED, sender="CMHK")
    assert [end.last_day for end in message.validity] == [day]


@settings(max_examples=100)
@given(st.dates(date(2026, 11, 20), date(2030, 12, 31)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_where_the_order_is_not_known_the_date_is_right_or_asked(day: date, form: str) -> None:
    message = read(f"Your prepaid SIM card is valid until {day.strftime(form)}.", received=RECEIVED)
    if message.questions:
        assert day in message.questions[0].choices
        assert not message.validity
    else:
        assert [end.last_day for end in message.validity] == [day]


def test_every_pattern_file_is_sound() -> None:
    files = patterns.library()
    assert len(files.operators) >= 30
    for operator in files.operators.values():
        if operator.zone is not None:
            ZoneInfo(operator.zone)
        assert operator.names
    folder = Path(patterns.__file__).parent / "data"
    for path in folder.glob("*.toml"):
        if path.stem != "general":
            assert tomllib.loads(path.read_text(encoding="utf-8"))["id"] == path.stem
