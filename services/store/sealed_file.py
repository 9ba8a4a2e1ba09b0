"""A file encrypted with a passphrase, written and read as a stream.

Layout: ``MAGIC``, one byte of version, one byte each of scrypt's log2(N), r and p, 16 bytes of salt, 7 bytes of nonce, 32 bytes that tell
a wrong passphrase from a damaged file; then chunks of ``CHUNK`` bytes, each with its 16-byte tag, under AES-256-GCM. The nonce of a chunk
is the file's, the number of the chunk, and whether it is the last one; every chunk is bound to the whole header. So no chunk can be
changed, moved, or left off without being noticed. (The construction is the STREAM of Hoang, Reyhanitabar, Rogaway and Vizar, 2015.)
"""

import hmac
import io
import os
import struct
import unicodedata
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"SIMKEEPER SEALED"
VERSION = 1
CHUNK = 64 * 1024
COST = (16, 8, 1)
"""scrypt: log2(N), r, p. 64 MiB and about a fifth of a second."""
MOST_COST = (18, 8, 2)
"""What a file may ask for: one that asks for more is not ours."""
_HEAD = struct.Struct(f">{len(MAGIC)}sBBBB16s7s32s")
_TAG = 16


class NotSealed(Exception):
    """The file is no sealed file of this program, or of a version this one does not know."""


class WrongPassphrase(Exception):
    """Another passphrase opens the file."""


class SealDamaged(Exception):
    """The file was changed, cut short, or lengthened after it was written."""


def is_sealed(start: bytes) -> bool:
    """Whether a file that begins with ``start`` asks for a passphrase."""
    return start.startswith(MAGIC)


class SealingWriter(io.RawIOBase):
    """Encrypts what is written to it into ``target``. ``close`` writes the last chunk and leaves ``target`` open."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        super().__init__()
        salt, self._nonce = os.urandom(16), os.urandom(7)
        key, check = _keys(passphrase, salt, COST)
        self._head = _HEAD.pack(MAGIC, VERSION, *COST, salt, self._nonce, check)
        self._target, self._cipher = target, AESGCM(key)
        self._waiting, self._number = bytearray(), 0
        target.write(self._head)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._waiting += view
        while len(self._waiting) > CHUNK:  # one chunk is always kept back: it may be the last
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return view.nbytes

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
            super().close()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._nonce, self._number, last), chunk, self._head))
        self._number += 1


def unseal(source: BinaryIO, target: BinaryIO, passphrase: str) -> None:
    """Decrypt ``source`` into ``target``. What was written of a damaged file before the damage showed is worthless.
    Raises NotSealed, WrongPassphrase, SealDamaged."""
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size or not is_sealed(head):
        raise NotSealed
    _magic, version, log_n, r, p, salt, nonce, wanted = _HEAD.unpack(head)
    if version != VERSION or not all(1 <= asked <= most for asked, most in zip((log_n, r, p), MOST_COST, strict=True)):
        raise NotSealed
    key, check = _keys(passphrase, salt, (log_n, r, p))
    if not hmac.compare_digest(check, wanted):
        raise WrongPassphrase
    cipher, number = AESGCM(key), 0
    chunk = source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG)
        try:
            target.write(cipher.decrypt(_nonce(nonce, number, not following), chunk, head))
        except (InvalidTag, ValueError):
            raise SealDamaged from None
        if not following:
            return
        chunk, number = following, number + 1


def _keys(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> tuple[bytes, bytes]:
    """The key, and the bytes that tell a wrong passphrase. One typed on another keyboard may be composed otherwise: NFKC makes them one."""
    log_n, r, p = cost
    made = Scrypt(salt=salt, length=64, n=1 << log_n, r=r, p=p).derive(unicodedata.normalize("NFKC", passphrase).encode())
    return made[:32], made[32:]


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
