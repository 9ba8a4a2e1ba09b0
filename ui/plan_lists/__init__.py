"""Plan lists of one's own: choose a file, say what its columns mean, import it, see what was left out, remove it again."""

from services.use.house import house
from services.use.plan_lists import PlanListDesk
from ui.plan_lists import kept, meaning, outcome, upload
from ui.shell import account
from ui.turns import fragment


@fragment
def plan_lists() -> None:
    """The whole room, drawn alone when something in it changes."""
    desk = PlanListDesk(house(), account())
    kept.lists(desk)
    chosen = upload.choose()
    if chosen is not None:
        mapping = meaning.ask(chosen.table)
        outcome.preview(desk, chosen.table, mapping)
        outcome.offer(desk, chosen, mapping)
    outcome.last_import()
