"""What a person enters for a channel, and that it becomes what Apprise needs and nothing else."""

import tomllib
from urllib.parse import urlsplit

import apprise
import pytest
import requests
from apprise.plugins import N_MGR

from services.channels.kinds import OTHER, Address, ChannelKind, ChannelProblem, address, checked, kinds, looks_private, other_schemas
from services.channels.post import deliver
from tests.conftest import ROOT

KINDS = list(kinds().values())
PLAIN = [kind for kind in KINDS if kind.id != OTHER]
HTTP = [kind for kind in PLAIN if kind.id != "mail"]
EVIL = "evil.example"
HOSTILE = [
    f"x@{EVIL}",
    f"{EVIL}/x",
    f"x?host={EVIL}&smtp={EVIL}",
    f"x#@{EVIL}",
    f"%40{EVIL}%2Fx",
    f"../../{EVIL}",
    f"x:y@{EVIL}:80/",
    f"//{EVIL}/",
    f"https://{EVIL}/",
    "a\r\nHost: evil.example",
    "x\x00y",
    "x" * 5000,
    "１２３",
]
SERVERS = [
    "ftp://push.example.org",
    "file:///etc/passwd",
    "push.example.org",
    "https://",
    "https://user:word@push.example.org",
    f"https://push.example.org@{EVIL}",
    f"https://push.example.org\\@{EVIL}",
    "https://push.example.org:0",
    "https://push.example.org:99999",
    "https://push.example.org#x",
    "https://push example.org",
    "https://127.1",
    "https://2130706433",
    "https://push_.example.org",
    "https://[::1]",
    "javascript:alert(1)",
]


def examples(kind: ChannelKind) -> dict[str, str]:
    return {field.name: field.example or field.default for field in kind.fields}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    """Every request that would have left the machine; none does."""
    seen: list[requests.PreparedRequest] = []

    def unreachable(self: object, request: requests.PreparedRequest, **_: object) -> None:
        seen.append(request)
        raise requests.ConnectionError("no network in tests")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", unreachable)
    return seen


def test_the_services_that_were_asked_for_are_there() -> None:
    wanted = {
        "mail",
        "telegram",
        "bark",
        "serverchan",
        "pushplus",
        "wecom",
        "dingtalk",
        "feishu",
        "lark",
        "ntfy",
        "gotify",
        "webhook",
        OTHER,
    }
    assert wanted <= set(kinds())
    assert [kind.order for kind in KINDS] == sorted(kind.order for kind in KINDS)


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_the_pinned_apprise_takes_what_each_kind_makes(kind: ChannelKind) -> None:
    assert set(kind.schemas.values()) <= set(N_MGR.schemas())
    made = address(kind, examples(kind))
    assert not isinstance(made.service, str)
    assert apprise.Apprise.instantiate({**made.service}, suppress_exceptions=False) is not None
    assert bool(kind.hosts) != any(field.type in {"server", "host"} for field in kind.fields), "who is contacted is said by one of both"


@pytest.mark.parametrize("kind", HTTP, ids=lambda kind: kind.id)
def test_each_kind_contacts_whom_it_says_and_encrypted(kind: ChannelKind, asked: list[requests.PreparedRequest]) -> None:
    given = examples(kind)
    assert not deliver(address(kind, given), "title", "body").ok
    own = {str(urlsplit(given[field.name]).hostname) for field in kind.fields if field.type == "server"}
    assert {urlsplit(str(request.url)).hostname for request in asked} == own | set(kind.hosts)
    assert {urlsplit(str(request.url)).scheme for request in asked} == {"https"}


@pytest.mark.parametrize("kind", HTTP, ids=lambda kind: kind.id)
def test_nothing_typed_becomes_another_host(kind: ChannelKind, asked: list[requests.PreparedRequest]) -> None:
    given = examples(kind)
    own = {str(urlsplit(given[field.name]).hostname) for field in kind.fields if field.type == "server"}
    for field in kind.fields:
        for value in HOSTILE if field.type == "text" else []:
            try:
                made = address(kind, {**given, field.name: value})
            except ChannelProblem:
                continue
            deliver(made, "title", "body")
    assert {urlsplit(str(request.url)).hostname for request in asked} <= own | set(kind.hosts)


@pytest.mark.parametrize("value", SERVERS)
@pytest.mark.parametrize("kind", [kind for kind in PLAIN if any(field.type == "server" for field in kind.fields)], ids=lambda kind: kind.id)
def test_a_server_is_an_address_and_nothing_more(kind: ChannelKind, value: str) -> None:
    name = next(field.name for field in kind.fields if field.type == "server")
    with pytest.raises(ChannelProblem) as raised:
        checked(kind, {**examples(kind), name: value})
    assert (raised.value.field, raised.value.problem) == (name, "server")


