"""Google Cloud billing tables extracted to files: one folder an invoice month, which speaks for itself.

`<prefix>/invoice_month=202610/*.parquet`, or JSON Lines, plain or gzip. BigQuery writes no manifest, so a folder is
what lies in it: it cannot say that it was written anew, and one that shrinks is held.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath

from orchestration.errors import DeliveryError
from orchestration.sources.files import Entry
from orchestration.sources.manifests import AnnouncedFile, Announcement, Place

FORMS = {
    "Parquet": (".parquet",),
    "JSON Lines": (".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz"),
}
MONTH_FOLDER = re.compile(r"invoice_month=(\d{4})(0[1-9]|1[0-2])")
EXTRACT_AGAIN = "extract the table again as Parquet or JSON Lines, one folder invoice_month=YYYYMM a month"


def announcements(place: Place) -> Iterator[Announcement | DeliveryError]:
    """One announcement a folder; a folder that names no month, or that cannot be read as one, is a DeliveryError."""
    folders: dict[str, list[Entry]] = {}
    for entry in place.entries:
        if not _is_mark(entry):
            folders.setdefault(str(PurePosixPath(entry.path).parent), []).append(entry)
    by_month: dict[str, list[str]] = {}
    for folder in folders:
        month = MONTH_FOLDER.fullmatch(PurePosixPath(folder).name)
        by_month.setdefault(f"{month[1]}-{month[2]}" if month else "", []).append(folder)
    for folder in by_month.pop("", []):
        found = f"{len(folders[folder]):,} files in {folder}"
        yield place.refusal(folders[folder][0], "a folder invoice_month=YYYYMM", found, EXTRACT_AGAIN)
    for period, claims in sorted(by_month.items()):
        first = folders[claims[0]][0]
        if len(claims) > 1:
            found = f"{len(claims)}: {', '.join(claims)}"
            next_step = "give each export a source of its own, whose `location` is its prefix"
            yield place.refusal(first, "one folder for a month", found, next_step, period)
            continue
        yield _announcement(place, period, folders[claims[0]])


def _announcement(place: Place, period: str, entries: list[Entry]) -> Announcement | DeliveryError:
    strange = [entry for entry in entries if _form(entry) is None]
    if strange:
        is_avro = strange[0].name.lower().endswith(".avro")
        found = f"{strange[0].name} (of {len(strange):,})" + (": Avro cannot be read here" if is_avro else "")
        return place.refusal(strange[0], f"only files of {' or '.join(FORMS)}", found, EXTRACT_AGAIN, period)
    forms = sorted({form for entry in entries if (form := _form(entry))})
    if len(forms) > 1:
        # The same month extracted twice would add up.
        next_step = "remove the files of the older extraction and run again"
        return place.refusal(entries[0], "one extraction in a folder", " and ".join(forms), next_step, period)
    return Announcement(period, _run(entries), tuple(AnnouncedFile(entry.path, entry.size) for entry in entries))


def _form(entry: Entry) -> str | None:
    name = entry.name.lower()
    return next((form for form, suffixes in FORMS.items() if name.endswith(suffixes)), None)


def _is_mark(entry: Entry) -> bool:
    """What tools leave beside data: _SUCCESS, and the empty object that stands for a folder."""
    return entry.name.startswith("_") or (entry.size == 0 and _form(entry) is None)


def _run(entries: list[Entry]) -> str:
    """When the newest file was written, and which files there are: another extraction has another."""
    newest = max(
        (entry.modified_at for entry in entries if entry.modified_at), default=datetime.min.replace(tzinfo=UTC)
    )
    states = "\n".join(sorted(entry.state for entry in entries))
    return f"{newest.isoformat()} {hashlib.sha256(states.encode()).hexdigest()[:16]}"
