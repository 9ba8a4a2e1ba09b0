"""``make bench``: every benchmark in turn, each a table of medians. Name some to run only those: ``python -m bench pages``."""

import importlib
import sys
from pathlib import Path

NOT_BENCHES = {"__init__", "__main__", "dashboard", "generated_plans"}


def main() -> None:
    here = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in here.glob("*.py") if path.stem not in NOT_BENCHES)
    sys.argv[1:] = []
    for name in names:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
