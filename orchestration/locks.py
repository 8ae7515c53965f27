"""One writer a home: a file lock that this process keeps until it ends or lets go."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from orchestration.errors import LockError
from orchestration.paths import Home

_held: dict[Path, IO[str]] = {}


def take_lock(home: Home, wait_seconds: float = 10.0) -> None:
    """Takes the home's lock for this process; a second call by the same process is nothing.

    Raises LockError, naming the holder, when another process keeps it for longer than `wait_seconds`.
    """
    if home.lock in _held:
        return
    home.root.mkdir(parents=True, exist_ok=True)
    file = home.lock.open("a+", encoding="utf-8")
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.seek(0)
                holder = file.read().strip() or "an unknown process"
                file.close()
                raise LockError(
                    f"{home.lock}\n  expected: no other run on this home\n  found:    {holder} holds the lock\n"
                    "  next:     wait for it, or use another METERHOUSE_HOME"
                ) from None
            time.sleep(0.1)
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    _held[home.lock] = file


def release_lock(home: Home) -> None:
    """Lets the lock go; nothing when this process does not hold it."""
    file = _held.pop(home.lock, None)
    if file:
        file.close()


@contextmanager
def run_lock(home: Home) -> Iterator[None]:
    """The lock for the length of a block."""
    already = home.lock in _held
    take_lock(home)
    try:
        yield
    finally:
        if not already:
            release_lock(home)
