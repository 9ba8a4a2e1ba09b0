"""The ways to ask for a balance: complete in both languages, each with its evidence."""

import re

import pytest
from pydantic import ValidationError

from services.rules.balance_queries import BalanceQuery, Way, Words, for_operator, known_operators


def test_every_way_is_bilingual_and_sourced() -> None:
    assert len(known_operators()) >= 20
    for operator in known_operators():
        for query in for_operator(operator):
            for words in (query.tells, query.note):
                if words is not None:
                    assert re.search(r"[\u4e00-\u9fff]", words.zh)
                    assert not re.search(r"[\u4e00-\u9fff]", words.en)
            assert query.source
            assert query.as_of


def test_known_ways() -> None:
    assert for_operator("giffgaff")[0].value == "*100#"
    assert [(query.value, query.to) for query in for_operator("ultra_mobile") if query.way is Way.TEXT] == [("BAL", "6700")]
    assert for_operator("no_such_operator") == ()


def test_disagreeing_sources_are_both_shown_and_marked() -> None:
    texts = [query for query in for_operator("china_unicom") if query.way is Way.TEXT]
    assert {query.value for query in texts} == {"YE", "CXYE"}
    assert all(query.conflict for query in texts)


@pytest.mark.parametrize(("way", "value", "to"), [("text", "BAL", ""), ("dial", "100", ""), ("app", "App", "6700"), ("dial", "", "")])
def test_a_way_that_cannot_be_used_is_refused(way: str, value: str, to: str) -> None:
    with pytest.raises(ValidationError):
        BalanceQuery(way=Way(way), value=value, to=to, tells=Words(en="Balance", zh="余额"), confidence="high", source="x", as_of="2026")
