"""Compiles an ODCS contract into SQL measures, and lets Great Expectations judge them.

SQL computes one small row of counts per package or table; the suite judges counts only, so a gate costs the same at
any size. What happens to a batch that fails is decided by `landing.py` and `publish.py`, never here.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb
import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    DataQuality,
    OpenDataContractStandard,
    SchemaProperty,
)

from orchestration.errors import ConfigurationError
from orchestration.paths import PROJECT

CONTRACTS = PROJECT / "data_contracts"
# Columns that landing adds to every row, beside its own that begin with "_".
RESERVED = ("role", "scope", "source_name", "delivery_id", "partition_key")
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Column:
    """One column of a contract. `physical_type` is the DuckDB type; JSON is kept as checked text.

    `path` is where an API's record holds it: dots lead inwards, `../` to the record around it, `/` to the page, `$` to
    what the request said.
    """

    name: str
    physical_type: str
    description: str
    properties: dict[str, Any]
    path: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether the value is replaced by a keyed hash before it is written anywhere."""
        return self.properties.get("personal") == "hmac"

    @property
    def sql_type(self) -> str:
        return "varchar" if self.physical_type == "json" else self.physical_type


@dataclass(frozen=True)
class Rule:
    """One question to a table: `measure` is SQL over `{object}` that yields a count, null when it has no answer."""

    name: str
    severity: Severity
    measure: str
    minimum: float | None = None
    maximum: float | None = None
    is_strict: bool = False
    columns: tuple[str, ...] = ()
    failing: str | None = None

    @property
    def expected(self) -> str:
        if self.minimum == self.maximum:
            return f"{self.minimum:g}" if self.minimum is not None else "an answer"
        words = ("more than", "less than") if self.is_strict else ("at least", "at most")
        low = f"{words[0]} {self.minimum:g}" if self.minimum is not None else ""
        high = f"{words[1]} {self.maximum:g}" if self.maximum is not None else ""
        return " and ".join(part for part in (low, high) if part)


@dataclass(frozen=True)
class CheckResult:
    """How one rule came out for one package or table; `found` is the measure's value."""

    name: str
    severity: Severity
    passed: bool
    expected: str
    found: str
    columns: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Contract:
    """A parsed contract of one table."""

    id: str
    version: str
    table: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    properties: dict[str, Any]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def rules_for(self, present: Iterable[str]) -> list[Rule]:
        """The rules that can be asked of a delivery with these columns: an absent optional column is not judged."""
        names = set(present)
        return [rule for rule in self.rules if set(rule.columns) <= names]

    @property
    def partition_kind(self) -> str:
        """What the vendor replaces as a whole: a month, a day, or a version of its own naming."""
        return str(self.properties.get("partitionKind", "month"))

    @property
    def drops_unknown_columns(self) -> bool:
        """Whether columns that are not agreed are dropped (they may hold prompts or people) or kept as JSON."""
        return self.properties.get("unknownColumns") == "dropped"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over column names and types, in order: the schema fingerprint of a package."""
        text = "\n".join(f"{column.name} {column.sql_type}" for column in self.columns)
        return hashlib.sha256(text.encode()).hexdigest()


@cache
def load_contract(path: Path) -> Contract:
    """Parses one `.odcs.yaml`. Raises ConfigurationError when it is not a contract that can be compiled."""
    try:
        document = OpenDataContractStandard.from_file(str(path))
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise ConfigurationError(str(path), "contract", "an ODCS v3 document", str(error)) from error
    tables = document.schema_ or []
    if len(tables) != 1 or not tables[0].name or not tables[0].properties:
        raise ConfigurationError(str(path), "schema", "exactly one table with properties", str(len(tables)))
    table = tables[0]
    columns = tuple(_column(path, item) for item in table.properties or [])
    rules = [rule for item in table.properties or [] for rule in _column_rules(path, item)]
    rules += [_rule(path, quality, None) for quality in table.quality or []]
    twins = {rule.name for rule in rules if [other.name for other in rules].count(rule.name) > 1}
    if twins or not rules:
        raise ConfigurationError(str(path), "quality", "one or more rules, each named once", str(sorted(twins)))
    properties = _custom(document.customProperties) | _custom(table.customProperties)
    # What has a partition is landed.
    if "partition" in properties:
        _refuse_reserved_names(path, columns)
    return Contract(
        id=str(document.id),
        version=str(document.version),
        table=str(table.name),
        description=(document.description.purpose if document.description else None) or "",
        grain=table.dataGranularityDescription or "",
        columns=columns,
        rules=tuple(rules),
        properties=properties,
    )


def landing_contract(vendor: str, table: str) -> Contract:
    """What a vendor owes us for one table."""
    return load_contract(CONTRACTS / "landing" / f"{vendor}_{table}.odcs.yaml")


def published_contracts() -> dict[str, Contract]:
    """What we owe readers, by `schema.table`."""
    files = sorted((CONTRACTS / "published").glob("*.odcs.yaml"))
    return {file.name.removesuffix(".odcs.yaml"): load_contract(file) for file in files}


def measure(connection: duckdb.DuckDBPyConnection, relation: str, rules: Sequence[Rule]) -> dict[str, Any]:
    """One count per rule over `relation` (a quoted table name or view), by the rule's name."""
    if not rules:
        return {}
    selects = ", ".join(f"({rule.measure.replace('{object}', relation)})" for rule in rules)
    row = connection.execute(f"select {selects}").fetchone()
    assert row is not None
    return {rule.name: value for rule, value in zip(rules, row, strict=True)}


