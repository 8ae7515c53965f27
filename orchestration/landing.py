"""Lands deliveries: decides accepted, unchanged, held or rejected for each as a whole, and promotes by one rename.

It interprets nothing and repairs nothing; a failing source never stops another one. What a package is made of is
`preparing.py`; how it lies on disk is `packages.py`.
"""

import getpass
import hashlib
import re
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.contracts import CheckResult, Contract, landing_contract
from orchestration.errors import DeliveryError, MeterhouseError
from orchestration.logs import logger
from orchestration.packages import MANIFEST, Manifest, Package, newest_accepted, packages, read_package
from orchestration.paths import Home, sync_folder, sync_tree, write_json
from orchestration.preparing import (
    MONTH,
    PARTITIONS,
    Clock,
    Preparation,
    PreparedDelivery,
    PreparedPackage,
    Wanted,
    iso,
    judged,
    keep_raw,
    kept_raw,
)
from orchestration.receipts import Answers, Receipt, Receipts
from orchestration.rejecting import mend_rejections, reject
from orchestration.schedules import due_days
from orchestration.scrubbing import PersonHasher, same_key
from orchestration.settings import Settings, SourceSettings, person_key, secret_of
from orchestration.sources import SOURCES
from orchestration.sources.base import Delivery, Fetch, SourceTable

# A delivery with fewer rows than this share of the one before is held.
SMALLEST_SHARE = 0.7
# Deliveries of an API that are judged together: a judgement costs the same for one and for many.
JUDGED_AT_ONCE = 31
FEWEST_ON_ONE_LINE = 3
# How the message of an outcome begins that needs no line of its own.
_PLAIN = ("", "replaces")


