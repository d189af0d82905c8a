"""The compile cache: compiled modules in a directory that only its owner can write.

Rules of this file
- An entry is machine code: loading a forged one is running it. The directory and every file must belong to this user
  and be writable by nobody else; anything else is treated as absent, and compiled again.
- An entry carries the SHA-256 of its code and is read once, checked, and loaded from memory: what was checked is what
  runs, whatever happens to the file meanwhile.
- Files are written to the end under another name, then renamed: a reader sees a whole entry or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

_HEADER = b"zos compiled module 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
SUFFIX = ".zosc"


class CacheUnusable(OSError):
    """The directory cannot be trusted or written; the text says why, in one line."""


def entry_key(wasm: bytes, fingerprint: str) -> str:
    """The name of an entry: SHA-256, in hexadecimal, of the compiled bytes and of what compiles them."""
    return hashlib.sha256(fingerprint.encode() + b"\0" + wasm).hexdigest()


def pack_entry(code: bytes) -> bytes:
    """The content of a cache file."""
    return _HEADER + hashlib.sha256(code).digest() + code


def unpack_entry(content: bytes) -> bytes | None:
    """The compiled code in a cache file; None when it is damaged or of another format."""
    start = len(_HEADER) + _DIGEST_BYTES
    code = content[start:]
    if content[:start] != _HEADER + hashlib.sha256(code).digest():
        return None
    return code


def write_entry(path: Path, code: bytes) -> None:
    """Writes an entry so that no reader ever sees a part of it. Raises `OSError`."""
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=SUFFIX)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pack_entry(code))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def read_entry(path: Path) -> bytes | None:
    """The compiled code of an entry; None when it is absent, damaged, or could be another user's work."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        ours = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
        if not ours or not stat.S_ISREG(status.st_mode):
            return None
        try:
            return unpack_entry(file.read())
        except OSError:
            return None


class CompileCache:
    """Compiled modules by key. Raises `CacheUnusable` when `directory` is not this user's alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = os.lstat(directory)
        except OSError as error:
            raise CacheUnusable(f"the compile cache {directory} cannot be used: {error.strerror}") from None
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
            raise CacheUnusable(f"the compile cache {directory} is not used: others than its owner can write there")

    def path(self, key: str) -> Path:
        return self.directory / f"{key}{SUFFIX}"

    def load(self, key: str) -> bytes | None:
        """The compiled code of an entry, None when there is none that can be trusted."""
        return read_entry(self.path(key))

    def store(self, key: str, code: bytes) -> None:
        """Keeps an entry; a full or read-only disk only means that it will be compiled again."""
        with contextlib.suppress(OSError):
            write_entry(self.path(key), code)
