"""Every emulator, one line each."""

from collections.abc import Callable

from services.providers.sandbox import pikasim, simsima
from services.providers.sandbox.faults import Sandbox

SANDBOXES: dict[str, Callable[[], Sandbox]] = {
    "simsima": simsima.create_app,
    "pikasim": pikasim.create_app,
}
