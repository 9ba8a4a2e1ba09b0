"""A process that buys is killed at a random point, 200 times. ``python -m bench.orders [--quick]``.

The emulator's own books are the judge: never two orders for one intent, never an order that the intent does not know of. Aims: 0 and 0.
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.unit.orders.kills import AFTER, BEFORE, Killed, buyers

RUNS, QUICK_RUNS = 200, 20
SEED = 20261128


def main() -> None:
    runs, dice = QUICK_RUNS if "--quick" in sys.argv else RUNS, random.Random(SEED)
    found: list[Killed] = []
    with tempfile.TemporaryDirectory() as directory, buyers(Path(directory)) as shop:
        for number in range(runs):
            if number % 20 == 0:
                shop.buy("never")  # a busy machine takes longer, and the time to be killed in grows with it
            found.append(shop.buy((BEFORE, AFTER)[number % 2] if number % 10 < 2 else dice.uniform(0.0, shop.lasts)))
    print(f"{runs} purchases, {sum(one.died for one in found)} killed in the middle (seed {SEED})")
    print(f"{'intent as the process was gone':32} {'times':>6} {'bought':>7}  afterwards")
    for was in dict.fromkeys(one.was for one in found):
        of = [one for one in found if one.was is was]
        then = Counter(one.became.value if one.became else "none" for one in of)
        print(f"{was.value if was else 'none':32} {len(of):6} {sum(one.sold for one in of):7}  {dict(then)}")
    wrong = [one.wrong for one in found if one.wrong]
    twice, lost = sum("orders for one" in text or "by looking" in text for text in wrong), sum("lost" in text for text in wrong)
    print(f"two orders for one intent: {twice} (aim 0); lost orders: {lost} (aim 0); other: {len(wrong) - twice - lost} (aim 0)")
    for text in wrong:
        print(f"  {text}")


if __name__ == "__main__":
    main()
