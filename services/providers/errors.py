"""What can go wrong between us and a provider. Each class carries facts; the sentence is made where it is shown.

    ProviderError
    ├── Unreachable     no answer, or the provider's own failure (5xx): try again later
    ├── Refused         a clear no: a 4xx, a redirect, or a refusal inside a 200
    ├── Unauthorised    the key or token is missing, wrong or no longer valid
    ├── NotFound        the thing asked for does not exist there
    ├── RateLimited     too many calls; ``retry_after_s`` when the provider said how long
    ├── Malformed       an answer we cannot trust: not JSON, wrong shape, too large
    └── Unsupported     the provider has no such thing

``may_have_arrived`` tells whether the request can have reached the provider: a money-moving call with it set has an
unknown outcome and must be looked up by its reference, never repeated.
"""

from enum import StrEnum


class Because(StrEnum):
    """Why a provider was unreachable."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    BROKEN = "broken"
    SERVER = "server"


class ProviderError(Exception):
    """Base of the family. ``provider`` is the provider's id; ``detail`` is short, cleaned and free of secrets."""

    def __init__(self, provider: str, detail: str = "", *, may_have_arrived: bool = True) -> None:
        super().__init__(f"{provider}: {type(self).__name__} {detail}".rstrip())
        self.provider = provider
        self.detail = detail
        self.may_have_arrived = may_have_arrived


class Unreachable(ProviderError):
    """No usable answer. ``because`` says why; ``status`` is set when the provider answered with a 5xx."""

    def __init__(
        self, provider: str, because: Because, detail: str = "", *, status: int | None = None, may_have_arrived: bool = True
    ) -> None:
        super().__init__(provider, f"{because.value} {detail}".rstrip(), may_have_arrived=may_have_arrived)
        self.because = because
        self.status = status


class Refused(ProviderError):
    """``status`` is the HTTP status; ``code`` the provider's own error code, when it gave one."""

    def __init__(self, provider: str, status: int, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(provider, f"{status} {code or ''} {detail}".rstrip(), may_have_arrived=False)
        self.status = status
        self.code = code


class Unauthorised(ProviderError):
    """Credentials are missing, wrong or expired."""

    def __init__(self, provider: str, detail: str = "") -> None:
        super().__init__(provider, detail, may_have_arrived=False)


class NotFound(ProviderError):
    """``what`` names the kind of thing that was not found."""

    def __init__(self, provider: str, what: str) -> None:
        super().__init__(provider, what, may_have_arrived=False)
        self.what = what


class RateLimited(ProviderError):
    """``retry_after_s``: seconds the provider asked us to wait, None when it did not say."""

    def __init__(self, provider: str, retry_after_s: float | None = None) -> None:
        super().__init__(provider, "" if retry_after_s is None else f"retry after {retry_after_s:.0f} s", may_have_arrived=False)
        self.retry_after_s = retry_after_s


class Malformed(ProviderError):
    """``path`` is where in the answer it went wrong ("items[3].price"); ``problem`` is a short code."""

    def __init__(self, provider: str, path: str, problem: str) -> None:
        super().__init__(provider, f"{path or 'answer'}: {problem}")
        self.path = path
        self.problem = problem


class Unsupported(ProviderError):
    """The provider does not offer ``capability``."""

    def __init__(self, provider: str, capability: str) -> None:
        super().__init__(provider, capability, may_have_arrived=False)
        self.capability = capability
