"""How an attempt to deliver a message ended."""

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """Why a message did not arrive. ``may_pass``: the same message may get through later without anybody doing anything."""

    GONE = "gone"  # the channel is not there any more
    UNREADABLE = "unreadable"  # what was entered is sealed with a key that is gone
    INCOMPLETE = "incomplete"  # the service cannot be used with what was entered
    FORBIDDEN_HOST = "forbidden_host"  # the message would have gone to an address that nobody entered
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    SERVER = "server"
    REDIRECTED = "redirected"
    REFUSED = "refused"

    @property
    def may_pass(self) -> bool:
        return self in {Failure.UNREACHABLE, Failure.TIMEOUT, Failure.TLS, Failure.RATE_LIMITED, Failure.SERVER}


@dataclass(frozen=True, slots=True)
class Delivery:
    """``failure``: None when the service took the message. ``detail``: a status such as "HTTP 401", never anything that was entered."""

    failure: Failure | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.failure is None
