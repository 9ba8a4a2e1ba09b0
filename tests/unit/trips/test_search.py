"""Which of the plans of a stronger set each plan of a weaker one can be given, against trying every order."""

from itertools import permutations

import numpy as np

from services.rules.trips.search import matched


def test_each_plan_is_given_one_of_its_own_or_none_can_be() -> None:
    dice = np.random.default_rng(7)
    seen = []
    for members in range(1, 7):
        for places in range(1, 7):
            able = dice.random((members, 30, places)) < 0.5
            wanted = [
                any(all(able[member, row, place] for member, place in enumerate(order)) for order in permutations(range(places), members))
                for row in range(30)
            ]
            assert matched(able).tolist() == wanted
            seen += wanted
    assert 100 < sum(seen) < len(seen) - 100
