"""A real PostgreSQL for tests: its own folder, a unix socket, no network. Skips where its programs are absent."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

PASSWORD = "test-key"
TRIES = 200


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a running server, without its password, which is `PASSWORD`."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server programs (initdb, postgres) on this machine")
    folder = Path(tempfile.mkdtemp(prefix="meterhouse-"))
    # PostgreSQL refuses to run as root.
    account: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    server = None
    try:
        create = f"-U reader -A scram-sha-256 --pwfile {password} -E UTF8 --locale=C --no-sync"
        initdb = [str(programs / "initdb"), "-D", str(folder / "data"), *create.split()]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **account)
        # Preferences of a database on which nothing that is read may depend.
        preferences = "-c timezone=Asia/Tokyo -c datestyle=German -c extra_float_digits=0"
        options = f"-k {folder} -c listen_addresses= -c fsync=off {preferences}"
        server = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(folder / "data"), *options.split()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **account,
        )
        address = f"postgresql://reader@/postgres?host={folder}"
        _wait(address)
        yield address
    finally:
        if server is not None:
            # The fast way to stop: it does not wait for connections that a failed test left open.
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of the newest server on this machine."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which("initdb")
    return Path(found).parent if found else None


def _wait(address: str) -> None:
    for _ in range(TRIES):
        try:
            psycopg.connect(address, password=PASSWORD).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise TimeoutError("PostgreSQL did not start")
