"""Trips that an account kept, each with its checklist."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import and_, select

from services.model.saved_trip import SavedTrip, Step
from services.store.database import Database
from services.store.tables import trips

_PARAMS: TypeAdapter[tuple[tuple[str, str], ...]] = TypeAdapter(tuple[tuple[str, str], ...])
_STEPS: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


class NoSuchTrip(Exception):
    """The account has no trip ``trip_id`` (any more)."""

    def __init__(self, trip_id: str) -> None:
        super().__init__(trip_id)
        self.trip_id = trip_id


class TripStore:
    """Trips of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def all(self) -> Sequence[SavedTrip]:
        """Every trip, the last changed first."""
        query = select(trips).where(trips.c.account_id == self._account).order_by(trips.c.saved_at.desc(), trips.c.id)
        return self._database.once(("trips", self._account), lambda connection: [_trip(row) for row in connection.execute(query)])

    def get(self, trip_id: str) -> SavedTrip:
        """Raises NoSuchTrip."""
        with self._database.read() as connection:
            row = connection.execute(select(trips).where(self._of(trip_id))).first()
        if row is None:
            raise NoSuchTrip(trip_id)
        return _trip(row)

    def put(self, trip: SavedTrip) -> None:
        """Add a trip, or put it in place of the one with its id."""
        values = {
            "name": trip.name,
            "params": _PARAMS.dump_json(trip.params).decode(),
            "steps": _STEPS.dump_json(trip.steps).decode(),
            "saved_at": int(trip.saved_at.timestamp()),
        }
        with self._database.write(self._account) as connection:
            if not connection.execute(trips.update().where(self._of(trip.trip_id)).values(**values)).rowcount:
                connection.execute(trips.insert().values(account_id=self._account, id=trip.trip_id, **values))

    def tick(self, trip_id: str, step_ids: Iterable[str], done: bool) -> None:
        """Tick steps, or take their ticks away, leaving the others as another device may just have set them. Raises NoSuchTrip."""
        wanted = set(step_ids)
        with self._database.write(self._account) as connection:
            body = connection.execute(select(trips.c.steps).where(self._of(trip_id))).scalar()
            if body is None:
                raise NoSuchTrip(trip_id)
            steps = tuple(replace(step, done=done) if step.step_id in wanted else step for step in _STEPS.validate_json(body))
            connection.execute(trips.update().where(self._of(trip_id)).values(steps=_STEPS.dump_json(steps).decode()))

    def delete(self, trip_id: str) -> None:
        with self._database.write(self._account) as connection:
            connection.execute(trips.delete().where(self._of(trip_id)))

    def _of(self, trip_id: str) -> Any:
        return and_(trips.c.account_id == self._account, trips.c.id == trip_id)


def _trip(row: Any) -> SavedTrip:
    return SavedTrip(
        trip_id=row.id,
        name=row.name,
        params=_PARAMS.validate_json(row.params),
        saved_at=datetime.fromtimestamp(row.saved_at, UTC),
        steps=_STEPS.validate_json(row.steps),
    )
