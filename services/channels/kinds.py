"""The kinds of channels: what a person enters for each, and what becomes of it. Read from ``data/<kind>.toml``.

What is entered is passed on as named values, never glued into an address: nothing that somebody types can become another host, another
parameter or another service.
"""

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from services.rules.clocks.schema import Text

DATA = Path(__file__).with_name("data")
LONGEST = 1_000
"""Characters of the longest value of a field."""
OTHER = "other"
"""The kind whose only field is an address in Apprise's own notation."""
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_PLACEHOLDER = re.compile(r"\{([a-z_.]+)\}")
_UNQUOTED_BY_APPRISE = ("user", "password")
_LOCAL_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".intranet")
_SCHEMA = re.compile(r"([a-z0-9]+)://")


class ChannelProblem(Exception):
    """A value that cannot be used. ``field``: its name; ``problem``: "missing", "shape", "server", "path", "plain" (what is secret would
    cross the internet without encryption), "port", "schema", or "too_many" with no field."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Data):
    value: str
    label: Text


class ChannelField(_Data):
    """One thing to enter. ``type``: "server" is an http or https address, "host" a name without scheme. ``pattern``: what the whole value
    looks like; its named groups can be used beside the field's own name. ``example``: an invented value of the right shape."""

    name: str = Field(pattern=r"^[a-z_]+$")
    type: Literal["text", "server", "host", "port", "choice"] = "text"
    label: Text
    where: Text | None = None
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[Choice, ...] = ()
    pattern: str = r"[!-~](?:[ -~]*[!-~])?"
    example: str = ""


class Answer(_Data):
    """What the service's JSON says when it took the message: ``field`` is ``good``, or is there at all when that is None."""

    field: str
    good: bool | int | None = None


