"""The same delivery from a bucket of each cloud: what lands, what is known again, and what was rewritten meanwhile."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from orchestration.errors import DeliveryError
from orchestration.landing import idle_fetch
from orchestration.settings import SourceSettings
from orchestration.sources import files
from tests import buckets
from tests.deliveries import FOCUS_ROW, csv_text
from tests.vendor import land, landed_rows

TABLES = {"focus": "charges", "aws": "line_items"}


@pytest.fixture(scope="module", params=sorted(buckets.STORES))
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    with buckets.STORES[request.param]() as location:
        yield location


@pytest.fixture
def place(store: str, request: pytest.FixtureRequest) -> str:
    """A folder of the bucket for each test."""
    return f"{store}/{request.node.originalname}"


def test_an_export_lands_from_a_bucket_and_is_known_again(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    (export / "bill.csv.gz").write_bytes(gzip.compress(csv_text([FOCUS_ROW]).encode()))
    buckets.put(place, export)
    home = tmp_path / "home"
    months = ("2024-09",)
    first = land(home, monkeypatch, "focus", "charges", place, months=months)
    assert [outcome.status for outcome in first] == ["landed"], first
    assert len(landed_rows(home, "focus", "charges")) == 1
    again = land(home, monkeypatch, "focus", "charges", place, months=months)
    assert [outcome.status for outcome in again] == ["nothing_new"], again


def test_a_listing_and_a_look_at_one_object_agree_on_its_state(place: str, tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_bytes(b"a,b\n1,2\n")
    buckets.put(place, tmp_path)
    fetch = idle_fetch(SourceSettings(vendor="focus", name="main", location=place), "charges", tmp_path)
    filesystem, entries = files.listing(fetch, lambda _: True)
    (listed,) = entries
    assert files.entry(listed.path, filesystem.info(listed.path)) == listed
    assert listed.modified_at is not None


def test_an_object_written_anew_is_another_state_at_equal_size(place: str, tmp_path: Path) -> None:
    filesystem, base = fsspec.core.url_to_fs(place)
    fetch = idle_fetch(SourceSettings(vendor="focus", name="main", location=place), "charges", tmp_path)
    states = set()
    for content in (b"a,b\n1,2\n", b"a,b\n1,3\n"):
        filesystem.pipe_file(f"{base}/some.csv", content)
        # The listing must not come from the memory of a process that runs for weeks.
        states |= {entry.state for entry in files.listing(fetch, lambda _: True)[1]}
    assert len(states) == 2


def test_a_bucket_without_credentials_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's own exceptions are no OSError: such a source once stopped the whole run."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    for vendor in ("focus", "aws"):
        (outcome, *_) = land(tmp_path / "home", monkeypatch, vendor, TABLES[vendor], "s3://nobody/reads/this")
        assert outcome.status == "failed", outcome
        assert "Credentials" in outcome.message, outcome.message
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_bucket_that_is_not_there_is_an_error(store: str, tmp_path: Path) -> None:
    place = store.replace(buckets.BUCKET, "no-such-place")
    fetch = idle_fetch(SourceSettings(vendor="focus", name="main", location=place), "charges", tmp_path)
    with pytest.raises(DeliveryError, match="no-such-place"):
        list(files.deliveries(fetch))
