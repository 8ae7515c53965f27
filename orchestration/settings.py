"""Reads the environment and `meterhouse.toml`; nothing else in the project does either.

Secrets never live in the file: they come from the environment only.
"""

import os
import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from orchestration.errors import ConfigurationError, DeliveryError
from orchestration.sources import SOURCES

NAME = r"^[a-z][a-z0-9_]{0,62}$"
PERSON_KEY = "METERHOUSE_PERSON_KEY"
SHORTEST_PERSON_KEY = 16
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class SourceSettings(BaseModel):
    """One `[[sources]]` table: where one vendor's deliveries come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str
    name: str = Field(pattern=NAME)
    location: str = Field(min_length=1, description="An API's address, or a file, folder or glob (also in a bucket).")
    scope: str = Field(default="all", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,126}$")
    same_period_files: Literal["refuse", "newest_replaces", "parts"] = Field(
        default="refuse",
        description="What two files mean that arrive together and speak for one period.",
    )
    paused: bool = Field(default=False, description="Keep what was landed, fetch nothing new.")
    key_variable: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$", description="Holds the secret.")
    since: date | None = Field(default=None, description="The first day that the vendor can be asked for.")
    reread_days: int | None = Field(default=None, ge=0, description="Days asked for again in each run.")
    settle_days: int | None = Field(default=None, ge=0, description="Days to wait before a day is asked for.")
    options: dict[str, str] = Field(default_factory=dict, description="What only this vendor needs.")

    @field_validator("vendor")
    @classmethod
    def _known_vendor(cls, vendor: str) -> str:
        if vendor not in SOURCES:
            raise ValueError(f"one of {', '.join(sorted(SOURCES))}")
        return vendor

    @model_validator(mode="after")
    def _known_options(self) -> "SourceSettings":
        known = {"backoff_seconds", *SOURCES[self.vendor].options}
        unknown = sorted(set(self.options) - known)
        if unknown:
            raise ValueError(f"options of {self.vendor} are {', '.join(sorted(known))}, and not {', '.join(unknown)}")
        if not re.fullmatch(r"\d+(\.\d+)?", self.options.get("backoff_seconds", "1"), re.ASCII):
            raise ValueError(f"backoff_seconds in seconds, and not {self.options['backoff_seconds']!r}")
        return self


class GateSettings(BaseModel):
    """Policies of the publish gate. Shares are fractions of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unallocated_warn_share: float = Field(default=0.05, ge=0, le=1)
    unallocated_fail_share: float = Field(default=1.0, ge=0, le=1)


