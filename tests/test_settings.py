"""What a configuration file may say, and how a wrong one is named."""

import os
from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError
from orchestration.settings import Settings, load_settings

SOURCE = """[[sources]]
vendor = "focus"
name = "aws"
location = "exports/aws"
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the tester's environment nor the folder that pytest was started in says anything."""
    for name in list(os.environ):
        if name.startswith("METERHOUSE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _load(folder: Path, text: str) -> Settings:
    file = folder / "meterhouse.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def _refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _load(folder, text)
    assert caught.value.file == str(folder / "meterhouse.toml")
    return caught.value


# What is read.


def test_a_file_with_one_source_is_enough(tmp_path: Path) -> None:
    settings = _load(tmp_path, SOURCE)
    source = settings.sources[0]
    assert (source.vendor, source.name, source.scope, source.same_period_files) == ("focus", "aws", "all", "refuse")
    assert not settings.is_demo
    assert settings.sources_of("focus") == [source]
    assert settings.sources_of("manual") == []


def test_relative_locations_are_beside_the_file_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    places = ["drop", "../drop", "/srv/drop", "s3://bucket/drop", "drop/*.csv"]
    text = "".join(
        f'[[sources]]\nvendor = "focus"\nname = "s{number}"\nlocation = "{place}"\n'
        for number, place in enumerate(places)
    )
    locations = [source.location for source in _load(folder, text).sources]
    assert locations == [
        f"{folder}/drop",
        f"{folder}/../drop",
        "/srv/drop",
        "s3://bucket/drop",
        f"{folder}/drop/*.csv",
    ]


def test_a_location_in_the_home_of_a_person_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert _load(tmp_path, SOURCE.replace("exports/aws", "~/exports")).sources[0].location == "/home/someone/exports"


def test_the_home_is_below_the_working_folder_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _load(tmp_path, SOURCE).home == tmp_path / "var"
    assert _load(tmp_path, 'home = "data"\n' + SOURCE).home == tmp_path / "data"
    monkeypatch.setenv("METERHOUSE_HOME", "/srv/meterhouse")
    assert _load(tmp_path, 'home = "data"\n' + SOURCE).home == Path("/srv/meterhouse")


def test_the_file_is_named_by_argument_then_environment_then_found_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def generations(config: Path | None = None) -> int:
        return load_settings(config).generations

    (tmp_path / "meterhouse.toml").write_text("generations = 2")
    (tmp_path / "other.toml").write_text("generations = 3")
    (tmp_path / "named.toml").write_text("generations = 4")
    assert generations() == 2
    monkeypatch.setenv("METERHOUSE_CONFIG", str(tmp_path / "other.toml"))
    assert generations() == 3
    assert generations(tmp_path / "named.toml") == 4


def test_without_a_file_it_is_the_demo_company(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.is_demo
    assert settings.home == tmp_path / "var"


# What is refused.


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path / "nowhere.toml")
    assert (caught.value.file, caught.value.found) == (str(tmp_path / "nowhere.toml"), "no such file")


def test_bad_toml_is_named_by_line(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path, "generations = 3\nmemory = 4GB\n" + SOURCE)
    assert (refusal.key, refusal.line, refusal.expected) == ("TOML", 2, "valid TOML")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "meterhouse.toml").write_bytes('# größe\nmemory = "4GB"\n'.encode("latin-1"))
    with pytest.raises(ConfigurationError):
        load_settings(tmp_path / "meterhouse.toml")


