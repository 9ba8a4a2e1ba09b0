"""A new key for what is encrypted: ``python -m services.use.secret_keys rotate``.

With the key in a file, a fresh one is put in front of it. With keys in ``SIMKEEPER_KEYS``, put the new one first there, rotate, then take
the old ones away. Old keys in the file are kept: kept backups are sealed with them.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from services.store.sealing import rotate as seal_all
from services.store.vault import KeyElsewhere, Vault
from services.use.configuration import read_configuration
from services.use.house import House, open_house


def rotate(house: House) -> tuple[int, int]:
    """Seal every secret with a new key. Returns how many are sealed with it, and how many no key here could open (left as they were)."""
    vault = Vault(house.configuration.data_dir)
    with suppress(KeyElsewhere):
        vault.renew()
    return seal_all(house.database, vault)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.use.secret_keys", description="Keys of what is encrypted.")
    parser.add_argument("what", choices=["rotate"])
    parser.parse_args(arguments)
    house = open_house(read_configuration())
    try:
        good, unreadable = rotate(house)
    finally:
        house.close()
    print(f"Sealed with the new key / 已用新密钥加密: {good}")
    if unreadable:
        print(f"No key here opens these; they were left as they are / 没有密钥能解开，保持原样: {unreadable}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
