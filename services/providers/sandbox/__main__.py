"""``python -m services.providers.sandbox simsima --port 0``: one emulator on 127.0.0.1 until Ctrl-C; prints its address, its
credentials and its cards, all of them invented."""

import argparse
import threading

from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.providers.sandbox", description=__doc__)
    parser.add_argument("provider", choices=sorted(SANDBOXES))
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    arguments = parser.parse_args()
    sandbox = SANDBOXES[arguments.provider]()
    with serve(sandbox, port=arguments.port) as address:
        print(f"{arguments.provider} sandbox at {address}", flush=True)
        for name, value in sandbox.credentials.items():
            print(f"  {name} = {value}", flush=True)
        for shows, card in sandbox.cards.items():
            print(f"  card {card}: {shows}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped", flush=True)


if __name__ == "__main__":
    main()
