"""Keeps of an API's answer what the contract agreed on, and cuts it into rows of text. Nothing else is ever written.

The contract's property `records` leads to the records, each column's `physicalName` to its value. See `Column.path`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import simplejson

from orchestration.contracts import Column, Contract
from orchestration.scrubbing import PersonHasher

# What a page says about itself; kept when it is there.
ENVELOPE = ("object", "has_more", "next_page", "first_id", "last_id", "data_refreshed_at")
_KEEP: dict[str, Any] = {}


class Unpacker:
    """Scrubs pages of one table and unpacks their records, and remembers what it saw and what it dropped."""

    def __init__(self, contract: Contract, hasher: Callable[[], PersonHasher] | None) -> None:
        self._records = [name for name in str(contract.properties.get("records", "")).split(".") if name]
        self._columns = contract.columns
        self._hasher = hasher() if hasher else None
        self._allowed = self._allow_list()
        self._seen: set[str] = set()
        self._dropped: set[str] = set()
        self._has_records = False

    def scrubbed(self, content: Any) -> Any:
        """The page with the agreed fields only; people hashed, secrets masked."""
        return self._prune(content, self._allowed, ())

    def records(self, page: Any, constants: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """The rows of a scrubbed page: column name to text; a column without a value is not there."""
        for chain in _walk(page, self._records):
            self._has_records = True
            row = {}
            for column in self._columns:
                is_there, value = _value(column, chain, page, constants)
                if is_there:
                    self._seen.add(column.name)
                text = _text(value)
                if text is not None:
                    row[column.name] = text
            yield row

    def seen_columns(self) -> tuple[str, ...]:
        """The columns that some record had, in the contract's order; all of them when there was no record."""
        names = [column.name for column in self._columns]
        return tuple(names if not self._has_records else [name for name in names if name in self._seen])

    def dropped(self) -> tuple[str, ...]:
        """The paths that were not agreed and are kept nowhere."""
        return tuple(sorted(self._dropped))

    def _allow_list(self) -> dict[str, Any]:
        """The agreed paths as a tree; a leaf is an empty dictionary, or None where the value names a person."""
        tree: dict[str, Any] = {name: _KEEP for name in ENVELOPE}
        for column in self._columns:
            parts = self._place(column)
            if not parts:
                continue
            node = tree
            for part in parts[:-1]:
                if node.get(part) in (_KEEP, None):
                    node[part] = {}
                node = node[part]
            node.setdefault(parts[-1], None if column.is_personal else _KEEP)
        return tree

    def _place(self, column: Column) -> list[str]:
        """A column's path from the top of the page."""
        path = column.path
        if path.startswith("$"):
            return []
        if path.startswith("/"):
            return path[1:].split(".")
        around = list(self._records)
        while path.startswith("../"):
            path, around = path[3:], around[:-1]
        return [*around, *path.split(".")]

    def _prune(self, value: Any, allowed: dict[str, Any] | None, at: tuple[str, ...]) -> Any:
        if allowed is None:
            return self._hashed(value)
        if not allowed:
            return self._masked(value)
        if isinstance(value, list):
            return [self._prune(item, allowed, at) for item in value]
        if not isinstance(value, dict):
            return self._masked(value)
        # The name of a field can itself be a person or free text: a map by mail address, say.
        names = {self._masked(key) if key.isidentifier() else "?" for key in value if key not in allowed}
        self._dropped |= {".".join((*at, name)) for name in names}
        return {key: self._prune(item, allowed[key], (*at, key)) for key, item in value.items() if key in allowed}

    def _hashed(self, value: Any) -> Any:
        if value in (None, "") or self._hasher is None:
            return value
        return self._hasher.hash(str(value))

    def _masked(self, value: Any) -> Any:
        if self._hasher is None:
            return value
        if isinstance(value, str):
            return self._hasher.mask(value)
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        if isinstance(value, dict):
            return {self._hasher.mask(key): self._masked(item) for key, item in value.items()}
        return value


def _walk(value: Any, path: list[str], around: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every record below `path`, each as the chain of objects that leads to it, itself last."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, path, around)
    elif not path:
        yield (*around, value)
    elif isinstance(value, dict) and value.get(path[0]) is not None:
        yield from _walk(value[path[0]], path[1:], (*around, value))


def _value(column: Column, chain: tuple[Any, ...], page: Any, constants: Mapping[str, str]) -> tuple[bool, Any]:
    """Whether the field is there, and what it holds."""
    path = column.path
    if path.startswith("$"):
        return path[1:] in constants, constants.get(path[1:])
    if path.startswith("/"):
        return _inside(page, path[1:].split("."))
    up = 0
    while path.startswith("../"):
        path, up = path[3:], up + 1
    return _inside(chain[-1 - up] if up < len(chain) else None, path.split("."))


def _inside(value: Any, path: list[str]) -> tuple[bool, Any]:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return False, None
        value = value[part]
    return True, value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return str(simplejson.dumps(value, use_decimal=True, sort_keys=True))
    return str(value)
