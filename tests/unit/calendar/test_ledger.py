"""Editions of calendar entries: every change is a higher number, nothing that is the same is told anew."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.rules.calendar_ledger import TOLD_FOR, next_edition, told

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
TODAY = NOW.date()


def entry(uid: str, day: date = TODAY + timedelta(days=30), summary: str = "ends") -> CalendarEntry:
    return CalendarEntry(uid, day, summary)


def after(published: dict[str, PublishedEntry], entries: list[CalendarEntry], now: datetime = NOW) -> dict[str, PublishedEntry]:
    return published | {one.entry.uid: one for one in next_edition(published, entries, now, now.date())}


def test_a_changed_entry_is_a_higher_edition_and_an_unchanged_one_is_not_told_anew() -> None:
    first = after({}, [entry("a"), entry("b")])
    assert [(one.sequence, one.cancelled) for one in first.values()] == [(0, False)] * 2
    later = NOW + timedelta(days=1)
    assert next_edition(first, [entry("a"), entry("b")], later, later.date()) == []
    second = after(first, [entry("a", summary="ends soon"), entry("b")], later)
    assert (second["a"].sequence, second["a"].changed_at, second["b"]) == (1, later, first["b"])


def test_what_vanishes_is_cancelled_once_and_says_nothing_of_the_card_any_more() -> None:
    first = after({}, [entry("a", summary="Mother's card")])
    second = after(first, [])
    assert (second["a"].cancelled, second["a"].sequence, second["a"].entry) == (True, 1, CalendarEntry("a", entry("a").day, ""))
    assert next_edition(second, [], NOW, TODAY) == []
    back = after(second, [entry("a")])
    assert (back["a"].cancelled, back["a"].sequence) == (False, 2)


def test_what_is_past_stays_as_it_was_for_a_while() -> None:
    first = after({}, [entry("a", TODAY)])
    tomorrow = NOW + timedelta(days=1)
    assert next_edition(first, [], tomorrow, tomorrow.date()) == []
    much_later = NOW + TOLD_FOR + timedelta(days=2)
    assert after(first, [], much_later)["a"].cancelled


def test_a_cancelled_entry_is_not_told_for_ever() -> None:
    cancelled = after(after({}, [entry("a")]), [])
    assert [one.entry.uid for one in told(cancelled.values(), NOW + TOLD_FOR)] == ["a"]
    assert told(cancelled.values(), NOW + TOLD_FOR + timedelta(seconds=1)) == []


def test_a_clock_set_back_does_not_make_a_change_older_than_the_one_before() -> None:
    first = after({}, [entry("a")])
    second = after(first, [entry("a", summary="other")], NOW - timedelta(days=3))
    assert second["a"].changed_at == NOW


days = st.integers(0, 400).map(lambda count: TODAY + timedelta(days=count - 100))
standing = st.dictionaries(st.sampled_from("abcd"), st.tuples(days, st.sampled_from(["x", "y"])))


@given(st.lists(st.tuples(standing, st.integers(0, 60)), max_size=12))
def test_editions_only_grow(history: list[tuple[dict[str, tuple[date, str]], int]]) -> None:
    published: dict[str, PublishedEntry] = {}
    now = NOW
    for things, waited in history:
        now += timedelta(days=waited)
        entries = [CalendarEntry(uid, day, words) for uid, (day, words) in things.items()]
        before, published = published, after(published, entries, now)
        assert set(before) <= set(published), "no number is forgotten, so none is given twice"
        for uid, one in published.items():
            old = before.get(uid)
            assert (old is None and one.sequence == 0) or (old is not None and (one == old or one.sequence == old.sequence + 1))
        for each in entries:
            assert (published[each.uid].entry, published[each.uid].cancelled) == (each, False)
        for uid in set(published) - set(things):
            assert published[uid].cancelled or now.date() - TOLD_FOR <= published[uid].entry.day < now.date()
        assert next_edition(published, entries, now, now.date()) == []
