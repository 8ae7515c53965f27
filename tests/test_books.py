"""The run ledger is a chain, seeds are kept once by content, and one home has one writer."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import books
from orchestration.books import START, append, keep_seeds, record_publication, run_ledger
from orchestration.errors import IntegrityError, LockError
from orchestration.locks import release_lock, run_lock, take_lock
from orchestration.paths import PROJECT, SEEDS, Home, sha256_of

AT = datetime(2024, 11, 1, 8, tzinfo=UTC)
HOLDER = """
import sys
from pathlib import Path
from orchestration.locks import take_lock
from orchestration.paths import Home
take_lock(Home(Path(sys.argv[1])), 0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    found = Home(tmp_path / "home")
    yield found
    release_lock(found)


def _ledger(home: Home) -> Path:
    return home.books / "run_ledger.jsonl"


def _three_lines(home: Home) -> list[str]:
    return [append(home, "publication", AT, {"generation": number}) for number in (1, 2, 3)]


# The chain.


def test_a_home_without_books_has_an_empty_ledger(home: Home) -> None:
    assert list(run_ledger(home)) == []


def test_each_line_carries_the_hash_of_the_line_before(home: Home) -> None:
    heads = _three_lines(home)
    lines = list(run_ledger(home))
    assert [line.content["previous_sha256"] for line in lines] == [START, *heads[:2]]
    assert [line.sha256 for line in lines] == heads
    assert [line.number for line in lines] == [1, 2, 3]
    texts = _ledger(home).read_text().splitlines()
    assert [hashlib.sha256(text.encode()).hexdigest() for text in texts] == heads


def test_a_line_says_what_when_and_by_whom(home: Home) -> None:
    append(home, "publication", AT, {"generation": 7})
    content = next(run_ledger(home)).content
    assert (content["event"], content["at"], content["generation"]) == ("publication", "2024-11-01T08:00:00+00:00", 7)
    assert content["by"]


@pytest.mark.parametrize("line", [1, 2])
def test_an_edited_line_is_found_by_the_next_one(home: Home, line: int) -> None:
    _three_lines(home)
    texts = _ledger(home).read_text().splitlines()
    texts[line - 1] = texts[line - 1].replace('"generation": ', '"generation": 9')
    _ledger(home).write_text("\n".join(texts) + "\n")
    with pytest.raises(IntegrityError, match=rf"run_ledger\.jsonl, line {line + 1}"):
        list(run_ledger(home))


@pytest.mark.parametrize("order", [[1, 2], [0, 2], [1, 0, 2], [0, 1, 1, 2]])
def test_a_line_that_was_removed_moved_or_doubled_is_found(home: Home, order: list[int]) -> None:
    _three_lines(home)
    texts = _ledger(home).read_text().splitlines()
    _ledger(home).write_text("\n".join(texts[number] for number in order) + "\n")
    with pytest.raises(IntegrityError):
        list(run_ledger(home))


def test_nothing_is_added_to_a_broken_chain(home: Home) -> None:
    _three_lines(home)
    _ledger(home).write_text(_ledger(home).read_text().replace('"generation": 1', '"generation": 8'))
    before = _ledger(home).read_bytes()
    with pytest.raises(IntegrityError):
        append(home, "publication", AT, {})
    assert _ledger(home).read_bytes() == before


@pytest.mark.parametrize("rest", ['{"event": "publi', "\n", "[1]\n", "\x00\x00\x00\n"])
def test_a_torn_line_is_named_and_nothing_is_added_to_it(home: Home, rest: str) -> None:
    _three_lines(home)
    with _ledger(home).open("a") as file:
        file.write(rest)
    with pytest.raises(IntegrityError, match="line 4"):
        append(home, "publication", AT, {})


@pytest.mark.parametrize("text", ["\u2028", "\u0085", "a\nb", "\x0b", 'é "quoted"'])
def test_any_text_may_stand_in_a_line(home: Home, text: str) -> None:
    append(home, "close", AT, {"note": text})
    append(home, "close", AT, {"note": "after"})
    assert [line.content["note"] for line in run_ledger(home)] == [text, "after"]


def test_a_publication_is_kept_and_named_by_its_hash(home: Home) -> None:
    head = record_publication(home, {"generation": 3, "run_id": "r1", "deliveries": ["a"]}, AT)
    path = home.books / "publications" / "000003.json"
    line = next(run_ledger(home))
    assert line.sha256 == head
    assert (line.content["event"], line.content["run_id"]) == ("publication", "r1")
    assert line.content["sha256"] == sha256_of(path)
    assert json.loads(path.read_text())["deliveries"] == ["a"]


# Seeds.


def _seeds(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_seeds_are_kept_whole_under_the_hash_of_their_content(home: Home) -> None:
    name = keep_seeds(home, SEEDS)
    kept = home.books / "seeds" / name
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
        path.name: path.read_bytes() for path in SEEDS.glob("*.csv")
    }


def test_the_same_seeds_are_kept_once_wherever_they_lie(home: Home, tmp_path: Path) -> None:
    one = keep_seeds(home, _seeds(tmp_path / "one", teams="t", rules="r"))
    stored = (home.books / "seeds" / one).stat().st_ino
    assert keep_seeds(home, _seeds(tmp_path / "two", rules="r", teams="t")) == one
    assert [path.stat().st_ino for path in (home.books / "seeds").iterdir()] == [stored]


@pytest.mark.parametrize("changed", [{"teams": "other"}, {"teams": "r", "rules": "t"}, {"more": ""}])
def test_other_seeds_have_another_hash_and_the_first_stay(home: Home, tmp_path: Path, changed: dict[str, str]) -> None:
    seeds = _seeds(tmp_path / "seeds", teams="t", rules="r")
    one = keep_seeds(home, seeds)
    other = keep_seeds(home, _seeds(seeds, **changed))
    assert other != one
    assert (home.books / "seeds" / one / "teams.csv").read_text() == "t"


def test_a_copy_that_broke_off_is_not_there_and_is_made_anew(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Path) -> None:
        raise OSError("disk full")

    seeds = _seeds(tmp_path / "seeds", teams="t")
    with monkeypatch.context() as patch:
        patch.setattr(books, "sync_tree", breaks)
        with pytest.raises(OSError, match="disk full"):
            keep_seeds(home, seeds)
    assert [path for path in (home.books / "seeds").iterdir() if not path.name.startswith(".")] == []
    name = keep_seeds(home, seeds)
    assert [path.name for path in (home.books / "seeds").iterdir()] == [name]


# The lock.


@pytest.fixture
def holder(home: Home) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(home.root)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_kept_out_and_told_who_is_in(home: Home, holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(LockError, match=f"process {holder.pid} holds the lock"):
        take_lock(home, wait_seconds=0)


def test_a_killed_holder_leaves_no_lock(home: Home, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    take_lock(home, wait_seconds=0)


def test_other_homes_are_free(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    other = Home(tmp_path / "other")
    take_lock(other, wait_seconds=0)
    release_lock(other)


def test_one_process_may_take_its_lock_twice(home: Home) -> None:
    take_lock(home, wait_seconds=0)
    with run_lock(home), run_lock(home):
        pass
    assert _is_locked(home)
    release_lock(home)
    release_lock(home)
    assert not _is_locked(home)


def test_a_block_lets_the_lock_go_also_when_it_fails(home: Home) -> None:
    def fails() -> None:
        with run_lock(home):
            assert _is_locked(home)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fails()
    assert not _is_locked(home)


def _is_locked(home: Home) -> bool:
    """Whether another process is kept out."""
    code = HOLDER.replace("sys.stdin.read()", "")
    process = subprocess.run(
        [sys.executable, "-c", code, str(home.root)], cwd=PROJECT, capture_output=True, check=False
    )
    return process.returncode != 0
