"""What is done to people and secrets: who is hashed how, what is masked, and what happens without the right key."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.errors import DeliveryError
from orchestration.scrubbing import HASH, PERSONAL, PersonHasher, hash_columns, hidden, same_key
from orchestration.settings import PERSON_KEY as VARIABLE
from tests.deliveries import csv_text, write_bytes
from tests.support import meterhouse
from tests.vendor import PERSON_KEY, land, landed_rows

SAMPLE = Path(__file__).parent / "samples" / "seats_seat_months.csv"
ROW = next(csv.DictReader(io.StringIO(SAMPLE.read_text())))
HASHER = PersonHasher(PERSON_KEY)
MAIL, SECRET = "jane.doe@example.org", "sk-live-0123456789abcdef"

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
SECRETS = st.sampled_from([SECRET, "AKIAABCDEFGHIJKLMNOP", "ghp_0123456789abcdef", "crsr_0123456789ab"])


def test_a_person_is_the_same_person_in_every_spelling_and_another_key_knows_nobody() -> None:
    assert HASHER.hash(" Jane.Doe@Example.org ") == HASHER.hash(MAIL)
    assert HASHER.hash(HASHER.hash("jane")) == HASHER.hash("jane")
    assert HASH.fullmatch(HASHER.hash("jane"))
    other = PersonHasher("another key of this test")
    assert other.hash("jane") != HASHER.hash("jane")
    assert other.fingerprint != HASHER.fingerprint
    assert PersonHasher(PERSON_KEY).fingerprint == HASHER.fingerprint


@pytest.mark.parametrize("value", ["hmac:", f"hmac:{MAIL}", "hmac:" + "0" * 31, "hmac:" + "0" * 33])
def test_what_only_begins_like_a_hash_is_hashed(value: str) -> None:
    """A name behind the mark was once taken for a hash and kept as it was."""
    assert HASHER.hash(value) != value
    assert HASH.fullmatch(HASHER.hash(value))


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe+x@mail.example.org",
        "o'brien!@example.org",
        "josé@example.org",
        "jane@münchen.example",
        "sk-ant-admin01-abcdefgh",
        "ghp_0123456789abcdef",
        "AKIAABCDEFGHIJKLMNOP",
        "crsr_0123456789ab",
    ],
)
def test_what_looks_like_a_person_or_a_secret_is_masked(text: str) -> None:
    assert HASHER.mask(f"before {text}, after") == f"before {HASHER.hash(text)}, after"
    assert hidden(f"before {text}, after") == "before ***, after"
    assert HASHER.mask(f"é{SECRET}\u00a0{text}\u00a0") == f"é{HASHER.hash(SECRET)}\u00a0{HASHER.hash(text)}\u00a0"


@pytest.mark.parametrize(
    "text",
    [
        "key_s1",
        "apikey_01A",
        "proj_search",
        "wrkspc_01Search",
        "gpt-5.1-2026-03-01",
        "claude-sonnet-4-5@20250929",
        "feature:ask-me",
        "https://api.openai.com/v1",
    ],
)
def test_ids_and_names_are_left_alone(text: str) -> None:
    assert HASHER.mask(text) == text
    assert hidden(text) == text


@settings(derandomize=True, deadline=None)
@given(WORDS, st.emails() | SECRETS, WORDS)
@example("", "a@b.example", "@c.example")
@example("", "a@b.example", "!d@c.example")
@example("", SECRET, "@c.example")
def test_no_mail_address_is_left_and_masking_twice_changes_nothing(before: str, personal: str, after: str) -> None:
    """Two addresses that share an @ once left the host of the second behind the hash of the first."""
    masked = HASHER.mask(f"{before} {personal}{after}")
    assert personal not in masked
    assert HASHER.mask(masked) == masked
    assert not PERSONAL.search(masked)
    assert personal not in hidden(f"{before} {personal}{after}")


@settings(derandomize=True, deadline=None)
@given(WORDS, st.emails() | SECRETS | WORDS, WORDS)
@example("à", SECRET, "")
def test_duckdb_hands_python_every_text_that_is_to_be_masked(before: str, middle: str, after: str) -> None:
    """Landing of many rows asks DuckDB's engine first, whose classes of characters differ from Python's."""
    text = before + middle + after
    with duckdb.connect() as connection:
        sql = f"select regexp_matches(?, '{PERSONAL.pattern}')"
        (is_personal,) = connection.execute(sql, [text]).fetchone() or (None,)
    assert is_personal or HASHER.mask(text) == text


def test_a_long_text_without_an_address_is_read_once() -> None:
    """Each character was once tried as the first of an address: minutes for a picture in a tag.

    The text is so long that this would not end within a test run.
    """
    picture = "iVBORw0KGgo" * 200_000
    assert HASHER.mask(picture) == picture


def test_another_key_is_refused_by_its_fingerprint() -> None:
    same_key("seats/main", HASHER, [])
    same_key("seats/main", HASHER, [HASHER.fingerprint])
    other = PersonHasher("another key of this test")
    with pytest.raises(DeliveryError) as refused:
        same_key("seats/main", other, [HASHER.fingerprint, other.fingerprint])
    for words in ("seats/main", HASHER.fingerprint, other.fingerprint, VARIABLE):
        assert words in str(refused.value)


def drop(folder: Path, age: int = 0, **cells: str) -> str:
    write_bytes(folder / "drop" / f"seats-{age}.csv", csv_text([ROW | cells]).encode(), age=age)
    return str(folder / "drop")


def test_a_home_takes_one_key_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Landed with one key, another delivery with another: it fails, names both fingerprints and lands nothing."""
    (landed,) = land(tmp_path / "home", monkeypatch, "seats", "seat_months", drop(tmp_path, principal_email=MAIL))
    assert landed.status == "landed"
    kept = sorted(path for path in (tmp_path / "home").rglob("*") if path.is_file())
    before = landed_rows(tmp_path / "home", "seats", "seat_months")

    monkeypatch.setattr("tests.vendor.PERSON_KEY", "another key of this test")
    location = drop(tmp_path, age=1, principal_email="joe.doe@example.org")
    (refused,) = land(tmp_path / "home", monkeypatch, "seats", "seat_months", location)
    assert refused.status == "failed"
    for words in ("seats/main", HASHER.fingerprint, PersonHasher("another key of this test").fingerprint, VARIABLE):
        assert words in refused.message
    for key in (PERSON_KEY, "another key of this test"):
        assert key not in refused.message
    assert landed_rows(tmp_path / "home", "seats", "seat_months") == before
    assert sorted(path for path in (tmp_path / "home").rglob("*") if path.is_file()) == kept


