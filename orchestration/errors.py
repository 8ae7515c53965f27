"""The errors a person can act on.

Each names what was expected, what was found and the next step. Nothing here decides what happens after.
"""

from dataclasses import dataclass


class MeterhouseError(Exception):
    """A failure whose message is meant for the person who runs Meterhouse."""


@dataclass
class ConfigurationError(MeterhouseError):
    """The configuration file cannot be used; `line` is 1-based, None when no single line is at fault."""

    file: str
    key: str
    expected: str
    found: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.key}\n  expected: {self.expected}\n  found:    {self.found}"


@dataclass
class DeliveryError(MeterhouseError):
    """One delivery cannot be accepted. Its bytes go to `rejected/` whole; other sources go on."""

    source: str
    expected: str
    found: str
    next_step: str
    file: str | None = None
    partition: str | None = None
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        places = [self.source, self.file, self.partition]
        places += [f"line {self.line}"] if self.line is not None else []
        places += [f"column {self.column}"] if self.column else []
        where = ", ".join(place for place in places if place)
        return f"{where}\n  expected: {self.expected}\n  found:    {self.found}\n  next:     {self.next_step}"


class IntegrityError(MeterhouseError):
    """Bytes that were landed or published are no longer the bytes that the manifest names."""


class SeedError(MeterhouseError):
    """A file that people own contradicts itself; the message names file and line."""


class GateError(MeterhouseError):
    """A gate refused: nothing is published and the last good publication keeps serving."""


class LockError(MeterhouseError):
    """Another run holds the lock of this home."""