def utc_now() -> datetime:
    """The wall clock, the only one that landing uses."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outcome:
    """What became of one partition of a delivery, or of a whole source that failed.

    `status`: landed, unchanged, held, rejected, failed, waiting (a month that was not asked for), paused, nothing_new
    or unconfigured. `checks` are the contract's results; `message` is for a person.
    """

    vendor: str
    table: str
    source_name: str
    status: str
    partition: str | None = None
    delivery_id: str | None = None
    row_count: int = 0
    message: str = ""
    checks: tuple[CheckResult, ...] = ()
    file_names: tuple[str, ...] = ()

    @property
    def is_failure(self) -> bool:
        return self.status in ("rejected", "failed")


def landing_tables() -> list[tuple[str, SourceTable]]:
    """Every (vendor, table) there is, in the order of the list of sources."""
    return [(vendor.name, table) for vendor in SOURCES.values() for table in vendor.tables]


def land_table(
    settings: Settings, vendor: str, table: SourceTable, months: Sequence[str], clock: Clock = utc_now
) -> list[Outcome]:
    """Fetches everything new of one table for the given UTC months, source by source, and lands or rejects it.

    Never raises for a bad delivery or an unreachable source: that is an outcome. `months` are "YYYY-MM".
    """
    sources = [source for source in settings.sources_of(vendor) if table.is_of(source)]
    outcomes: list[Outcome] = []
    if not sources:
        message = "no source of this vendor is configured"
        outcomes.append(Outcome(vendor, table.name, "", "unconfigured", message=message))
    for source in sources:
        if source.paused:
            outcomes.append(Outcome(vendor, table.name, source.name, "paused"))
        else:
            outcomes += _SourceLanding(settings, source, table, months, clock).run()
    _log_all(outcomes)
    return outcomes


def accept(home: Home, delivery_id: str, clock: Clock = utc_now) -> Manifest:
    """Accepts a held package: from now on it is the newest of its key. Raises MeterhouseError when none is held."""
    everything = list(packages(home))
    package = next((item for item in everything if item.manifest.delivery_id == delivery_id), None)
    if package is None or package.is_accepted:
        held = [item.manifest for item in everything if not item.is_accepted]
        names = "".join(f"\n    {item.delivery_id}  {item.source_name} {item.partition}" for item in held)
        found = "is not in landing/" if package is None else "is accepted already"
        raise MeterhouseError(
            f"delivery {delivery_id} {found}\n  expected: the id of a held delivery:{names or ' none is held'}"
        )
    package.verify()
    siblings = [item for item in everything if item.manifest.key == package.manifest.key]
    newest = newest_accepted(siblings)
    if newest and (newest.manifest.sequence or 0) > package.manifest.after_sequence:
        raise MeterhouseError(
            f"delivery {delivery_id} was overtaken\n  expected: the newest delivery of {package.manifest.partition}\n"
            f"  found:    {newest.manifest.delivery_id}, which came later and is accepted\n"
            "  next:     if the older one is right, deliver it again"
        )
    accepted = replace(
        package.manifest,
        accepted_at=iso(clock()),
        accepted_by=getpass.getuser(),
        sequence=_next_sequence(siblings),
    )
    write_json(package.folder / MANIFEST, asdict(accepted))
    return accepted


def idle_fetch(source: SourceSettings, table: str, scratch: Path) -> Fetch:
    """A question to which the answer is nothing: no day is due, and everything is known."""
    return Fetch(
        source=source,
        scratch=scratch,
        is_known=lambda _origin, _state: True,
        contract=landing_contract(source.vendor, table),
        today=utc_now().date(),
        due_days=(),
        wanted=(),
        key=lambda: secret_of(source),
        hasher=lambda: PersonHasher(person_key(f"{source.vendor}/{source.name}")),
    )


class _SourceLanding:
    """One source's landing in one run: prepare every delivery, compare, then promote or reject each whole."""

    def __init__(
        self, settings: Settings, source: SourceSettings, table: SourceTable, months: Sequence[str], clock: Clock
    ) -> None:
        self.source, self.table, self.clock = source, table, clock
        self.home = Home(settings.home)
        self.settings = settings
        self.contract = landing_contract(source.vendor, table.name)
        self.wanted = Wanted(frozenset(months), self.contract.partition_kind)
        self.preparation = Preparation(self.home, source, table, self.contract, settings.memory, clock)
        self.root = self.home.landing / source.vendor / table.name / source.name
        self.receipts = Receipts(self.root)
        self.answers = Answers(self.root, source.scope)
        self.staging = self.home.landing / ".staging" / uuid.uuid4().hex
        self.fetched = self.home.work / "fetched" / uuid.uuid4().hex

    def run(self) -> list[Outcome]:
        # One writer a home: what lies here was left by a run that was killed.
        shutil.rmtree(self.staging.parent, ignore_errors=True)
        # What is not scrubbed yet lies outside of landing/, which is backed up, and only this user can read it.
        shutil.rmtree(self.fetched.parent, ignore_errors=True)
        self.fetched.mkdir(parents=True, mode=0o700)
        try:
            return self._land(self._fetch(self.fetched)) or [self._nothing_new()]
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)
            shutil.rmtree(self.fetched, ignore_errors=True)

    def _fetch(self, scratch: Path) -> Fetch:
        today = self.settings.today or self.clock().date()
        due: tuple[date, ...] = ()
        if self.table.schedule:
            schedule = self.table.schedule.with_options(self.source.reread_days, self.source.settle_days)
            landed = {path.parent.parent.name for path in self.root.glob(f"{self.source.scope}/*/*/{MANIFEST}")}
            asked = {day: answered for day, answered in self.answers.read().items() if day in landed}
            due = due_days(schedule, today, self.wanted.months, asked, self.source.since)
        if self.table.is_snapshot and today.isoformat() in self.wanted:
            due = (today,)
        return Fetch(
            source=self.source,
            scratch=scratch,
            is_known=self._is_known,
            contract=self.contract,
            today=today,
            due_days=due,
            wanted=self.wanted,
            key=lambda: secret_of(self.source),
            hasher=self._hasher,
            notes=self.root / ".notes" / f"{self.source.scope}.json",
            kept_bytes=lambda sha256: kept_raw(self.home, sha256),
        )

    def _hasher(self) -> PersonHasher:
        hasher = PersonHasher(person_key(self.preparation.label))
        landed = packages(self.home)
        same_key(self.preparation.label, hasher, filter(None, (item.manifest.person_key for item in landed)))
        self.preparation = replace(self.preparation, person_key=hasher.fingerprint)
        return hasher

    def _land(self, fetch: Fetch) -> list[Outcome]:
        """What an API gave whole is promoted even when a later question fails, so that only the rest is to be fetched;
        files are compared first, since two of them may claim one period."""
        outcomes: list[Outcome] = []
        prepared: list[PreparedDelivery] = []
        failed: list[Outcome] = []
        try:
            for number, delivery in enumerate(self.table.deliveries(fetch)):
                hashes = [file.sha256 for file in delivery.files]
                before = self.receipts.same_bytes(delivery.origin, hashes, self.source.scope)
                missing = self.receipts.missing(before) if before else ()
                if before and not any(partition in self.wanted for partition in missing):
                    outcomes += self._received_again(delivery, before)
                    continue
                try:
                    folder = self.staging / f"delivery-{number:05d}"
                    item = self.preparation.prepare(delivery, folder, self._only(missing) if before else self.wanted)
                except DeliveryError as error:
                    outcomes.append(self._reject(delivery, error))
                    continue
                prepared.append(item)
                if delivery.covers and len(prepared) == JUDGED_AT_ONCE:
                    outcomes += self._promote_or_reject(prepared)
                    prepared = []
        except DeliveryError as error:
            failed = [self._outcome("failed", partition=error.partition, message=str(error))]
            # A question that failed takes back what was not whole; a file that failed takes back nothing.
            prepared = [item for item in prepared if item.delivery.covers or error.file]
        return outcomes + self._promote_or_reject(prepared) + failed

    def _only(self, partitions: Iterable[str]) -> Wanted:
        """What is still missing of a delivery, as far as this run was asked for it."""
        return Wanted(frozenset(partition[:7] for partition in partitions) & self.wanted.months, self.wanted.kind)

    def _promote_or_reject(self, prepared: Sequence[PreparedDelivery]) -> list[Outcome]:
        clashes = self._clashes([item for item in prepared if not item.delivery.covers])
        outcomes: list[Outcome] = []
        for item in judged(prepared):
            failure = clashes.get(item.delivery.origin) or self._contract_failure(item)
            outcomes += [self._reject(item.delivery, failure, item)] if failure else self._promote(item)
        return outcomes

    def _outcome(self, status: str, **facts: Any) -> Outcome:
        return Outcome(self.source.vendor, self.table.name, self.source.name, status, **facts)

    def _nothing_new(self) -> Outcome:
        """Worth a word where the place may be wrong: files should lie there, and no table of the source has any."""
        has_files = self.table.schedule is None and not self.table.is_snapshot
        of_this_source = f"{self.source.vendor}/*/{self.source.name}/*/*/*/{MANIFEST}"
        is_odd = has_files and not any(self.home.landing.glob(of_this_source))
        message = f"nothing was ever delivered at {self.source.location}" if is_odd else ""
        return self._outcome("nothing_new", message=message)

    def _clashes(self, prepared: Sequence[PreparedDelivery]) -> dict[str, DeliveryError]:
        """Deliveries of this very fetch that say different things about one period, unless the newest may replace."""
        if self.source.same_period_files != "refuse":
            return {}
        by_partition: dict[str, list[tuple[Delivery, str]]] = {}
        for item in prepared:
            for package in item.packages:
                claim = (item.delivery, package.manifest.data_fingerprint)
                by_partition.setdefault(package.manifest.partition, []).append(claim)
        clashes: dict[str, DeliveryError] = {}
        for partition, claims in sorted(by_partition.items()):
            if len({fingerprint for _, fingerprint in claims}) < 2:
                continue
            names = sorted({file.name for delivery, _ in claims for file in delivery.files})
            for delivery, _ in claims:
                clashes[delivery.origin] = DeliveryError(
                    source=self.preparation.label,
                    partition=partition,
                    file=delivery.files[0].name,
                    expected="one new file for a period",
                    found=f"{len(claims)} that differ: {', '.join(names)}",
                    next_step='say what they are in the configuration: same_period_files = "parts" (they add up) or '
                    '"newest_replaces" (the newest is the truth)',
                )
        return clashes

    def _contract_failure(self, item: PreparedDelivery) -> DeliveryError | None:
        for package in item.packages:
            broken = [result for result in package.results if not result.passed and result.severity == "error"]
            if broken:
                first = broken[0]
                contract = f"{self.contract.id} {self.contract.version}"
                return DeliveryError(
                    source=self.preparation.label,
                    file=item.delivery.files[0].name,
                    partition=package.manifest.partition,
                    column=", ".join(first.columns) or None,
                    expected=f"{first.name}: at most {first.expected} rows that break this rule of {contract}",
                    found=first.found + (f" (and {len(broken) - 1} more rules broken)" if broken[1:] else ""),
                    next_step="read the report, mend the export and deliver it again",
                )
        return None

    def _reject(self, delivery: Delivery, error: DeliveryError, item: PreparedDelivery | None = None) -> Outcome:
        rejection_id, page = reject(self.preparation, delivery, error, item)
        return self._outcome(
            "rejected",
            partition=error.partition,
            delivery_id=rejection_id,
            message=f"{error}\n  report:   {page}",
            checks=tuple(result for package in (item.packages if item else ()) for result in package.results),
            file_names=tuple(file.name for file in delivery.files),
        )

    def _received_again(self, delivery: Delivery, before: Receipt) -> list[Outcome]:
        """The bytes of last time under another time stamp: nothing is typed, and what was landed stays where it is."""
        self.receipts.add(delivery.origin, replace(before, state=delivery.state, received_at=iso(self.clock())))
        names = tuple(file.name for file in delivery.files)
        message = "the same bytes as landed before"
        return [
            self._outcome("unchanged", partition=month, delivery_id=Path(place).name, message=message, file_names=names)
            for month, place in sorted(before.packages.items())
        ]

    def _promote(self, item: PreparedDelivery) -> list[Outcome]:
        delivery = item.delivery
        names = [file.name for file in delivery.files]
        hashes = [file.sha256 for file in delivery.files]
        promoted = [self._promote_package(package, delivery) for package in item.packages]
        outcomes = [outcome for outcome, _ in promoted]
        before = self.receipts.same_bytes(delivery.origin, hashes, self.source.scope)
        places = dict(before.packages) if before else {}
        places |= {folder.parent.name: str(folder.relative_to(self.root)) for _, folder in promoted}
        waiting = [period for period in item.periods if period not in places]
        receipt = Receipt(
            state=delivery.state,
            scope=self.source.scope,
            received_at=iso(self.clock()),
            sha256s=hashes,
            packages=places,
            files=names,
            outcomes={outcome.partition: outcome.status for outcome in outcomes if outcome.partition},
            waiting=waiting,
        )
        if self.table.schedule:
            today = self.settings.today or self.clock().date()
            self.answers.add(delivery.covers, today.isoformat())
        if delivery.state != "?":
            self.receipts.add(delivery.origin, receipt)
        mend_rejections(self.preparation, delivery)
        if waiting:
            message = f"months to come, before first_month, or outside this run: {', '.join(waiting)}"
            outcomes.append(self._outcome("waiting", message=message, file_names=tuple(names)))
        return outcomes

    def _promote_package(self, package: PreparedPackage, delivery: Delivery) -> tuple[Outcome, Path]:
        key_folder = self.root / self.source.scope / package.manifest.partition
        existing = [read_package(path.parent) for path in sorted(key_folder.glob(f"*/{MANIFEST}"))]
        twin = _unchanged(package.manifest, existing)
        if twin:
            manifest, folder = twin.manifest, twin.folder
            status = "unchanged" if twin.is_accepted else "held"
            message = "the same data as landed before" if twin.is_accepted else manifest.held_because or ""
        else:
            manifest = self._accepted_or_held(package.manifest, existing, delivery.is_rewrite)
            folder = key_folder / manifest.delivery_id
            for file in manifest.raw:
                keep_raw(self.home, package.folder / file.name, file.sha256, package.folder / file.name)
            write_json(package.folder / MANIFEST, asdict(manifest))
            sync_tree(package.folder)
            key_folder.mkdir(parents=True, exist_ok=True)
            self._set_aside(folder)
            package.folder.rename(folder)
            sync_folder(key_folder)
            status = "landed" if manifest.accepted_at else "held"
            message = manifest.held_because or _notes(manifest, self.contract)
            newest = newest_accepted(existing)
            if newest and not manifest.held_because:
                shrinks = _shrinks(newest.manifest, manifest, self.contract)
                rewritten = f"the vendor wrote it anew: {shrinks}" if shrinks else ""
                parts = (f"replaces {_amounts(newest.manifest)}", rewritten, message)
                message = "; ".join(part for part in parts if part)
        outcome = self._outcome(
            status,
            partition=manifest.partition,
            delivery_id=manifest.delivery_id,
            row_count=manifest.row_count,
            message=message,
            checks=package.results,
            file_names=tuple(file.name for file in delivery.files),
        )
        return outcome, folder

    def _set_aside(self, folder: Path) -> None:
        """A folder that lost its manifest does not exist; it must not stand in the way either."""
        if folder.exists():
            lost = self.home.landing / ".lost" / f"{folder.name}-{uuid.uuid4().hex}"
            lost.parent.mkdir(exist_ok=True)
            folder.rename(lost)

    def _accepted_or_held(self, manifest: Manifest, existing: list[Package], is_rewrite: bool) -> Manifest:
        """Same content, same id, in any home; said again after something else it is a delivery of its own."""
        before = sum(package.manifest.data_fingerprint == manifest.data_fingerprint for package in existing)
        content = "|".join((*manifest.key, manifest.schema_fingerprint, manifest.data_fingerprint, str(before)))
        manifest = replace(manifest, delivery_id=hashlib.sha256(content.encode()).hexdigest()[:16])
        newest = newest_accepted(existing)
        manifest = replace(manifest, after_sequence=newest.manifest.sequence or 0 if newest else 0)
        reason = _shrinks(newest.manifest, manifest, self.contract) if newest and not is_rewrite else None
        if reason:
            return replace(manifest, held_because=reason)
        return replace(manifest, accepted_at=iso(self.clock()), sequence=_next_sequence(existing))

    def _is_known(self, origin: str, state: str) -> bool:
        return self.receipts.is_known(origin, state, self.source.scope, self.wanted)