def test_a_path_is_taken_only_where_it_is_used() -> None:
    with pytest.raises(ChannelProblem, match="path"):
        checked(kinds()["ntfy"], {"topic": "abc", "server": "https://push.example.org/sub"})
    with pytest.raises(ChannelProblem, match="path"):
        checked(kinds()["gotify"], {"token": "abcdefgh", "server": "https://push.example.org/?x=1"})


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_what_is_missing_is_named_and_spaces_around_do_not_matter(kind: ChannelKind) -> None:
    given = examples(kind)
    assert checked(kind, {name: f"  {value}\n" for name, value in given.items()}) == {n: v for n, v in given.items() if v}
    for field in kind.fields:
        if field.required:
            with pytest.raises(ChannelProblem) as raised:
                checked(kind, {**given, field.name: "  "})
            assert (raised.value.field, raised.value.problem) == (field.name, "missing")
        else:
            checked(kind, {**given, field.name: ""})


def test_mail_asks_the_server_that_was_entered_whatever_the_address_says() -> None:
    """Apprise has settings of its own for well-known mailboxes; they must not replace what the person entered."""
    given = {"to": "me@gmail.com", "server": "smtp.example.org", "security": "starttls", "sender": "me@gmail.com", "user": "me@gmail.com"}
    made = address(kinds()["mail"], {**given, "password": "a b%40@:/c"})
    assert not isinstance(made.service, str)
    mail = apprise.Apprise.instantiate({**made.service}, suppress_exceptions=False)
    assert (mail.smtp_host, mail.port, mail.secure_mode, made.own_host) == ("smtp.example.org", 587, "starttls", "smtp.example.org")
    assert (mail.user, mail.password) == ("me@gmail.com", "a b%40@:/c")
    assert [target for _, target in mail.targets] == ["me@gmail.com"]


def test_every_service_of_apprise_is_allowed_or_refused() -> None:
    lists = tomllib.loads((ROOT / "services/channels/other_services.toml").read_text("utf-8"))
    assert not set(lists["allowed"]) & set(lists["refused"])
    assert set(lists["allowed"]) | set(lists["refused"]) == set(N_MGR.schemas())
    assert other_schemas() == set(lists["allowed"])


@pytest.mark.parametrize(
    "value",
    [
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "gnome://",
        "windows://",
        "macosx://",
        "exec://ls",
        "mailto://user:word@example.org",
        "vapid://x@example.org?keyfile=/etc/passwd",
        "workflows://h/a/b?template=/etc/passwd",
        "slack://T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx?template=/etc/passwd",
        "http://example.org",
        "nosuchservice://x",
    ],
)
def test_another_address_names_a_service_on_the_network(value: str) -> None:
    with pytest.raises(ChannelProblem) as raised:
        checked(kinds()[OTHER], {"address": value})
    assert raised.value.problem == ("shape" if value.endswith("://") else "schema")


def test_services_that_can_read_files_are_not_allowed_in_addresses() -> None:
    """Found in Apprise's own code: what opens a file that an address names holds an ``AppriseAttachment`` of its own."""
    import inspect

    for schema in other_schemas():
        source = inspect.getsource(inspect.getmodule(N_MGR[schema]))  # type: ignore[arg-type]
        assert "AppriseAttachment(" not in source, schema
        assert "subprocess" not in source, schema


def test_the_words_of_a_kind_are_there_in_both_languages() -> None:
    for kind in KINDS:
        for field in kind.fields:
            assert field.type == "choice" or field.example, (kind.id, field.name)
            assert not (field.secret and field.default)


def test_a_webhook_keeps_its_path_and_its_query() -> None:
    made = address(kinds()["webhook"], {"address": "https://in.example.org:8443/a%20b/c?key=1%262&key=3&empty="})
    assert made == Address(
        {
            "host": "in.example.org",
            "port": "8443",
            "fullpath": "/a%20b/c",
            "params": {"key": ["1&2", "3"], "empty": [""]},
            "format": "text",
            "schema": "jsons",
            "secure": True,
        },
        "in.example.org",
    )


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("192.168.0.9", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("localhost", True),
        ("printer", True),
        ("nas.local", True),
        ("api.telegram.org", False),
        ("8.8.8.8", False),
    ],
)
def test_what_looks_private(host: str, private: bool) -> None:
    assert looks_private(host) is private


def test_nothing_secret_crosses_the_internet_without_encryption() -> None:
    for kind, values, field in [
        ("ntfy", {"topic": "abc", "server": "http://push.example.org"}, "server"),
        ("webhook", {"address": "http://hooks.example.org/x"}, "address"),
        ("mail", {"to": "a@example.org", "sender": "a@example.org", "server": "smtp.example.org", "security": "insecure"}, "security"),
    ]:
        with pytest.raises(ChannelProblem) as raised:
            checked(kinds()[kind], values)
        assert (raised.value.field, raised.value.problem) == (field, "plain")
    checked(kinds()["ntfy"], {"topic": "abc", "server": "http://192.168.1.5:8080"})
    checked(kinds()["mail"], {"to": "a@example.org", "sender": "a@example.org", "server": "nas.local", "security": "insecure"})
