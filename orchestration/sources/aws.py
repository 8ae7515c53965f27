"""AWS bills as line items: Cost and Usage Report 2.0 (a data export) and the legacy report, as CSV (gzip) or Parquet.

The option `report` says which of the two a source is (`cur2`, the default, or `legacy`); the other table then has
nothing to say. With `delivery = "files"` each file speaks for itself; by default the vendor's manifests announce them.
Who called (`line_item_iam_principal`) may be a person: files that have the column are written anew before they are
kept, with the person hashed and everything else as it came. All other files are kept as they are.
"""

import gzip
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration import casting
from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.paths import sha256_of
from orchestration.scrubbing import PERSONAL, PersonHasher
from orchestration.sources import aws_manifests, files, manifests
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, SourceTable, Vendor

if TYPE_CHECKING:
    from orchestration.settings import SourceSettings

REPORTS = {"line_items": "cur2", "legacy_line_items": "legacy"}
DELIVERIES = {"manifest": manifests.deliveries(aws_manifests.announcements), "files": files.deliveries}
VERSIONS = {"line_items": "CUR 2.0", "legacy_line_items": "CUR"}
# Without these a line item has no meaning. All others depend on what was bought, and on the export's settings.
NEEDED = (
    "bill_billing_entity",
    "bill_billing_period_start_date",
    "bill_payer_account_id",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
    "line_item_usage_type",
    "pricing_public_on_demand_cost",
    "pricing_unit",
)

MEMORY = "1GB"
HEADER_BYTES = 1024**2
PRINCIPALS = ("line_item_iam_principal", "lineItem/IamPrincipal")
# What a caller's session may have tagged itself with: mail addresses and secrets in these are masked too.
_SPOKEN = re.compile(r"(?i)(tags|resource_?tags\b.*|cost_?category\b.*|line_?item[_/]resource_?id)")
# A caller that is no person, in what RE2 and Python both read: an account's root, a service, a role without a session,
# an API key, or the session of an instance, of a program's library or of a number.
_MACHINE_SESSION = (
    r"(i-[0-9a-f]{8,17}|[0-9]+|[0-9a-f]{16,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(botocore-session|aws-sdk-[a-z]+(-session)?|aws-go-sdk|aws-cli|AWSCLI-Session)(-[0-9]+)?)"
)
MACHINE = re.compile(
    r"arn:[a-z-]+:(iam|sts)::[0-9]*:(root|role/[A-Za-z0-9_+=,./-]+|user/([A-Za-z0-9_+=,.-]+/)*BedrockAPIKey-[A-Za-z0-9-]+"
    rf"|assumed-role/[A-Za-z0-9_+=,.-]+/{_MACHINE_SESSION})"
    r"|[a-z0-9.-]+[.]amazonaws[.]com"
)
_CALLER = re.compile(
    r"(?P<kind>arn:[a-z-]+:(?:iam|sts)::[0-9]*:(?:user|federated-user|assumed-role)/)(?P<path>.*/)?(?P<name>[^/]+)"
)
# People who come through single sign-on have a role of this name and their own name as session, whatever it is.
_SIGNED_ON = re.compile(r"assumed-role/AWSReservedSSO_")


def deliveries(fetch: Fetch) -> Iterator[Delivery]:
    """New deliveries of the source's report, callers hashed. A table of the other report has none.

    Raises DeliveryError; a file in which people cannot be looked for keeps no other from landing.
    """
    report = _option(fetch, "report", tuple(REPORTS.values()))
    read = DELIVERIES[_option(fetch, "delivery", tuple(DELIVERIES))]
    if report != REPORTS[fetch.contract.table]:
        return
    # The key is asked for when a file names callers, and once.
    hasher = cache(fetch.hasher)
    failure: DeliveryError | None = None
    for delivery in read(fetch):
        try:
            kept = tuple(_kept(fetch, file, hasher) for file in delivery.files)
        except DeliveryError as error:
            failure = failure or error
            continue
        yield replace(delivery, files=kept)
    if failure:
        raise failure


def caller(principal: str, hasher: PersonHasher) -> str:
    """A caller without the person: of a user or a session the last part of the path is hashed. Roles stay readable."""
    if MACHINE.fullmatch(principal) and not _SIGNED_ON.search(principal):
        return principal
    found = _CALLER.fullmatch(principal)
    if found is None:
        return hasher.hash(principal)
    # Word by word, since a path may be part of a mail address too.
    path = "/".join(hasher.mask(word) for word in (found["path"] or "").split("/"))
    return f"{found['kind']}{path}{hasher.hash(found['name'])}"


def version_of(version: str) -> Callable[[str, str, Contract, Sequence[str]], str]:
    """A `version_of` for line items: `version`, once the columns are there that every line item needs."""

    def check(source: str, file: str, _: Contract, columns: Sequence[str]) -> str:
        missing = [name for name in NEEDED if name not in set(columns)]
        if missing:
            raise DeliveryError(
                source=source,
                file=file,
                line=1,
                column=missing[0],
                expected=f"the line items of {version}",
                found=f"no {', '.join(missing)}",
                next_step='say which report it is (options.report = "cur2" or "legacy"), or export with these columns',
            )
        return version

    return check