@pytest.mark.parametrize(
    ("text", "key", "line", "found"),
    [
        ('\nfirst_month = "2024-13"\n', "first_month", 2, "'2024-13'"),
        ('first_month = "2024-1"\n', "first_month", 1, "'2024-1'"),
        ('reporting_currency = "usd"\n', "reporting_currency", 1, "'usd'"),
        ('memory = "lots"\n', "memory", 1, "'lots'"),
        ("generations = 0\n", "generations", 1, "0"),
        ("surprise = 1\n", "surprise", 1, "1"),
        (SOURCE + "[gates]\nunallocated_warn_share = 2\n", "gates.unallocated_warn_share", 6, "2"),
        ("[gates]\nunallocated_wrn_share = 0.1\n", "gates.unallocated_wrn_share", 2, "0.1"),
        (SOURCE.replace("focus", "fokus"), "sources.1.vendor", 2, "'fokus'"),
        (SOURCE.replace('"aws"', '"AWS Payer"'), "sources.1.name", 3, "'AWS Payer'"),
        (SOURCE.replace("exports/aws", ""), "sources.1.location", 4, "''"),
        (SOURCE.replace('name = "aws"\n', ""), "sources.1.name", 1, "nothing"),
        (SOURCE + 'scope = "../up"\n', "sources.1.scope", 5, "'../up'"),
        (SOURCE + 'same_period_files = "sum"\n', "sources.1.same_period_files", 5, "'sum'"),
        (SOURCE + "\n" + SOURCE.replace('"aws"', '"two"') + 'adress = "x"\n', "sources.2.adress", 10, "'x'"),
        (SOURCE + SOURCE.replace('"aws"', '"two"').replace("focus", "none"), "sources.2.vendor", 6, "'none'"),
    ],
)
def test_a_wrong_value_is_named_by_line_and_key(tmp_path: Path, text: str, key: str, line: int, found: str) -> None:
    refusal = _refusal(tmp_path, text)
    assert (refusal.key, refusal.line, refusal.found) == (key, line, found)
    assert refusal.expected


def test_an_unknown_vendor_is_told_the_known_ones(tmp_path: Path) -> None:
    assert (
        _refusal(tmp_path, SOURCE.replace("focus", "fokus")).expected
        == "one of anthropic, aws, azure, cursor, drivers, focus, gcp, github, invoices, kubernetes, litellm, manual, "
        "oci, openai, prices, seats"
    )


def test_a_source_that_is_there_twice_is_named(tmp_path: Path) -> None:
    refusal = _refusal(tmp_path, SOURCE + SOURCE)
    assert refusal.key == "sources"
    assert refusal.expected == "each vendor and name once, but focus/aws is there twice"
    assert refusal.line is not None


def test_one_name_may_serve_two_vendors(tmp_path: Path) -> None:
    assert len(_load(tmp_path, SOURCE + SOURCE.replace("focus", "manual")).sources) == 2


def test_a_refusal_reads_as_file_line_key_expected_found(tmp_path: Path) -> None:
    text = str(_refusal(tmp_path, "generations = 0\n"))
    assert text.splitlines()[0] == f"{tmp_path}/meterhouse.toml, line 1: generations"
    assert [line.split(":")[0].strip() for line in text.splitlines()[1:]] == ["expected", "found"]


@pytest.mark.parametrize(("name", "value"), [("MEMORY", "lots"), ("GENERATIONS", "none"), ("SOURCES", "no json")])
@pytest.mark.parametrize("has_file", [True, False])
def test_a_wrong_value_of_the_environment_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, has_file: bool
) -> None:
    if has_file:
        (tmp_path / "meterhouse.toml").write_text(SOURCE)
    monkeypatch.setenv(f"METERHOUSE_{name}", value)
    with pytest.raises(ConfigurationError):
        load_settings()


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = _load(tmp_path, SOURCE)
    with pytest.raises(ValueError, match="frozen"):
        settings.generations = 3


def test_an_option_that_no_one_reads_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "meterhouse.toml"
    config.write_text(
        '[[sources]]\nvendor = "anthropic"\nname = "main"\nlocation = "https://api.anthropic.com"\n'
        'options = { reports = "legacy", untill = "2025-12-31" }\n'
    )
    with pytest.raises(ConfigurationError, match=r"options of anthropic are .*until.* and not untill"):
        load_settings(config)


@pytest.mark.parametrize("seconds", ["soon", "-1", ""])
def test_a_wait_that_is_no_number_is_refused(tmp_path: Path, seconds: str) -> None:
    config = tmp_path / "meterhouse.toml"
    config.write_text(
        '[[sources]]\nvendor = "openai"\nname = "main"\nlocation = "https://example.org"\n'
        f'options = {{ backoff_seconds = "{seconds}" }}\n'
    )
    with pytest.raises(ConfigurationError, match=f"backoff_seconds in seconds, and not '{seconds}'"):
        load_settings(config)
