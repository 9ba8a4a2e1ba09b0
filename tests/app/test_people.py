"""The page of people, and what a person who signed in sees of every other page."""

from services.store.tables import metadata
from ui.people.words import THING


def test_everything_that_the_log_can_name_has_a_word() -> None:
    noted = {table.name for table in metadata.sorted_tables if not table.info.get("derived")}
    assert noted - set(THING) == set()
