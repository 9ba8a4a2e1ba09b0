"""Secrets at rest: sealed with a key that is never in the database. It lies in a file of its own, or comes from the environment.

``SIMKEEPER_KEYS`` (or ``SIMKEEPER_KEY``) holds Fernet keys, separated by commas. The first key seals; all of them open, so that
a new key can be put in front of the old ones. The file has one key per line in the same order, behind those of the environment.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_FILE = "secret.key"
KEY_NAMES = ("SIMKEEPER_KEYS", "SIMKEEPER_KEY")


class SecretUnreadable(Exception):
    """Sealed with another key, or damaged. Nothing was changed; the old key file opens it again."""


class NotAKey(ValueError):
    """The environment holds something else than keys. ``name`` is the variable; nothing of its value is kept."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class KeyElsewhere(Exception):
    """The key that seals comes from the environment: whoever runs this machine puts a new one in front there."""


def keys_in(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    """The keys of the environment, the sealing one first. Raises NotAKey."""
    for name in KEY_NAMES:
        given = tuple(part.strip().encode() for part in environment.get(name, "").split(",") if part.strip())
        for key in given:
            try:
                Fernet(key)
            except ValueError:
                raise NotAKey(name) from None
        if given:
            return given
    return ()


class Vault:
    """Seals and opens texts. Without a key in the environment, the key file is made at the first sealing, readable by its owner alone.
    ``also``: more keys that open, such as those that travelled inside a backup."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] = os.environ, also: Sequence[bytes] = ()) -> None:
        self.data_dir = data_dir
        self.environment = environment
        self._path = data_dir / KEY_FILE
        self._also = tuple(also)

    def seal(self, text: str) -> str:
        if not self.every_key():
            self._make()
        return Fernet(self.every_key()[0]).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises SecretUnreadable."""
        keys = (*self.every_key(), *self._also)
        if not keys:
            raise SecretUnreadable
        try:
            return MultiFernet([Fernet(key) for key in keys]).decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError):
            raise SecretUnreadable from None

    def every_key(self) -> tuple[bytes, ...]:
        """Every key of this machine, the sealing one first; empty when there is none yet. Raises SecretUnreadable for a file of something
        else."""
        there = keys_in(self.environment)
        with suppress(FileNotFoundError):
            there += tuple(line.strip() for line in self._path.read_bytes().splitlines() if line.strip())
        try:
            for key in there:
                Fernet(key)
        except ValueError:
            raise SecretUnreadable from None
        return there

    def is_newest(self, sealed: str) -> bool:
        """Whether the key that seals now sealed this. False for what no key here opens."""
        try:
            Fernet(self.every_key()[0]).decrypt(sealed.encode())
        except (InvalidToken, ValueError, IndexError):
            return False
        return True

    def renew(self) -> None:
        """Put a fresh key in front of those in the file; they go on opening what they sealed. Raises KeyElsewhere."""
        if keys_in(self.environment):
            raise KeyElsewhere
        old = self._path.read_bytes() if self._path.exists() else b""
        draft = self._draft(Fernet.generate_key() + b"\n" + old)
        os.replace(draft, self._path)

    def forget(self) -> None:
        """Delete the key file: nothing that it sealed can be opened any more, in no copy."""
        self._path.unlink(missing_ok=True)

    def _make(self) -> None:
        """Written whole under another name first, then linked: of two processes that come at once, one key stays and both use it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._draft(Fernet.generate_key())
        try:
            with suppress(FileExistsError):
                os.link(draft, self._path)
        finally:
            draft.unlink()

    def _draft(self, content: bytes) -> Path:
        draft = self._path.with_name(f"{KEY_FILE}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return draft