def _unchanged(manifest: Manifest, existing: list[Package]) -> Package | None:
    """The package that says the same already: the newest accepted one, or one that is held."""
    newest = newest_accepted(existing)
    accepted = newest.manifest.sequence or 0 if newest else 0
    # A held delivery that was overtaken can be accepted no more; said again, it is news.
    held = [item for item in existing if not item.is_accepted and item.manifest.after_sequence >= accepted]
    for package in held + ([newest] if newest else []):
        same_data = package.manifest.data_fingerprint == manifest.data_fingerprint
        if same_data and package.manifest.schema_fingerprint == manifest.schema_fingerprint:
            return package
    return None


def _shrinks(before: Manifest, now: Manifest, contract: Contract) -> str | None:
    """Why a delivery is held: far fewer rows, days that are gone, or a column that is gone."""
    reasons = []
    smallest = 1 if contract.properties.get("onlyGrows") else SMALLEST_SHARE
    if now.row_count < before.row_count * smallest:
        reasons.append(f"{now.row_count:,} rows where {before.row_count:,} were accepted before")
    days = sorted(set(before.charge_days) - set(now.charge_days))
    if days:
        reasons.append(f"{len(days)} days are gone, the first is {days[0]}")
    # A field that no record of an API's answer has is absent; what must be there is `version_of`'s to say.
    columns = (
        sorted(set(before.present_columns) - set(now.present_columns)) if not contract.drops_unknown_columns else []
    )
    if columns:
        reasons.append(f"columns are gone: {', '.join(columns)}")
    return "; ".join(reasons) or None


