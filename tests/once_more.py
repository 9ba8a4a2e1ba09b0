"""``python -m tests.once_more``: the browser tests that failed in the whole run before, each once more, alone, with its own dashboard.

A browser on a busy machine sometimes loses a click or a frame. A test that passes here is named, so that it gets mended; anything else
than a few browser tests has no second chance.
"""

import json
import subprocess
import sys
from collections.abc import Iterable

from tests.conftest import ROOT

MOST = 3


def second_chance(failed: Iterable[str]) -> list[str]:
    """The tests to run again, by pytest's name; none when something failed that no busy machine excuses."""
    named = sorted(failed)
    few = 0 < len(named) <= MOST
    return named if few and all(name.startswith("tests/browser/") and "::" in name for name in named) else []


def main() -> int:
    noted = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    again = second_chance(json.loads(noted.read_text("utf-8"))) if noted.exists() else []
    if not again:
        return 1
    print("once more, alone:", *again, sep="\n  ", flush=True)
    for name in again:
        if code := subprocess.run([sys.executable, "-m", "pytest", name], cwd=ROOT, check=False).returncode:
            return code
    print("shaky, passed only when run alone:", *again, sep="\n  ", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
