"""Secrets at rest: sealed with a key that lies in a file of its own beside the database, never in it."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

KEY_FILE = "secret.key"


class SecretUnreadable(Exception):
    """Sealed with another key, or damaged. Nothing was changed; the old key file opens it again."""


class Vault:
    """Seals and opens texts. The key file is made at the first sealing, readable by its owner alone."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / KEY_FILE

    def seal(self, text: str) -> str:
        return Fernet(self._key()).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises SecretUnreadable."""
        try:
            return Fernet(self._path.read_bytes()).decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError, FileNotFoundError):
            raise SecretUnreadable from None

    def _key(self) -> bytes:
        if not self._path.exists():
            self._make()
        return self._path.read_bytes()

    def _make(self) -> None:
        """Written whole under another name first, then linked: of two processes that come at once, one key stays and both use it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{KEY_FILE}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, self._path)
        finally:
            draft.unlink()