def _amounts(manifest: Manifest) -> str:
    """What a delivery was, in a few words: rows and billed cost per currency."""
    totals: dict[str, Decimal] = {}
    for total in manifest.control_totals:
        if total.cost_column == "billed_cost":
            currency = total.currency or "no currency"
            totals[currency] = totals.get(currency, Decimal(0)) + Decimal(total.total)
    costs = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(totals.items()))
    return f"{manifest.row_count:,} rows" + (f", {costs} billed" if costs else "")


def _notes(manifest: Manifest, contract: Contract) -> str:
    """What a person should know of a delivery that is fine: what the contract does not name, what was rounded.

    That an API says more than was agreed is no news: the manifest lists it.
    """
    notes = []
    # Columns that the customer names (tags) are no news either.
    customers = contract.properties.get("openColumns")
    news = [name for name in manifest.unknown_columns if not (customers and name.startswith(customers))]
    if news and not contract.drops_unknown_columns:
        notes.append(f"not in the contract, kept as JSON: {', '.join(news)}")
    if manifest.float_columns:
        columns = manifest.float_columns
        notes.append(
            f"born as floats: {len(columns)} columns" if columns[3:] else f"born as floats: {', '.join(columns)}"
        )
    notes += [
        f"{rounding['column']} rounded on {rounding['row_count']:,} rows, by {rounding['difference']} in all"
        for rounding in manifest.roundings
    ]
    return "; ".join(notes)