class Settings(BaseSettings):
    """Everything a run may be told. Environment variables win over the file."""

    model_config = SettingsConfigDict(env_prefix="METERHOUSE_", extra="forbid", frozen=True)

    home: Path = Path("var")
    today: date | None = Field(default=None, description="The UTC day that a run takes for today; else the clock.")
    first_month: str = Field(default="2024-01", pattern=MONTH)
    reporting_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    memory: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?(MB|GB)$")
    generations: int = Field(default=5, ge=1, description="Publications that are kept.")
    gates: GateSettings = GateSettings()
    sources: tuple[SourceSettings, ...] = ()
    is_demo: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = settings_cls.model_config.get("toml_file")
        toml = (TomlConfigSettingsSource(settings_cls),) if file else ()
        return (init_settings, env_settings, *toml)

    @field_validator("sources")
    @classmethod
    def _names_are_unique(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        keys = [(source.vendor, source.name) for source in sources]
        twins = sorted({f"{vendor}/{name}" for vendor, name in keys if keys.count((vendor, name)) > 1})
        if twins:
            raise ValueError(f"each vendor and name once, but {', '.join(twins)} is there twice")
        return sources

    def sources_of(self, vendor: str) -> list[SourceSettings]:
        """The configured sources of one vendor, in the order of the file."""
        return [source for source in self.sources if source.vendor == vendor]


def secret_of(source: SourceSettings) -> str:
    """The secret of a source, from the environment. Raises DeliveryError that names the variable, never the value."""
    variable = source.key_variable or SOURCES[source.vendor].key_variable
    label = f"{source.vendor}/{source.name}"
    if not variable:
        raise ValueError(f"{label} has no key")
    return _secret(variable, label, 1)


def person_key(label: str) -> str:
    """The key that people's names are hashed with, from the environment. Raises DeliveryError when there is none."""
    return _secret(PERSON_KEY, label, SHORTEST_PERSON_KEY)


def _secret(variable: str, label: str, shortest: int) -> str:
    value = os.environ.get(variable, "").strip()
    if len(value) < shortest:
        found = "nothing" if not value else f"{len(value)} characters"
        length = f" of {shortest} characters or more" if shortest > 1 else ""
        raise DeliveryError(
            source=label,
            expected=f"a secret{length} in the environment variable {variable}",
            found=found,
            next_step=f"set {variable} for the user who runs Meterhouse, and run again",
        )
    return value


def load_settings(config: Path | None = None) -> Settings:
    """Settings from `config`, else `$METERHOUSE_CONFIG`, else `./meterhouse.toml`, else the demo company.

    Raises ConfigurationError with file, line, key, expected and found.
    """
    file = config or _configured_file()
    if file is None:
        return _resolved(_validated(lambda: Settings(is_demo=True), None, ""), Path.cwd())
    if not file.is_file():
        raise ConfigurationError(str(file), "--config", "a TOML file", "no such file")
    try:
        text = file.read_text(encoding="utf-8")
        tomllib.loads(text)
    except UnicodeDecodeError as error:
        line_number = file.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigurationError(str(file), "TOML", "UTF-8", str(error), line_number) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigurationError(
            str(file), "TOML", "valid TOML", str(error), int(line.group(1)) if line else None
        ) from None

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    return _resolved(_validated(FileSettings, file, text), file.resolve().parent)


def _validated(make: Callable[[], Settings], file: Path | None, text: str) -> Settings:
    try:
        return make()
    except ValidationError as error:
        raise _configuration_error(file, text, error.errors()[0]) from None
    except SettingsError as error:
        expected = "values that can be read (a list or table as JSON)"
        raise ConfigurationError("the environment", "METERHOUSE_*", expected, str(error)) from None


def _configured_file() -> Path | None:
    named = os.environ.get("METERHOUSE_CONFIG")
    if named:
        return Path(named)
    beside = Path("meterhouse.toml")
    return beside if beside.is_file() else None


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Local paths of the file are relative to the file; the home is relative to the working folder."""

    def local(location: str) -> str:
        is_remote = "://" in location
        return location if is_remote else str((folder / Path(location).expanduser()).absolute())

    sources = tuple(source.model_copy(update={"location": local(source.location)}) for source in settings.sources)
    home = settings.home.expanduser().absolute()
    return settings.model_copy(update={"home": home, "sources": sources})


def _configuration_error(file: Path | None, text: str, error: Any) -> ConfigurationError:
    location = [part for part in error["loc"]]
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    expected = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        expected = "a key that Meterhouse knows (see meterhouse.example.toml)"
    found = "nothing" if error["type"] == "missing" else repr(error["input"])
    variable = f"METERHOUSE_{str(location[0]).upper()}" if location else ""
    if file is None or variable in os.environ:
        return ConfigurationError("the environment", variable, expected, found)
    return ConfigurationError(str(file), key, expected, found, _line_of(text, location))


def _line_of(text: str, location: list[Any]) -> int | None:
    """The 1-based line of a key: the n-th `[[table]]` header, then the key below it, as far as it is found."""
    lines = text.splitlines()
    at, best = 0, None
    for position, part in enumerate(location):
        if isinstance(part, int):
            header = rf"\s*\[\[\s*{re.escape(str(location[position - 1]))}\s*\]\]"
            headers = [number for number, line in enumerate(lines) if re.match(header, line)]
            if part >= len(headers):
                return best
            at, best = headers[part], headers[part] + 1
            continue
        name = re.escape(part)
        pattern = rf"\s*({name}|\"{name}\")\s*=|\s*\[\[?\s*{name}\s*\]"
        for number in range(at, len(lines)):
            if number > at and best and re.match(r"\s*\[", lines[number]) and position > 0:
                break
            if re.match(pattern, lines[number]):
                at, best = number, number + 1
                break
    return best
