"""Sums by hand, an oracle that adds up on its own, changed prices and money that may have been taken twice."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.money import Money
from services.rules.compare.question import Rates
from services.rules.spending import Alike, By, Payment, converted, doubles, in_currency, pair_of, price_changes, sums


def paid(number: str, on: date, amount: str, currency: str = "HKD", **more: str) -> Payment:
    return Payment(number, on, Money.of(amount, currency), **more)


JAN, FEB = date(2026, 1, 10), date(2026, 2, 3)
SOME = [
    paid("1", JAN, "50", card_id="c1", card="Home", payer="Mei"),
    paid("2", JAN, "12.50", "GBP", card_id="c2", card="London", payer="mei"),
    paid("3", FEB, "100", card_id="c1", card="Home", payer="Lin"),
    paid("4", FEB, "3", "USD", card="Old card"),
]
RATES = Rates("CNY", date(2026, 11, 20), {"HKD": Decimal("0.9"), "GBP": Decimal(9)})


def told(by: By) -> list[tuple[str, str, Decimal, str, int]]:
    return [(item.key, item.name, item.total.amount, item.total.currency, item.count) for item in sums(SOME, by)]


def test_sums_by_month_card_payer_and_currency_never_mix_currencies() -> None:
    assert told(By.MONTH) == [
        ("2026-01-01", "2026-01-01", Decimal("12.5"), "GBP", 1),
        ("2026-01-01", "2026-01-01", Decimal(50), "HKD", 1),
        ("2026-02-01", "2026-02-01", Decimal(100), "HKD", 1),
        ("2026-02-01", "2026-02-01", Decimal(3), "USD", 1),
    ]
    assert told(By.CARD) == [
        ("c2", "London", Decimal("12.5"), "GBP", 1),
        ("c1", "Home", Decimal(150), "HKD", 2),
        ("Old card", "Old card", Decimal(3), "USD", 1),
    ]
    assert [(key, amount) for key, _, amount, _, _ in told(By.PAYER)] == [
        ("mei", Decimal("12.5")),
        ("lin", Decimal(100)),
        ("mei", Decimal(50)),
        ("", Decimal(3)),
    ]
    assert told(By.CURRENCY)[1] == ("HKD", "HKD", Decimal(150), "HKD", 2)


def test_a_conversion_has_the_day_of_its_rates_and_says_what_it_left_out() -> None:
    everything = converted(SOME, RATES)
    assert everything.total == Money.of("247.5", "CNY")  # 150 * 0.9 + 12.5 * 9
    assert (everything.on, everything.without_rate) == (date(2026, 11, 20), (Money.of(3, "USD"),))
    assert [payment.amount.amount for payment in in_currency(SOME, RATES)] == [Decimal(45), Decimal("112.5"), Decimal(90)]


@given(
    st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 10_000), st.sampled_from(["CNY", "HKD", "JPY"]), st.sampled_from(["", "a", "b"])),
        max_size=40,
    )
)
def test_every_split_adds_up_to_the_same(rows: list[tuple[int, int, str, str]]) -> None:
    payments = [
        Payment(str(place), date(2025, 1, 1) + timedelta(days=day), Money(Decimal(minor), currency), who or None, who, who)
        for place, (day, minor, currency, who) in enumerate(rows)
    ]
    whole: Counter[str] = Counter()
    for _day, minor, currency, _who in rows:
        whole[currency] += minor
    for by in By:
        split: Counter[str] = Counter()
        for item in sums(payments, by):
            split[item.total.currency] += int(item.total.minor)
        assert {code: amount for code, amount in split.items() if amount} == {code: amount for code, amount in whole.items() if amount}
        assert sum(item.count for item in sums(payments, by)) == len(rows)


def test_a_price_that_changed_is_named_and_another_product_is_not() -> None:
    bought = [
        paid("1", date(2026, 1, 1), "10", "GBP", payee="giffgaff", product="Goodybag 10 GB"),
        paid("2", date(2026, 2, 1), "12", "GBP", payee="giffgaff", product=" goodybag  10 gb"),
        paid("3", date(2026, 3, 1), "12", "GBP", payee="giffgaff", product="Goodybag 10 GB"),
        paid("4", date(2026, 4, 1), "20", "GBP", payee="giffgaff", product="Goodybag 20 GB"),
        paid("5", date(2026, 5, 1), "30", "GBP", payee="giffgaff"),
        paid("6", date(2026, 6, 1), "11", "EUR", payee="giffgaff", product="Goodybag 10 GB"),
        paid("7", date(2026, 6, 1), "9", "GBP", payee="another", product="Goodybag 10 GB"),
    ]
    (change,) = price_changes(reversed(bought))
    assert (change.before.payment_id, change.after.payment_id, change.more) == ("1", "2", True)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (paid("2", date(2026, 1, 13), "50", card_id="c1"), Alike.SAME_AMOUNT),
        (paid("2", date(2026, 1, 14), "50", card_id="c1"), None),
        (paid("2", JAN, "50.01", card_id="c1"), None),
        (paid("2", JAN, "50", "USD", card_id="c1"), None),
        (paid("2", JAN, "50", card_id="c2"), None),
        (paid("2", date(2026, 6, 1), "7", "USD", card_id="c2", reference=" t-100 "), Alike.SAME_REFERENCE),
        (paid("2", JAN, "50", card_id="c1", reference="T-101"), Alike.SAME_AMOUNT),
    ],
)
def test_money_that_may_have_been_taken_twice(second: Payment, why: Alike | None) -> None:
    first = paid("1", JAN, "50", card_id="c1", reference="T-100")
    found = doubles([second, first])
    assert [pair.why for pair in found] == ([why] if why else [])
    if found:
        assert (found[0].first, found[0].second, pair_of(found[0])) == (first, second, ("1", "2"))
        assert doubles([first, second], right=frozenset({("1", "2")})) == ()


def test_payments_without_card_number_or_amount_are_no_double() -> None:
    assert doubles([paid("1", JAN, "50"), paid("2", JAN, "50"), paid("3", JAN, "0", card_id="c"), paid("4", JAN, "0", card_id="c")]) == ()