def _next_sequence(existing: Iterable[Package]) -> int:
    return max((package.manifest.sequence or 0 for package in existing), default=0) + 1


def _log_all(outcomes: Sequence[Outcome]) -> None:
    """A line for each outcome; many partitions of one table that went the same way share one."""
    alike: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        is_odd = any(not result.passed for result in outcome.checks)
        if outcome.partition and outcome.status in ("unchanged", "landed") and not is_odd:
            same = "" if outcome.status == "unchanged" or outcome.message[:8] in _PLAIN else outcome.message
            alike.setdefault((outcome.table, outcome.source_name, outcome.status, same), []).append(outcome)
        else:
            _log(outcome)
    for group in alike.values():
        if len(group) < FEWEST_ON_ONE_LINE:
            for outcome in group:
                _log(outcome)
        else:
            _log_together(group)


def _log_together(group: Sequence[Outcome]) -> None:
    first, last = min(group, key=_partition), max(group, key=_partition)
    is_day = re.fullmatch(PARTITIONS["day"][0], _partition(first))
    unit = "days" if is_day else "months" if re.fullmatch(MONTH, _partition(first)) else "versions"
    rows = f", {sum(outcome.row_count for outcome in group):,} rows" if first.status == "landed" else ""
    again = sum(outcome.message[:8] == "replaces" for outcome in group)
    note = f", {again} restated" if again else ""
    if first.status == "landed" and first.message and first.message[:8] != "replaces":
        note += f" ({first.message})"
    place = f"{_label(first)} {first.partition} to {last.partition}"
    logger.info("land  %s: %s, %s %s%s%s", place, first.status, len(group), unit, rows, note)