def judge(rules: Sequence[Rule], measured: Sequence[dict[str, Any]]) -> list[list[CheckResult]]:
    """One list of results for each row of measures. No rule, or no row, is a failed gate: it checked nothing."""
    nothing = CheckResult("the gate checks something", "error", False, "at least one rule and one row", "nothing")
    if not rules or not measured:
        return [[nothing]] * max(1, len(measured))
    unexpected = _unexpected_rows(rules, measured)
    return [
        [
            CheckResult(
                name=rule.name,
                severity=rule.severity,
                passed=number not in unexpected[rule.name],
                expected=rule.expected,
                found="no answer" if row[rule.name] is None else str(row[rule.name]),
                columns=rule.columns,
            )
            for rule in rules
        ]
        for number, row in enumerate(measured)
    ]


def passed(results: Iterable[CheckResult]) -> bool:
    """Whether no rule of severity error failed."""
    return all(result.passed or result.severity == "warning" for result in results)


def _unexpected_rows(rules: Sequence[Rule], measured: Sequence[dict[str, Any]]) -> dict[str, set[int]]:
    """Which rows break which rule, as Great Expectations finds them. The import costs two seconds, so it is here."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    import pandas as pd
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
    from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull

    frame = pd.DataFrame([{rule.name: row[rule.name] for rule in rules} for row in measured], dtype="object")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment] # the setter takes a dict
    asset = context.data_sources.add_pandas("measures").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expectations: list[Any] = []
    for rule in rules:
        expectations.append(
            ExpectColumnValuesToBeBetween(
                column=rule.name,
                min_value=rule.minimum,
                max_value=rule.maximum,
                strict_min=rule.is_strict,
                strict_max=rule.is_strict,
            )
        )
        if frame[rule.name].hasnans:
            expectations.append(ExpectColumnValuesToNotBeNull(column=rule.name))
    suite = gx.ExpectationSuite(name="contract", expectations=expectations)
    outcome = batch.validate(suite, result_format={"result_format": "COMPLETE"})
    # Every row is unexpected until a result says otherwise: a rule that was not judged has failed.
    every_row = set(range(len(measured)))
    unexpected: dict[str, list[set[int]]] = {rule.name: [] for rule in rules}
    for result in outcome.results:
        config = result.expectation_config
        assert config is not None
        rows = result.result.get("unexpected_index_list")
        unexpected[config.kwargs["column"]].append(set() if result.success else set(rows or every_row))
    return {name: set().union(*found) if found else every_row for name, found in unexpected.items()}


def _custom(items: Sequence[CustomProperty] | None) -> dict[str, Any]:
    return {str(item.property): item.value for item in items or []}


def _refuse_reserved_names(path: Path, columns: Sequence[Column]) -> None:
    reserved = [column.name for column in columns if column.name.casefold() in RESERVED or column.name.startswith("_")]
    if reserved:
        expected = f"column names other than {', '.join(RESERVED)}, which landing adds, and none that begins with _"
        raise ConfigurationError(str(path), "schema.properties", expected, ", ".join(reserved))


def _column(path: Path, item: SchemaProperty) -> Column:
    if not item.name or not item.physicalType:
        raise ConfigurationError(str(path), "schema.properties", "a name and a physicalType", str(item.name))
    path_inside = item.physicalName or item.name
    return Column(item.name, item.physicalType, item.description or "", _custom(item.customProperties), path_inside)


def _column_rules(path: Path, item: SchemaProperty) -> list[Rule]:
    rules = []
    if item.required:
        rules.append(_null_rule(str(item.name), "error"))
    return rules + [_rule(path, quality, str(item.name)) for quality in item.quality or []]


def _null_rule(column: str, severity: Severity) -> Rule:
    failing = f'"{column}" is null'
    return _count_rule(f"{column} is never null", severity, failing, (column,))


def _count_rule(name: str, severity: Severity, failing: str, columns: tuple[str, ...]) -> Rule:
    measure_sql = f"select count(*) from {{object}} where {failing}"
    return Rule(name, severity, measure_sql, 0, 0, columns=columns, failing=failing)


def _rule(path: Path, quality: DataQuality, column: str | None) -> Rule:
    severity: Severity = "warning" if quality.severity == "warning" else "error"
    arguments = quality.arguments or {}
    if quality.type == "sql" and quality.query:
        columns = tuple(arguments.get("columns", ()))
        failing = arguments.get("failing")
        rule = Rule(quality.name or quality.query, severity, quality.query, columns=columns, failing=failing)
        return _bounded(path, quality, rule)
    if quality.metric == "rowCount":
        return _bounded(path, quality, Rule("the table has rows", severity, "select count(*) from {object}"))
    if column and quality.metric == "nullValues":
        return _null_rule(column, severity)
    if column and quality.metric == "invalidValues" and "pattern" in arguments:
        pattern = arguments["pattern"].replace("'", "''")
        failing = f"not regexp_full_match(\"{column}\", '{pattern}')"
        return _count_rule(f"{column} has the agreed form", severity, failing, (column,))
    if column and quality.metric == "invalidValues" and "validValues" in arguments:
        values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in arguments["validValues"])
        failing = f'"{column}" not in ({values})'
        return _count_rule(f"{column} has an agreed value", severity, failing, (column,))
    raise ConfigurationError(str(path), f"quality of {column}", "a rule that can be compiled", str(quality.metric))


def _bounded(path: Path, quality: DataQuality, rule: Rule) -> Rule:
    """The rule with the contract's bounds: one exact value, or inclusive ones, or strict ones."""
    if quality.mustBe is not None:
        return replace(rule, minimum=float(quality.mustBe), maximum=float(quality.mustBe))
    inclusive = (quality.mustBeGreaterOrEqualTo, quality.mustBeLessOrEqualTo)
    strict = (quality.mustBeGreaterThan, quality.mustBeLessThan)
    if any(bound is not None for bound in inclusive) and any(bound is not None for bound in strict):
        raise ConfigurationError(str(path), f"quality {rule.name}", "inclusive or strict bounds, not both", "both")
    is_strict = any(bound is not None for bound in strict)
    minimum, maximum = strict if is_strict else inclusive
    if minimum is None and maximum is None:
        raise ConfigurationError(str(path), f"quality {rule.name}", "a bound (mustBe, ...)", "none")
    return replace(rule, minimum=minimum, maximum=maximum, is_strict=is_strict)
