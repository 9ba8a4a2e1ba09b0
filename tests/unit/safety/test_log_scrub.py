"""What looks like a secret does not reach a log, whoever writes it."""

import io
import logging
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from services.use.log_scrub import scrub_logs, scrubbed

CANARIES = {
    "an activation code": ("read LPA:1$rsp.example.com$CANARY-77 from it", "CANARY-77"),
    "a sealed value": (f"row {Fernet(Fernet.generate_key()).encrypt(b'x').decode()}", "gAAAAA"),
    "a bearer token": ("Authorization: Bearer CANARY.abc-77", "CANARY"),
    "a basic one": ("got basic Q0FOQVJZLTc3", "Q0FOQVJZ"),
    "a field of a JSON": ('{"api_key": "CANARY77", "x": 1}', "CANARY77"),
    "a part of an address": ("GET /x?token=CANARY77&y=1", "CANARY77"),
    "a PIN": ("CardSecrets(pin='4711', puk='87654321')", "4711"),
    "a PUK": ("puk: 87654321", "87654321"),
    "a number of a card": ("card 8944110068000000000 at", "8944110068000000000"),
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    before, out = logging.getLogRecordFactory(), io.StringIO()
    scrub_logs()
    scrub_logs()
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("somebody.else")
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize("case", CANARIES)
def test_it_is_struck_out_of_text_arguments_and_tracebacks(written: io.StringIO, case: str) -> None:
    text, secret = CANARIES[case]
    log = logging.getLogger("somebody.else")
    log.warning(text.replace("%", "%%"))
    log.warning("said %s", text)
    log.warning("said %r", {"said": text})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("it broke")
    assert secret not in written.getvalue()
    assert written.getvalue().count("***") >= 4
    assert "ValueError" in written.getvalue()


@pytest.mark.parametrize("text", ["keepgo GET 200 in 12 ms", "code 4F2A1B", "the PIN is wrong", "3 tokens left", "card c17, 5 readings"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_numbers_stay_numbers(written: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("%d of %.1f", 3, 4.5)
    assert written.getvalue() == "3 of 4.5\n"
