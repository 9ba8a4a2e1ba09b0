"""Messages over real sockets, and what is said when they do not arrive."""

import json
import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from services.channels import post
from services.channels.kinds import Address, address, kinds
from services.channels.outcome import Delivery, Failure
from tests.conftest import ROOT
from tests.unit.channels.receivers import Mailbox, Receiver, http_receiver, mail_server

TITLE, BODY = "卡片 <b>A</b> & B", "第一行：*12* 天后到期 <i>\nhttps://example.org/?a=1&b=2\n_last_ line"
CANARY = "canary7f31c9"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as opened:
        yield opened


def send(kind: str, **values: str) -> Delivery:
    return post.deliver(address(kinds()[kind], values), TITLE, BODY)


def mail(mailbox: Mailbox, **values: str) -> Delivery:
    given = {
        "to": "me@example.org",
        "sender": "cards@example.com",
        "server": "127.0.0.1",
        "security": "insecure",
        "port": str(mailbox.port),
    }
    return send("mail", **{**given, **values})


@pytest.mark.parametrize(
    ("kind", "values", "path", "title", "body", "key"),
    [
        ("ntfy", {"topic": CANARY, "token": f"tk_{CANARY}"}, "/", "title", "message", CANARY),
        ("gotify", {"token": CANARY}, "/message", "title", "message", CANARY),
        ("bark", {"key": CANARY}, "/push", "title", "body", CANARY),
    ],
)
def test_a_message_arrives_as_it_was_written(
    receiver: Receiver, kind: str, values: dict[str, str], path: str, title: str, body: str, key: str
) -> None:
    receiver.body = b'{"code": 200, "id": "x"}'
    assert send(kind, server=receiver.url, **values) == Delivery()
    (call,) = receiver.calls
    said = json.loads(call.body)
    assert (call.path, said[title], said[body]) == (path, TITLE, BODY)
    assert key in call.body.decode() + str(call.headers)
    assert "apprise" not in (call.body.decode() + str(call.headers)).lower(), "no picture from elsewhere, no other name"


def test_a_token_of_ntfy_goes_along(receiver: Receiver) -> None:
    assert send("ntfy", server=receiver.url, topic="sims", token="tk_abcdefgh").ok
    assert send("ntfy", server=receiver.url, topic="sims").ok
    assert [call.headers.get("Authorization") for call in receiver.calls] == ["Bearer tk_abcdefgh", None]


def test_gotify_in_a_folder_and_pushdeer(receiver: Receiver) -> None:
    assert send("gotify", server=f"{receiver.url}/push/", token="abcdefgh").ok
    assert send("pushdeer", server=receiver.url, key="PDU1234567").ok
    assert [call.path.split("?")[0] for call in receiver.calls] == ["/push/message", "/message/push"]


def test_a_webhook_gets_json_and_the_header(receiver: Receiver) -> None:
    assert send("webhook", address=f"{receiver.url}/in/a%20b?key=1%262", authorization="Bearer abc").ok
    (call,) = receiver.calls
    assert (call.path, call.headers["Authorization"]) == ("/in/a%20b?key=1%262", "Bearer abc")
    said = json.loads(call.body)
    assert (said["title"], said["message"]) == (TITLE, BODY)


def test_mail_arrives_as_it_was_written() -> None:
    with mail_server() as mailbox:
        assert mail(mailbox) == Delivery()
        (arrived,) = mailbox.mails
        assert mailbox.recipients == ["me@example.org"]
        assert arrived["Subject"] == TITLE
        assert arrived["From"].addresses[0].addr_spec == "cards@example.com"
        text = arrived.get_body(("plain",))
        assert text is not None
        assert text.get_content().replace("\r\n", "\n").strip() == BODY


def test_a_title_cannot_add_a_header_to_a_mail() -> None:
    with mail_server() as mailbox:
        given = {
            "to": "me@example.org",
            "sender": "a@example.com",
            "server": "127.0.0.1",
            "security": "insecure",
            "port": str(mailbox.port),
        }
        assert post.deliver(address(kinds()["mail"], given), "Card\r\nBcc: you@example.org\r\n\r\nx", BODY).ok
        assert mailbox.recipients == ["me@example.org"]
        assert mailbox.mails[0]["Bcc"] is None


def test_mail_with_encryption_and_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with mail_server(ca.issue_cert("127.0.0.1"), ("me@example.org", "right word%40")) as mailbox:
        login = {"security": "ssl", "user": "me@example.org", "password": "right word%40"}
        assert mail(mailbox, **login) == Delivery(Failure.TLS), "nobody vouches for the certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert mail(mailbox, **login) == Delivery()
        assert mail(mailbox, **{**login, "password": CANARY}) == Delivery(Failure.UNAUTHORISED, "SMTP 535")
        assert len(mailbox.mails) == 1


