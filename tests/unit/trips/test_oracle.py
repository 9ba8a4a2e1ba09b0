"""The solver against trying everything, to the micro-unit; thousands more in bench/trips.py."""

import random

import pytest

from services.model.itinerary import Status
from services.rules.trips import Catalogue, Limits, solve
from tests.unit.trips.oracle import cheapest, random_question


def disagreement(seed: int) -> str | None:
    """What is wrong with the answers to question ``seed``; None when they agree, with dominated plans dropped or kept."""
    problem, plans = random_question(random.Random(seed))
    catalogue = Catalogue.of(plans, "USD")
    wanted = [cheapest(problem, plans, installs) for installs in range(1, problem.max_installs + 1)]
    for dominance in (True, False):
        answers = solve(problem, catalogue, Limits(seconds=60, robust_percent=None, dominance=dominance))
        for installs, (answer, want) in enumerate(zip(answers.front, wanted, strict=True), 1):
            if answer.status not in (Status.PROVED, Status.IMPOSSIBLE):
                return f"{installs} installs: {answer.status}"
            cheaper_by_more_top_ups = bool(problem.top_ups) and answer.cost_micro is not None and (want is None or answer.cost_micro < want)
            if answer.cost_micro != want and not cheaper_by_more_top_ups:
                return f"{installs} installs, dominance {dominance}: {answer.cost_micro} against {want}"
    return None


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_agrees_with_trying_everything(start: int) -> None:
    wrong = {seed: fault for seed in range(start, start + 50) if (fault := disagreement(seed))}
    assert wrong == {}


def test_a_top_up_that_must_be_bought_early_says_nothing_about_a_later_one() -> None:
    assert disagreement(7_000_512) is None