def _label(outcome: Outcome) -> str:
    """vendor/source, and the table where the vendor has several."""
    label = f"{outcome.vendor}/{outcome.source_name}".rstrip("/")
    return f"{label} {outcome.table}" if len(SOURCES[outcome.vendor].tables) > 1 else label


def _partition(outcome: Outcome) -> str:
    return outcome.partition or ""


def _log(outcome: Outcome) -> None:
    if outcome.is_failure:
        logger.error("%s", outcome.message)
        return
    if outcome.status in ("unconfigured", "nothing_new") and not outcome.message.startswith("nothing was ever"):
        return
    source = _label(outcome)
    place = " ".join(part for part in (source, outcome.partition) if part)
    rows = f", {outcome.row_count:,} rows" if outcome.row_count else ""
    odd = "; ".join(f"{result.name} ({result.found})" for result in outcome.checks if not result.passed)
    accept_it = f"; meterhouse accept {outcome.delivery_id}" if outcome.status == "held" else ""
    note = f" ({outcome.message}{accept_it})" if outcome.message else ""
    files = f" from {', '.join(outcome.file_names)}" if outcome.file_names else ""
    odd = f", odd: {odd}" if odd else ""
    logger.info("land  %s: %s%s%s%s%s", place, outcome.status, files, rows, odd, note)
