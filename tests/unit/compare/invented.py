"""Hypothesis strategies: plans and questions near each other's limits."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan, StartRule
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare import NeedBasis, Question, Rates, SortKey, UnknownPolicy

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTRIES = ("DE", "AT", "JP", "ZW", "AD")
RATES = Rates("USD", date(2026, 11, 19), {"EUR": Decimal("1.0873"), "JPY": Decimal("0.006473187425"), "KWD": Decimal("3.25")})
GB = 10**9
volumes = st.one_of(
    st.sampled_from([0, 1, 10**8, GB // 2, GB, 3 * GB, 5 * GB, 7 * GB, 10 * GB, 14 * GB, 100 * GB, 10**12]),
    st.integers(0, 30 * GB),
    st.integers(1, 300).map(lambda tenths: tenths * GB // 10),
)
needs = st.builds(Needs, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    kind = draw(st.sampled_from(AllowanceKind))
    unlimited = kind is AllowanceKind.UNLIMITED
    maybe = st.one_of(st.none(), volumes.map(DataVolume))
    allowance = Allowance(
        kind,
        None if unlimited else DataVolume(draw(volumes)),
        draw(maybe) if unlimited else None,
        draw(st.sampled_from([None, 0, 128, 512])),
    )
    currency = draw(st.sampled_from(["USD", "USD", "EUR", "JPY", "KWD", "XAF"]))
    price = Decimal(draw(st.integers(0, 200_000))).scaleb(draw(st.sampled_from([-2, -3, -4, 0])))
    tri = st.sampled_from(Tri)
    return Plan(
        source=draw(st.sampled_from(["a", "b"])),
        plan_id=draw(st.text(st.sampled_from("ab=é卡"), min_size=1, max_size=3)),
        seller=draw(st.sampled_from(["Orbi", "Nimbus", "orbi", "北极", ""])),
        name=draw(st.text(max_size=8).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))),
        allowance=allowance,
        validity_days=draw(st.one_of(st.none(), st.integers(1, 31), st.integers(1, 4000))),
        countries=draw(st.frozensets(st.sampled_from(COUNTRIES))),
        price=Money.of(price, currency),
        fetched_at=NOW - timedelta(seconds=draw(st.integers(0, 200_000))),
        coverage_complete=draw(st.booleans()),
        promo_price=draw(st.one_of(st.none(), st.just(Money.of(price / 2, currency)))),
        start_rule=draw(st.sampled_from(StartRule)),
        hotspot=draw(tri),
        id_check=draw(tri),
        top_up=draw(tri),
        five_g=draw(tri),
        phone_number=draw(tri),
        new_users_only=draw(tri),
        consecutive_days=draw(tri),
        buy_url=draw(st.sampled_from([None, "https://shop.example/a"])),
        origin=draw(st.sampled_from(Origin)),
    )


catalogues = st.lists(plans(), max_size=25, unique_by=lambda plan: (plan.source, plan.plan_id))


@st.composite
def questions(draw: st.DrawFn, **fixed: Any) -> Question:
    first = date(2026, 12, 1)
    basis = draw(st.sampled_from(NeedBasis))
    amount = st.one_of(st.integers(1, 20 * GB), st.sampled_from([1, GB // 2, GB, 2 * GB, 10 * GB, 200 * GB]))
    asked: dict[str, Any] = {
        "countries": tuple(draw(st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=4, unique=True))),
        "first_day": first,
        "last_day": first + timedelta(days=draw(st.one_of(st.integers(0, 40), st.integers(0, 365)))),
        "need": DataVolume(draw(amount)),
        "need_basis": basis,
        "needs": draw(st.one_of(st.just(Needs()), needs)),
        "unknown": draw(st.sampled_from(UnknownPolicy)),
        "currency": "USD",
        "sort": draw(st.one_of(st.none(), st.sampled_from(SortKey))),
        "descending": draw(st.booleans()),
    }
    return Question(**(asked | fixed))
