"""The second net under the logs: whatever still looks like a secret is struck out before it is written.

The first net is that nothing secret is handed to a log. This one works on every record of the process, whoever writes it and wherever it
goes: on the text, on its arguments, and on the lines of a traceback.
"""

import logging
import re
import traceback
from collections.abc import Mapping
from typing import Any

MASK = "***"
_LOOKS_SECRET = (
    re.compile(r"(?i)\b(LPA:1\$)[^\s\"'<>]+"),
    re.compile(r"()\bgAAAAA[\w-]{20,}={0,2}"),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{6,}"),
    re.compile(
        r"(?i)((?:api[_-]?key|access[_-]?token|refresh[_-]?token|token|client[_-]?secret|secret|password|passphrase|authorization"
        r"|confirmation_code|lpa_code|pin|puk)[\"']?\s*[=:]\s*[\"']?)(?!\*\*\*)[^\s\"',;&}\])]{3,}"
    ),
    re.compile(r"()(?<!\d)89\d{16,20}(?!\d)"),  # the number of a card
)


def scrubbed(text: str) -> str:
    """``text`` with everything that looks like a secret struck out."""
    for pattern in _LOOKS_SECRET:
        text = pattern.sub(lambda found: found[1] + MASK, text)
    return text


def scrub_logs() -> None:
    """From now on every record of this process is scrubbed as it is made. Calling it again changes nothing."""
    before = logging.getLogRecordFactory()
    if getattr(before, "scrubs", False):
        return

    def make(*arguments: Any, **more: Any) -> logging.LogRecord:
        record = before(*arguments, **more)
        record.msg = scrubbed(record.msg) if isinstance(record.msg, str) else record.msg
        if isinstance(record.args, tuple):
            record.args = tuple(_argument(each) for each in record.args)
        elif isinstance(record.args, Mapping):  # what logging makes of a single dictionary
            record.args = {name: _argument(each) for name, each in record.args.items()}
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = scrubbed("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record

    make.scrubs = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make)


def _argument(value: Any) -> Any:
    """As it is, unless it would show something: formats such as %d need their numbers."""
    shown = str(value)
    clean = scrubbed(shown)
    return value if clean == shown else clean
