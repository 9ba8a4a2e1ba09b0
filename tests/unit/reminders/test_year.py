"""The simulated year, in small; ``python -m bench reminders`` has all 500 cards and all 365 days."""

from pathlib import Path

from tests.unit.reminders.year import Run, Said, World, judge


def test_every_due_reminder_is_sent_once_and_none_is_late(tmp_path: Path) -> None:
    story = World(tmp_path, cards=60, seed=1).live(days=90, runs_a_day=3)
    verdict = judge(story)
    assert verdict.wrong == []
    assert verdict.delivered > 200
    assert verdict.died > 4
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