def _has_report(table: str) -> "Callable[[SourceSettings], bool]":
    """Whether a source is of a table's report. One with an unknown report is of both: they say what is wrong."""

    def is_of(source: "SourceSettings") -> bool:
        report = source.options.get("report", "cur2")
        return report == REPORTS[table] or report not in REPORTS.values()

    return is_of


def _option(fetch: Fetch, name: str, known: tuple[str, ...]) -> str:
    value = fetch.source.options.get(name, known[0])
    if value not in known:
        raise DeliveryError(
            source=fetch.label,
            expected=f"options.{name} as one of {', '.join(known)}, or no such option",
            found=repr(value),
            next_step="mend the configuration and run again",
        )
    return value


def _kept(fetch: Fetch, file: ReceivedFile, hasher: Callable[[], PersonHasher]) -> ReceivedFile:
    """The file as it is kept: itself when it names no callers."""
    if file.rows is not None:
        names = {column.path: column.name for column in fetch.contract.columns}
        return replace(file, columns=tuple(names.get(name, name) for name in file.columns or ()))
    return _without_people(fetch, file, hasher()) if _names_callers(fetch, file) else file


def _without_people(fetch: Fetch, file: ReceivedFile, hasher: PersonHasher) -> ReceivedFile:
    folder = file.path.parent
    target = folder / "kept" / file.path.name
    target.parent.mkdir()
    connection = casting.ingest_connection([folder], folder / "spill", MEMORY)
    try:
        connection.create_function("hash_caller", partial(_hash_caller, hasher), ["VARCHAR"], "VARCHAR")
        connection.create_function("mask_text", partial(_mask_text, hasher), ["VARCHAR"], "VARCHAR")
        _write_anew(connection, fetch, file, target)
    finally:
        connection.close()
        shutil.rmtree(folder / "spill", ignore_errors=True)
        for original in (item for item in folder.iterdir() if item.is_file()):
            original.unlink()
    return replace(
        file,
        path=target,
        size=target.stat().st_size,
        sha256=sha256_of(target),
        received_sha256=file.sha256,
    )


def _names_callers(fetch: Fetch, file: ReceivedFile) -> bool:
    """Whether the file has a column of callers, from its header alone. Raises DeliveryError when that is unreadable."""
    try:
        with file.path.open("rb") as content:
            start = content.read(4)
        if start == b"PAR1":
            with duckdb.connect() as connection:
                rows = connection.execute("select name from parquet_schema(?)", [str(file.path)]).fetchall()
            return any(name in PRINCIPALS for (name,) in rows)
        with gzip.open(file.path) if start[:2] == b"\x1f\x8b" else file.path.open("rb") as text:
            header = text.read(HEADER_BYTES).split(b"\n", 1)[0]
    except (OSError, EOFError, duckdb.Error) as error:
        raise DeliveryError(
            source=fetch.label,
            file=file.name,
            expected="a whole CSV (plain or gzip) or Parquet file",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            next_step="run again when the export is at rest; nothing of it was kept",
        ) from None
    return any(name.encode() in header for name in PRINCIPALS)


def _write_anew(connection: duckdb.DuckDBPyConnection, fetch: Fetch, file: ReceivedFile, target: Path) -> None:
    """The same rows in the same order and format; other columns are not touched, so money keeps its digits."""
    with file.path.open("rb") as content:
        is_parquet = content.read(4) == b"PAR1"
    if is_parquet:
        relation = f"read_parquet('{_quoted(file.path)}')"
        columns = [str(row[0]) for row in connection.execute(f"describe select * from {relation}").fetchall()]
        form = "format parquet, compression zstd"
    else:
        plain = casting.unpacked(file.path, fetch.label, file.path.parent)
        text = casting.text_table(connection, plain, file.name, fetch.label, fetch.contract, 0)
        relation, columns = text.relation, list(text.columns)
        form = "format csv, header true" + (", compression gzip" if plain != file.path else "")
    values = ", ".join(f'{_kept_value(name)} as "{name}"' for name in columns)
    connection.execute(f"copy (select {values} from {relation}) to '{_quoted(target)}' ({form})")


def _kept_value(name: str) -> str:
    """SQL of what is kept of a column. Text that cannot hold a person or a secret is not handed to Python."""
    value = f'"{name}"'
    if name in PRINCIPALS:
        is_machine = (
            f"regexp_full_match({value}, '{MACHINE.pattern}') and not regexp_matches({value}, '{_SIGNED_ON.pattern}')"
        )
        return f"case when {is_machine} then {value} else hash_caller(nullif({value}, '')) end"
    if not _SPOKEN.fullmatch(name):
        return value
    is_text = f"typeof({value}) = 'VARCHAR'"
    text = f"case when {is_text} then cast({value} as varchar) else cast(to_json({value}) as varchar) end"
    return f"case when regexp_matches({text}, '{PERSONAL.pattern}') then mask_text({text}) else {text} end"


def _hash_caller(hasher: PersonHasher, principal: str) -> str:
    return caller(principal, hasher)


def _mask_text(hasher: PersonHasher, text: str) -> str:
    return hasher.mask(text)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


AWS = Vendor(
    "aws",
    tuple(
        SourceTable(name, deliveries, version_of(version), is_of=_has_report(name))
        for name, version in VERSIONS.items()
    ),
    options=("report", "delivery"),
)
