"""The engine against a card that is lived through day by day by other code."""

from collections import Counter

from tests.unit.clocks.random_cards import disagreement, judged, random_card


def test_engine_and_simulator_agree_on_random_cards() -> None:
    wrong = {seed: said for seed in range(400) if (said := disagreement(random_card(seed))) is not None}
    assert wrong == {}


def test_the_random_cards_are_of_many_kinds() -> None:
    cards = [random_card(seed) for seed in range(400)]
    families = Counter((card.simulated.family, card.simulated.stacking) for card in cards)
    statuses = Counter(judged(card).status for card in cards)
    assert len(families) >= 8
    assert min(families.values()) >= 10
    assert len(statuses) >= 3
