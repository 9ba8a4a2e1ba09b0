"""10,000 changed answers for each provider: no crash, no invented figure. ``python -m bench.provider_fuzz [cases]``."""

import collections
import random
import sys
import time

from services.providers.errors import ProviderError
from tests.unit.providers.calls import PROVIDER_IDS
from tests.unit.providers.mutations import Player, random_change, trouble

CASES = 10_000


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    print(f"{'provider':14}{'cases':>8}{'seconds':>9}{'trouble':>9}")
    failed = 0
    for provider in PROVIDER_IDS:
        luck, player = random.Random(f"{provider} {cases}"), Player(provider)
        verbs, started = sorted(player.recorded), time.perf_counter()
        found: collections.Counter[str] = collections.Counter()
        for _ in range(cases):
            verb = luck.choice(verbs)
            wrong = trouble(player, verb, random_change(luck, player.recorded[verb]))
            if wrong is not None:
                found[wrong] += 1
        player.lab.close()
        failed += len(found)
        print(f"{provider:14}{cases:8}{time.perf_counter() - started:9.1f}{len(found):9}", flush=True)
        for wrong, times in found.most_common(5):
            print(f"    {times} x {wrong[:400]}")
    if failed:
        raise SystemExit(f"{failed} changed answers ended in something else than {ProviderError.__name__}")


if __name__ == "__main__":
    main()
