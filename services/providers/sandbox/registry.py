"""Every emulator, one line each."""

from typing import Protocol

from services.providers.sandbox import airalo, celitech, cheaperesim, esimaccess, esimgo, keepgo, pikasim, reloadly, simsima
from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.state import Clock, utc_now


class CreateApp(Protocol):
    """``seed`` chooses invented figures; ``now`` is the time the emulator lives in."""

    def __call__(self, seed: str = ..., now: Clock = utc_now) -> Sandbox: ...


SANDBOXES: dict[str, CreateApp] = {
    "simsima": simsima.create_app,
    "pikasim": pikasim.create_app,
    "cheaperesim": cheaperesim.create_app,
    "esimaccess": esimaccess.create_app,
    "airalo": airalo.create_app,
    "celitech": celitech.create_app,
    "esimgo": esimgo.create_app,
    "keepgo": keepgo.create_app,
    "reloadly": reloadly.create_app,
}