class ChannelKind(_Data):
    """``schemas``: the names of the service in Apprise, by whether its server is reached with https or http. ``hosts``: whom it contacts;
    empty when the person names the server. ``arguments``: what Apprise's class of the service is given, ``{field}`` standing for a value;
    an argument with an empty value in it is left out. ``only_with``: arguments that are given only when a field is filled. ``answer``: None
    when a status of success is all that is known."""

    id: str = Field(pattern=r"^[a-z]+$")
    order: int
    name: Text
    about: Text
    schemas: Mapping[Literal["https", "http"], str] = Field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    answer: Answer | None = None
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    only_with: Mapping[str, str] = Field(default_factory=dict)
    fields: tuple[ChannelField, ...]

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the fields that are never shown again."""
        return frozenset(field.name for field in self.fields if field.secret)


@dataclass(frozen=True, slots=True)
class Address:
    """What Apprise is given: ``service`` is named values, or an address in its own notation. ``own_host``: the server that the person
    entered, the only one that may lie in a private network."""

    service: Mapping[str, Any] | str
    own_host: str | None
    answer: Answer | None = None


@cache
def kinds() -> Mapping[str, ChannelKind]:
    """Every kind by its id, in the order to show them in."""
    found = [ChannelKind.model_validate(tomllib.loads(path.read_text("utf-8"))) for path in DATA.glob("*.toml")]
    return {kind.id: kind for kind in sorted(found, key=lambda kind: kind.order)}


@cache
def other_schemas() -> frozenset[str]:
    """The services of Apprise that an address of the kind ``OTHER`` may name."""
    return frozenset(tomllib.loads(Path(__file__).with_name("other_services.toml").read_text("utf-8"))["allowed"])


def checked(kind: ChannelKind, values: Mapping[str, str]) -> dict[str, str]:
    """What was entered without the spaces around it, empty values left out. Raises ChannelProblem."""
    given = {field.name: values.get(field.name, "").strip() for field in kind.fields}
    for field in kind.fields:
        value = given[field.name]
        if not value and field.required:
            raise ChannelProblem(field.name, "missing")
        if value:
            _check(kind, field, value)
    server = next((given[field.name] for field in kind.fields if field.type == "host"), "")
    if given.get("security") == "insecure" and not looks_private(server):
        raise ChannelProblem("security", "plain")
    return {name: value for name, value in given.items() if value}


def address(kind: ChannelKind, values: Mapping[str, str]) -> Address:
    """What ``checked`` values come to. Raises ChannelProblem for values that are not."""
    given = checked(kind, values)
    if kind.id == OTHER:
        return Address(given["address"], urlsplit(given["address"]).hostname)
    known: dict[str, Any] = {}
    server: tuple[str, bool] | None = None
    for field in kind.fields:
        value = given.get(field.name, "")
        known[field.name] = value
        if field.type == "server":
            parts = urlsplit(value)
            server = str(parts.hostname), parts.scheme == "https"
            known |= {f"{field.name}.{name}": part for name, part in _parts(value).items()}
        elif field.type == "host":
            server = value, given.get("security") != "insecure"
        elif value and (match := re.fullmatch(field.pattern, value)):
            known |= match.groupdict()
    own_host, is_secure = server or (None, True)
    wanted = {name: template for name, template in kind.arguments.items() if name not in kind.only_with or kind.only_with[name] in given}
    service = {name: value for name, template in wanted.items() if (value := _filled(template, known)) not in ("", [], {}, None)}
    for name in _UNQUOTED_BY_APPRISE:
        if name in service:
            service[name] = quote(service[name], safe="")
    service["schema"] = kind.schemas["https" if is_secure else "http"]
    service["secure"] = is_secure
    return Address(service, own_host, kind.answer)


def _check(kind: ChannelKind, field: ChannelField, value: str) -> None:
    if len(value) > LONGEST or not all(" " <= character <= "~" for character in value):
        raise ChannelProblem(field.name, "shape")
    if field.type == "server":
        _check_server(kind, field, value)
    elif field.type == "host":
        if not _is_host(value):
            raise ChannelProblem(field.name, "server")
    elif field.type == "port":
        if not value.isdecimal() or not 0 < int(value) < 65_536:
            raise ChannelProblem(field.name, "port")
    elif field.type == "choice":
        if value not in {choice.value for choice in field.choices}:
            raise ChannelProblem(field.name, "shape")
    elif not re.fullmatch(field.pattern, value):
        raise ChannelProblem(field.name, "shape")
    if kind.id == OTHER:
        match = _SCHEMA.match(value)
        if match is None or match[1] not in other_schemas():
            raise ChannelProblem(field.name, "schema")


def _check_server(kind: ChannelKind, field: ChannelField, value: str) -> None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ChannelProblem(field.name, "server") from None
    sound = parts.scheme in kind.schemas and parts.hostname and _is_host(parts.hostname) and port != 0
    if not sound or parts.username is not None or parts.password is not None or parts.fragment or " " in value or "\\" in value:
        raise ChannelProblem(field.name, "server")
    used = set(_PLACEHOLDER.findall(str(kind.arguments)))
    takes_path = not used.isdisjoint({f"{field.name}.path", f"{field.name}.folder"})
    if (parts.path.strip("/") and not takes_path) or (parts.query and f"{field.name}.query" not in used):
        raise ChannelProblem(field.name, "path")
    if parts.scheme != "https" and not looks_private(str(parts.hostname)):
        raise ChannelProblem(field.name, "plain")


def looks_private(host: str) -> bool:
    """Whether ``host`` looks like this machine or a network of one's own. Names are not looked up: a proxy on the person's machine may well
    answer for a public service with a private address."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.lower().endswith(_LOCAL_NAMES)


def _is_host(name: str) -> bool:
    """A name, or an IPv4 address written in full."""
    if not _HOST.fullmatch(name):
        return False
    if name.replace(".", "").isdecimal():
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            return False
    return True


def _parts(value: str) -> dict[str, Any]:
    parts = urlsplit(value)
    return {
        "host": parts.hostname,
        "port": "" if parts.port is None else str(parts.port),
        "path": parts.path,
        "folder": parts.path.rstrip("/") + "/",
        "query": parse_qs(parts.query, keep_blank_values=True),
    }


def _filled(template: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        return known[whole[1]] if whole else template
    if isinstance(template, list):
        return [value for each in template if (value := _filled(each, known))]
    if isinstance(template, Mapping):
        return {name: value for name, each in template.items() if (value := _filled(each, known))}
    return template