@pytest.mark.parametrize(("key", "found"), [("", "nothing"), ("   ", "nothing"), ("fifteen letters", "15 characters")])
def test_without_a_key_of_some_length_nothing_that_names_people_is_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, found: str
) -> None:
    monkeypatch.setattr("tests.vendor.PERSON_KEY", key)
    (outcome,) = land(tmp_path / "home", monkeypatch, "seats", "seat_months", drop(tmp_path))
    assert outcome.status == "failed"
    assert f"16 characters or more in the environment variable {VARIABLE}" in outcome.message
    assert f"found:    {found}\n" in outcome.message
    assert "fifteen" not in outcome.message
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]


def test_hash_people_writes_what_landing_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land(tmp_path / "home", monkeypatch, "seats", "seat_months", drop(tmp_path, principal_email=MAIL))
    ((landed,),) = landed_rows(tmp_path / "home", "seats", "seat_months", "principal_email")

    seed = tmp_path / "seed.csv"
    seed.write_text(f'\ufeffmail,team,note\n{MAIL.upper()},search,"one, two"\n,bank,{MAIL}\n{landed},bank,\n')
    finished = meterhouse(
        tmp_path / "var", "hash-people", str(seed), "--column", "mail", METERHOUSE_PERSON_KEY=PERSON_KEY
    )
    assert finished.code == 0, finished.output
    assert finished.output == f'mail,team,note\n{landed},search,"one, two"\n,bank,{MAIL}\n{landed},bank,\n'
    assert hash_columns(seed, ["mail"], HASHER) == finished.output


def test_hash_people_names_the_column_and_the_file_that_miss_each_other(tmp_path: Path) -> None:
    seed = tmp_path / "seed.csv"
    seed.write_text(f"mail,team\n{MAIL},search\n")
    arguments = ("hash-people", str(seed), "--column", "mail", "--column", "email")
    finished = meterhouse(tmp_path / "var", *arguments, METERHOUSE_PERSON_KEY=PERSON_KEY)
    assert finished.code == 1
    for words in (f"{seed}, line 1", "the column email", "mail, team"):
        assert words in finished.output
    assert MAIL not in finished.output
    with pytest.raises(DeliveryError, match="the column email"):
        hash_columns(seed, ["email"], HASHER)


def test_hash_people_needs_the_key(tmp_path: Path) -> None:
    seed = tmp_path / "seed.csv"
    seed.write_text(f"mail\n{MAIL}\n")
    finished = meterhouse(tmp_path / "var", "hash-people", str(seed), "--column", "mail")
    assert finished.code == 1
    assert VARIABLE in finished.output
    assert MAIL not in finished.output
