"""The simulated year, in small and with three times as many accidents; ``python -m bench reminders`` has all 500 cards and all 365 days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.unit.reminders.year import Arrived, Run, Said, Story, World, judge


def test_every_due_reminder_is_sent_once_and_none_is_late(tmp_path: Path) -> None:
    story = World(tmp_path, cards=40, seed=4).live(days=60, runs_a_day=3, rough=3)
    verdict = judge(story)
    assert verdict.wrong == []
    assert verdict.delivered > 150
    assert verdict.died > 10
    # The judge can fail: a message that came twice, one that never came, one that came later than it had to.
    runs = [thing for thing in story.things if isinstance(thing, Run) and thing.arrived and not thing.died]
    runs[10].arrived.append(runs[10].arrived[0])
    assert any("twice" in sentence for sentence in judge(story).wrong)
    runs[10].arrived.pop()
    gone = runs[20].arrived.pop()
    assert any("did not come" in sentence for sentence in judge(story).wrong)
    runs[21].arrived.append(gone)
    assert any("did not come" in sentence for sentence in judge(story).wrong)
    said = {thing.what for thing in story.things if isinstance(thing, Said)}
    assert said == {"date", "acknowledge", "snooze"}


def test_the_judge_tells_two_late_reminders_of_one_day_apart() -> None:
    """Worked by hand: the last safe day is 8 February, so the last step falls at nine on that day and repeats at nine on the ninth.

    Nothing ran on the eighth. The run at eight on the ninth brings the step, the one at two in the afternoon its repeat; both are one day
    too late, and say so in the same words. A third message would be one too many.
    """
    last, step = date(2026, 2, 8), "Rule, 1 day too late (until Feb 8, 2026)"
    runs = [Run(datetime(2026, 2, 9, hour, tzinfo=UTC), arrived=[Arrived(f"card0: {step}", "")]) for hour in (8, 14)]
    typed = Said("card0", "date", datetime(2026, 1, 20, 12, tzinfo=UTC), last)
    assert judge(Story({"card0": "csl"}, [typed, *runs])).wrong == []
    third = Run(runs[1].at + timedelta(hours=6), arrived=runs[1].arrived)
    assert any("twice" in sentence for sentence in judge(Story({"card0": "csl"}, [typed, *runs, third])).wrong)
    wrong = Run(runs[1].at, arrived=[Arrived("card0: Rule, 2 days too late (until Feb 8, 2026)", "")])
    assert any("counts days wrongly" in sentence for sentence in judge(Story({"card0": "csl"}, [typed, wrong])).wrong)