@pytest.mark.parametrize(
    ("refusal", "failure"),
    [("550 no such mailbox", Delivery(Failure.REFUSED, "SMTP 550")), ("451 try again", Delivery(Failure.SERVER, "SMTP 451"))],
)
def test_a_mail_that_is_not_taken(refusal: str, failure: Delivery) -> None:
    with mail_server() as mailbox:
        mailbox.refusal = refusal
        assert mail(mailbox) == failure
    assert mail(mailbox) == Delivery(Failure.UNREACHABLE)


def test_a_mail_server_without_encryption_gets_no_password() -> None:
    with mail_server(login=("me", CANARY)) as mailbox:
        assert mail(mailbox, security="starttls", user="me", password=CANARY) == Delivery(Failure.TLS, "SMTP")
        assert not mailbox.mails


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.REFUSED),
        (401, Failure.UNAUTHORISED),
        (403, Failure.UNAUTHORISED),
        (404, Failure.NOT_FOUND),
        (410, Failure.NOT_FOUND),
        (413, Failure.REFUSED),
        (429, Failure.RATE_LIMITED),
        (500, Failure.SERVER),
        (503, Failure.SERVER),
    ],
)
def test_a_status_says_why(receiver: Receiver, status: int, failure: Failure) -> None:
    receiver.status = status
    assert send("ntfy", server=receiver.url, topic="sims") == Delivery(failure, f"HTTP {status}")
    assert len(receiver.calls) == 1, "one attempt"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with http_receiver() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        assert send("webhook", address=receiver.url) == Delivery(Failure.REDIRECTED, "HTTP 307")
        assert send("other", address=f"{receiver.url.replace('http', 'json')}/?redirect=yes") == Delivery(Failure.REDIRECTED, "HTTP 307")
        assert not elsewhere.calls


@pytest.mark.parametrize(
    ("kind", "good", "bad", "detail"),
    [
        ("wecom", {"errcode": 0, "errmsg": "ok"}, {"errcode": 93000, "errmsg": CANARY}, "errcode 93000"),
        ("dingtalk", {"errcode": 0, "errmsg": "ok"}, {"errcode": 310000, "errmsg": CANARY}, "errcode 310000"),
        ("serverchan", {"code": 0, "data": {}}, {"code": 40001, "message": CANARY}, "code 40001"),
        ("feishu", {"code": 0, "msg": "success"}, {"code": 19024, "msg": CANARY}, "code 19024"),
        ("lark", {"code": 0, "msg": "success"}, {"code": 19024, "msg": CANARY}, "code 19024"),
        ("pushplus", {"code": 200, "msg": "ok"}, {"code": 903, "msg": CANARY}, "code 903"),
        ("wxpusher", {"code": 1000, "success": True}, {"code": 1001, "msg": CANARY}, "code 1001"),
        ("pushover", {"status": 1}, {"status": 0, "errors": [CANARY]}, "status 0"),
        ("telegram", {"ok": True, "result": {}}, {"ok": False, "description": CANARY}, "ok False"),
    ],
)
def test_a_service_that_says_no_with_status_200(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, kind: str, good: Any, bad: Any, detail: str
) -> None:
    """Group bots and most services for WeChat do; and the sign-in page of a hotel answers everything so."""
    made = address(kinds()[kind], {field.name: field.example or field.default for field in kinds()[kind].fields})
    send_it = requests.adapters.HTTPAdapter.send

    def to_receiver(session: Any, request: Any, **options: Any) -> Any:
        request.url = receiver.url
        return send_it(session, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", to_receiver)
    for body, delivery in [
        (json.dumps(good).encode(), Delivery()),
        (json.dumps(bad).encode(), Delivery(Failure.REFUSED, detail)),
        (b"<html>Welcome to the hotel</html>", Delivery(Failure.REFUSED)),
        (b"[]", Delivery(Failure.REFUSED)),
    ]:
        receiver.body = body
        assert post.deliver(made, TITLE, BODY) == delivery


def test_nobody_there() -> None:
    with http_receiver() as receiver:
        address_of_nobody = receiver.url
    assert send("ntfy", server=address_of_nobody, topic="sims") == Delivery(Failure.UNREACHABLE)
    assert Failure.UNREACHABLE.may_pass
    assert not Failure.UNAUTHORISED.may_pass


def test_a_server_that_says_nothing_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "READ_S", 0.2)
    receiver.stalls = True
    assert send("ntfy", server=receiver.url, topic="sims") == Delivery(Failure.TIMEOUT)


