"""Keeps people and secrets out of landing: names are replaced by a keyed hash, and what looks like one is masked.

The allow-list of columns is the contract's; this module only knows values. It is applied before anything of an API's
answer is written, so `raw/` holds what was left.
"""

import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from orchestration.errors import DeliveryError

HASH = re.compile(r"hmac:[0-9a-f]{32}")
# What may stand before the @ of an address: all that RFC 5322 allows without quotes, and letters of any script.
_BEFORE = '[^\\s\u00a0@"<>()\\[\\],;:\\\\]'
_LABEL = "[A-Za-z0-9\\-\u00a1-\U0010ffff]+"
_HOST = rf"@{_LABEL}(?:\.{_LABEL})+"
_ADDRESS = rf"{_BEFORE}+{_HOST}(?:{_BEFORE}*{_HOST})*"
# The shapes in which vendors issue secrets. Key ids (key_..., apikey_...) are no secrets.
_ISSUED = (
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_\-]{8,}"
    r"|\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}"
    r"|\b(?:glpat|xai)-[A-Za-z0-9_\-]{12,}|\bhf_[A-Za-z0-9]{12,}"
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}"
    r"|\b(?:ghp|gho|ghs|ghu|github_pat|crsr|xoxb|xoxp|AKIA|ASIA|AIza)_?[A-Za-z0-9_\-]{12,}"
)
# Whether a text has anything to mask. DuckDB reads it too: ASCII classes, no look-behind, no single quote.
PERSONAL = re.compile(f"{_ADDRESS}|{_ISSUED}", re.ASCII)
# The same, but an address is sought from its first character only: the time is linear in a text without an @.
_MASKED = re.compile(f"(?<!{_BEFORE})(?:{_ADDRESS})|{_ISSUED}", re.ASCII)


class PersonHasher:
    """HMAC-SHA-256 with one key. `fingerprint` names the key and tells nothing about it."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self.fingerprint = hmac.new(self._key, b"meterhouse person key", hashlib.sha256).hexdigest()[:16]
        self.hash = lru_cache(maxsize=200_000)(self._hash)

    def _hash(self, value: str) -> str:
        """The hash of a person's name or address; case and outer blanks do not matter. A hash stays as it is."""
        if HASH.fullmatch(value):
            return value
        digest = hmac.new(self._key, value.strip().casefold().encode(), hashlib.sha256).hexdigest()
        return f"hmac:{digest[:32]}"

    def mask(self, text: str) -> str:
        """The text with every mail address and secret in it replaced by its hash."""
        return _MASKED.sub(lambda found: self.hash(found.group()), text)


def hidden(text: str) -> str:
    """Text for a message or a log, with every mail address and secret blacked out."""
    return _MASKED.sub("***", text)


def same_key(source: str, hasher: PersonHasher, fingerprints: Iterable[str]) -> None:
    """Raises DeliveryError when packages were landed with another key: people would become strangers to themselves."""
    others = sorted(set(fingerprints) - {hasher.fingerprint})
    if others:
        raise DeliveryError(
            source=source,
            expected=f"the key with which this source was landed (fingerprint {others[0]})",
            found=f"a key with fingerprint {hasher.fingerprint}",
            next_step="set METERHOUSE_PERSON_KEY to the key of before; a new key needs a new home",
        )


def hash_columns(path: Path, columns: Sequence[str], hasher: PersonHasher) -> str:
    """A CSV's text with the values of some columns hashed. Raises DeliveryError when a column is not there."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or [])
        missing = [column for column in columns if column not in names]
        if missing:
            expected, found = f"the column {missing[0]}", ", ".join(names)
            raise DeliveryError("hash-people", expected, found, "name a column of the header", str(path), line=1)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        for row in reader:
            writer.writerow(row | {column: hasher.hash(row[column]) for column in columns if row[column]})
    return text.getvalue()