def test_an_answer_that_never_ends_is_cut(receiver: Receiver) -> None:
    receiver.body = b"x" * (post.MOST_BYTES * 20)
    assert send("webhook", address=receiver.url).ok


@pytest.mark.parametrize("way", ["ntfy", "other"])
def test_a_server_that_cannot_prove_who_it_is_gets_nothing(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with http_receiver(ca.issue_cert("127.0.0.1")) as receiver:
        values = {
            "ntfy": {"server": receiver.url, "topic": CANARY},
            "other": {"address": f"{receiver.url.replace('https', 'jsons')}/?verify=no"},
        }[way]
        assert send(way, **values) == Delivery(Failure.TLS)
        assert not receiver.calls
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        assert send(way, **values) == Delivery()


def test_no_certificate_for_another_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with http_receiver(ca.issue_cert("push.example.org")) as receiver:
        assert send("ntfy", server=receiver.url, topic="sims") == Delivery(Failure.TLS)


@pytest.mark.parametrize("own_host", [None, "push.example.org"])
def test_nothing_goes_to_this_machine_unless_it_was_entered(receiver: Receiver, own_host: str | None) -> None:
    port = receiver.url.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost"):
        service = {"schema": "json", "host": host, "port": port, "secure": False}
        assert post.deliver(Address(service, own_host), TITLE, BODY) == Delivery(Failure.FORBIDDEN_HOST)
    assert not receiver.calls
    assert post.deliver(Address({"schema": "json", "host": "127.0.0.1", "port": port}, "127.0.0.1"), TITLE, BODY).ok


def test_what_apprise_cannot_use() -> None:
    assert post.deliver(Address({"schema": "tgram", "bot_token": "x", "targets": ["1"]}, None), TITLE, BODY) == Delivery(Failure.INCOMPLETE)
    assert post.deliver(Address("matrixs://", None), TITLE, BODY) == Delivery(Failure.INCOMPLETE)


def test_no_secret_reaches_a_log(receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 401, 500):
        receiver.status = status
        send("webhook", address=f"{receiver.url}/{CANARY}?key={CANARY}", authorization=f"Bearer {CANARY}")
        send("pushdeer", server=receiver.url, key=CANARY)
        send("other", address=f"{receiver.url.replace('http', 'json')}/{CANARY}")
    assert len(receiver.calls) == 9
    with http_receiver() as gone:
        url = gone.url
    send("pushdeer", server=url, key=CANARY)
    post.deliver(Address(f"tgram://{CANARY}/", None), TITLE, BODY)
    with mail_server(login=("me", "word")) as mailbox:
        mail(mailbox, user="me", password=CANARY)
    said = caplog.text + "".join(capfd.readouterr())
    assert CANARY not in said
    assert TITLE not in said


def test_the_first_messages_may_come_all_at_once() -> None:
    """In a process of its own, where nothing is loaded yet."""
    code = """
import threading
from services.channels.kinds import address, kinds
from services.channels.post import deliver
from tests.conftest import ROOT
from tests.unit.channels.receivers import http_receiver

with http_receiver() as receiver:
    made = address(kinds()["gotify"], {"server": receiver.url, "token": "abcdefgh"})
    said = []
    threads = [threading.Thread(target=lambda: said.append(deliver(made, "t", "b"))) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print([delivery.ok for delivery in said], len(receiver.calls))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"{[True] * 6} 6"
    assert ran.stderr == ""


def test_others_who_use_the_same_libraries_notice_nothing(receiver: Receiver) -> None:
    assert send("ntfy", server=receiver.url, topic="sims").ok
    with http_receiver() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": f"{elsewhere.url}/there"}
        assert requests.get(receiver.url, timeout=30).status_code == 200
        assert [call.path for call in elsewhere.calls] == ["/there"]


def test_what_a_failure_was_is_found_under_what_wraps_it() -> None:
    def wrapped(inside: Exception) -> Exception:
        outside = OSError("outside")
        outside.__cause__ = inside
        return outside

    assert post._kind_of(wrapped(ssl.SSLCertVerificationError("x"))) is Failure.TLS
    assert post._kind_of(wrapped(TimeoutError())) is Failure.TIMEOUT
    assert post._kind_of(wrapped(ValueError())) is Failure.UNREACHABLE
    assert post._kind_of(ValueError()) is None
