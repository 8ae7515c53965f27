"""Price catalogues as landed data: wheels of genai-prices and LiteLLM in a folder, and the company's contract prices.

A wheel is opened as an archive; nothing of it is imported or run. Each catalogue is flattened to one row per price, in
the catalogue's own words beside our meter; which price is in force for a day is decided in `models/focus/`, not here.
Sources: `genai_prices/data.py` and `litellm/model_prices_and_context_window_backup.json`, both under the MIT licence.
"""

import ast
import gzip
import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.sources import files
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, SourceTable, Vendor

GENAI_FILE = "genai_prices/data.py"
LITELLM_FILE = "litellm/model_prices_and_context_window_backup.json"
CONTRACTS_FOLDER = "contract_prices"
LARGEST_CATALOGUE_BYTES = 64 * 1024**2

# Both catalogues are in US dollars throughout; neither has a field for it.
CURRENCY = "USD"

Row = dict[str, str | None]

# A cache write without a lifetime is the short one, which both catalogues mean by it.
GENAI_METERS = {
    "input_mtok": "input_uncached",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_text_mtok": "input_uncached_text",
    "output_text_mtok": "output_text",
    "input_audio_mtok": "input_uncached_audio",
    "output_audio_mtok": "output_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "input_image_mtok": "input_uncached_image",
    "output_image_mtok": "output_image",
    "cache_image_read_mtok": "cache_read_image",
    "input_video_mtok": "input_uncached_video",
    "output_video_mtok": "output_video",
    "input_mchars": "character",
    "input_audio_hours": "audio_second",
    "audio_hours": "audio_second",
    "web_searches_kcount": "web_search_request",
    "storage_searches_kcount": "file_search_call",
    "requests_kcount": "request",
}
# Where a price list has the narrower key too, the wider one prices nothing that we meter.
GENAI_NARROWER = {"cache_write_mtok": "cache_write_5m_mtok", "audio_hours": "input_audio_hours"}
GENAI_PER = {"mtok": 1_000_000, "mchars": 1_000_000, "kcount": 1_000, "kpages": 1_000, "hours": 3_600}

LITELLM_METERS = {
    "input_cost_per_token": "input_uncached",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_uncached_audio",
    "output_cost_per_audio_token": "output_audio",
    "cache_read_input_audio_token_cost": "cache_read_audio",
    "input_cost_per_image_token": "input_uncached_image",
    "output_cost_per_image_token": "output_image",
    "cache_read_input_image_token_cost": "cache_read_image",
    "input_cost_per_video_token": "input_uncached_video",
    "output_cost_per_video_token": "output_video",
    "input_cost_per_character": "character",
    "input_cost_per_audio_per_second": "audio_second",
    "output_cost_per_image": "image",
    "code_interpreter_cost_per_session": "code_session",
    "file_search_cost_per_1k_calls": "file_search_call",
    "search_context_cost_per_query": "web_search_request",
    "input_cost_per_request": "request",
}
LITELLM_KEY = re.compile(
    r"(?P<base>.+?)(?:_above_(?P<threshold>\d+)k_tokens)?"
    r"(?:_(?P<tier>batches|priority|flex|ultrafast|balanced|decisions))?"
)
LITELLM_UPLIFT = re.compile(r"regional_processing_uplift_multiplier_(?P<region>[a-z]+)")
# Anthropic's uplift by place of inference stands in a dictionary of its own, beside other multipliers.
LITELLM_PLACES = ("us", "eu")

CALLS = frozenset(
    {
        *("Provider", "ModelInfo", "UsageExtractor", "UsageExtractorMapping", "ArrayMatch"),
        *("ModelPrice", "TieredPrices", "Tier", "ConditionalPrice", "PriceVariant"),
        *("StartDateConstraint", "TimeOfDateConstraint"),
        *("ClauseStartsWith", "ClauseEndsWith", "ClauseContains", "ClauseRegex", "ClauseEquals"),
        *("ClauseOr", "ClauseAnd"),
    }
)


@dataclass(frozen=True)
class Call:
    """One constructor call of the catalogue's source, as data: its name, its keyword arguments and its line."""

    name: str
    line: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str, default: Any = None) -> Any:
        return self.arguments.get(name, default)


@dataclass(frozen=True)
class Place:
    """Where a catalogue's text stands, for messages."""

    source: str
    file: str

    def refusal(self, expected: str, found: str, line: int | None = None) -> DeliveryError:
        """The error for a catalogue that cannot be read; nothing of it is landed and older versions stay in force."""
        return DeliveryError(
            source=self.source,
            file=self.file,
            line=line,
            expected=expected,
            found=found,
            next_step="take this wheel out of the folder, or teach orchestration/sources/prices.py its new form",
        )


@dataclass(frozen=True)
class Catalogue:
    """One version of a catalogue: its text, and what every row of it says of itself."""

    place: Place
    version: str
    snapshot_date: date
    text: bytes

    @property
    def facts(self) -> Row:
        """The columns that all rows of this version share. `version_order` sorts versions as numbers."""
        order = re.sub(r"\d+", lambda number: number.group().zfill(6), self.version)
        return {
            "catalogue_version": self.version,
            "version_order": order,
            "snapshot_date": self.snapshot_date.isoformat(),
        }


def genai_prices(fetch: Fetch) -> Iterator[Delivery]:
    """One delivery per new genai-prices wheel: its prices. Raises DeliveryError when a wheel cannot be read."""
    return _wheels(fetch, "genai_prices", GENAI_FILE, genai_price_rows)


def genai_models(fetch: Fetch) -> Iterator[Delivery]:
    """One delivery per new genai-prices wheel: how its models are recognised. Raises DeliveryError as above."""
    return _wheels(fetch, "genai_prices", GENAI_FILE, genai_model_rows)


def litellm_prices(fetch: Fetch) -> Iterator[Delivery]:
    """One delivery per new LiteLLM wheel: its prices and multipliers. Raises DeliveryError when it cannot be read."""
    return _wheels(fetch, "litellm", LITELLM_FILE, litellm_price_rows)


def contract_prices(fetch: Fetch) -> Iterator[Delivery]:
    """New CSV files of `contract_prices/`. A folder of wheels without it is a company without contract prices."""
    folder = _folder(fetch) / CONTRACTS_FOLDER
    if not folder.is_dir():
        return iter(())
    return files.deliveries(replace(fetch, source=fetch.source.model_copy(update={"location": str(folder)})))


def _folder(fetch: Fetch) -> Path:
    folder = Path(fetch.source.location)
    if not folder.is_dir():
        raise DeliveryError(
            source=fetch.label,
            expected=f"a local folder with price catalogues at {folder}",
            found="no such folder",
            next_step="mend `location` in the configuration and run again",
        )
    return folder


def _wheels(
    fetch: Fetch, package: str, member: str, rows_of: Callable[[Catalogue], Iterable[Row]]
) -> Iterator[Delivery]:
    for wheel in sorted(_folder(fetch).glob(f"{package}-*.whl")):
        facts = wheel.stat()
        modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
        # By its name: a folder that moves brings nothing new.
        state = f"{wheel.name}|{facts.st_size}|{modified_at}"
        if fetch.is_known(wheel.name, state):
            continue
        catalogue = _opened(Place(fetch.label, wheel.name), wheel, package, member, fetch.today)
        received = _received(fetch, catalogue, f"{package}-{catalogue.version}-{Path(member).name}.gz", modified_at)
        rows = received.path.with_suffix(".jsonl")
        try:
            with rows.open("w", encoding="utf-8") as lines:
                lines.writelines(json.dumps(catalogue.facts | row) + "\n" for row in rows_of(catalogue))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            found = f"{type(error).__name__}: {error}"
            raise catalogue.place.refusal("the form of the versions that were read before", found) from None
        columns = tuple(column.name for column in fetch.contract.columns)
        file = replace(received, rows=rows, columns=columns)
        yield Delivery((file,), wheel.name, state, covers=(catalogue.version,), watermark=catalogue.version)


def _opened(place: Place, wheel: Path, package: str, member: str, today: date) -> Catalogue:
    """The one file we want of a wheel, and the version by the folder of its metadata."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            metadata = re.compile(re.escape(package) + r"-([A-Za-z0-9][A-Za-z0-9._+]*)\.dist-info/METADATA")
            versions = [found[1] for found in map(metadata.fullmatch, archive.namelist()) if found]
            if len(versions) != 1 or member not in archive.namelist():
                raise place.refusal(
                    f"a wheel of {package} that holds {member}", f"{len(versions)} versions, or no file"
                )
            with archive.open(member) as file:
                text = file.read(LARGEST_CATALOGUE_BYTES + 1)
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise place.refusal("a whole wheel (a ZIP archive)", str(error)) from None
    if len(text) > LARGEST_CATALOGUE_BYTES:
        raise place.refusal(f"at most {LARGEST_CATALOGUE_BYTES:,} bytes of {member}", "more")
    return Catalogue(Place(place.source, f"{place.file}/{member}"), versions[0], today, text)


def _received(fetch: Fetch, catalogue: Catalogue, name: str, modified_at: datetime) -> ReceivedFile:
    folder = fetch.scratch / name
    folder.mkdir()
    path = folder / name
    # No time stamp inside, so that the same catalogue has the same hash.
    path.write_bytes(gzip.compress(catalogue.text, mtime=0))
    content = path.read_bytes()
    return ReceivedFile(name, path, len(content), hashlib.sha256(content).hexdigest(), modified_at)


# genai-prices: Python source that is read as literals.


def genai_providers(catalogue: Catalogue) -> list[Call]:
    """The value of `providers` in the catalogue's source. Raises DeliveryError with the line of what is no literal."""
    try:
        module = ast.parse(catalogue.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise catalogue.place.refusal("Python source that can be parsed", str(error)) from None
    for statement in module.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="providers")], value=ast.List() as value)
                | ast.AnnAssign(target=ast.Name(id="providers"), value=ast.List() as value)
            ):
                return list(_literal(catalogue.place, value))
    raise catalogue.place.refusal("a list that is assigned to `providers`", "none")


def _literal(place: Place, node: ast.expr) -> Any:
    """What a literal expression means. Only constants, lists, dictionaries and the known calls are literals."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items):
            return [_literal(place, item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_literal(place, key): _literal(place, item) for key, item in zip(keys, values, strict=True) if key}
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=str(text))], keywords=[]):
            return _price(place, text, node.lineno)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="date"), args=args, keywords=[]):
            return date(*(_literal(place, item) for item in args))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="time"), args=args, keywords=keywords):
            zones = [ast.unparse(item.value) for item in keywords]
            if zones in ([], ["datetime.UTC"]):
                hour, minute = (_literal(place, item) for item in args)
                return time(hour, minute, tzinfo=UTC)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords) if name in CALLS:
            arguments = {item.arg: _literal(place, item.value) for item in keywords if item.arg}
            if len(arguments) == len(keywords):
                return Call(name, node.lineno, arguments)
    raise place.refusal("a literal, or a call of a known price type", ast.unparse(node)[:80], node.lineno)


def _price(place: Place, text: str, line: int | None = None) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise place.refusal("a decimal number", repr(text), line) from None
    if not price.is_finite() or price < 0:
        raise place.refusal("a price of zero or more", repr(text), line)
    return price


def genai_price_rows(catalogue: Catalogue) -> Iterator[Row]:
    """One row per provider, model, price key, request context, context band and validity.

    A model's dated prices replace each other whole; the last one listed whose start has come wins, and without any the
    first. Prices by time of day keep their hours and are marked by them. `valid_to` is exclusive.
    """
    for provider in genai_providers(catalogue):
        for model in provider.get("models", []):
            names: Row = {
                "provider_id": provider.get("id"),
                "provider_name": provider.get("name"),
                "model_id": model.get("id"),
            }
            for row in _model_rows(catalogue.place, model):
                yield names | row


def _model_rows(place: Place, model: Call) -> Iterator[Row]:
    prices = model.get("prices", [])
    options = prices if isinstance(prices, list) else [Call("ConditionalPrice", model.line, {"prices": prices})]
    always: list[tuple[date | None, Call]] = []
    for number, option in enumerate(options):
        constraint = option.get("constraint")
        if constraint is None or constraint.name == "StartDateConstraint":
            always.append((constraint and constraint.get("start_date"), option.get("prices")))
            continue
        # By time of day: such a price wins until a dated one that is listed after it starts.
        later = [item.get("constraint") for item in options[number + 1 :]]
        ends = [item.get("start_date") for item in later if item and item.name == "StartDateConstraint"]
        hours: Row = {
            "time_from": constraint.get("start_time").isoformat("minutes"),
            "time_to": constraint.get("end_time").isoformat("minutes"),
        }
        yield from _price_rows(place, option.get("prices"), {}, None, min(ends, default=None), hours)
    for valid_from, valid_to, price in periods(always, is_open=True):
        yield from _price_rows(place, price, {}, valid_from, valid_to)
    yield from _variant_rows(place, model)


def _variant_rows(place: Place, model: Call) -> Iterator[Row]:
    """Overrides by request context. Per price key the first one listed whose start has come wins."""
    found: dict[tuple[tuple[str, str], ...], dict[str, list[tuple[date | None, Any]]]] = {}
    for variant in model.get("price_variants") or []:
        constraint = variant.get("constraint")
        if constraint is not None and constraint.name != "StartDateConstraint":
            raise place.refusal("a variant with a start date or none", constraint.name, variant.line)
        context = tuple(sorted(variant.get("when", {}).items()))
        for key, price in variant.get("prices").arguments.items():
            # Last wins in periods(), so the first one listed goes last.
            found.setdefault(context, {}).setdefault(key, []).insert(
                0, (constraint and constraint.get("start_date"), price)
            )
    for context, prices in found.items():
        for key, options in prices.items():
            for valid_from, valid_to, price in periods(options, is_open=False):
                # Its siblings stand by without a price, so that a wider key sees a narrower one.
                one = Call("ModelPrice", model.line, {key: price, **dict.fromkeys(prices.keys() - {key})})
                yield from _price_rows(place, one, dict(context), valid_from, valid_to)


def periods(
    options: Sequence[tuple[date | None, Any]], *, is_open: bool
) -> Iterator[tuple[date | None, date | None, Any]]:
    """Cuts (start, value) options into (from, to, value) without overlap: the last option that has started wins.

    `is_open`: before the first start the first option holds; otherwise nothing does. None is an open end.
    """
    starts = sorted({start for start, _ in options if start is not None})
    for start, end in pairwise([None, *starts, None]):
        begun = [value for since, value in options if since is None or (start is not None and since <= start)]
        if begun:
            yield start, end, begun[-1]
        elif is_open and options:
            yield start, end, options[0][1]


def _price_rows(
    place: Place,
    prices: Call,
    context: Mapping[str, str],
    valid_from: date | None,
    valid_to: date | None,
    hours: Row | None = None,
) -> Iterator[Row]:
    other = {key: value for key, value in context.items() if key not in ("processing", "service_tier", "speed")}
    for key, price_or_tiers in sorted(prices.arguments.items(), key=lambda item: item[0]):
        if price_or_tiers is None:
            continue
        is_wider = GENAI_NARROWER.get(key) in prices.arguments
        per = GENAI_PER.get(key.rpartition("_")[2])
        if per is None:
            raise place.refusal("a price key with a known unit", key, prices.line)
        for context_from, context_to, price in _bands(place, price_or_tiers):
            yield {
                "price_key": key,
                "meter": None if is_wider else GENAI_METERS.get(key),
                "service_tier": context.get("service_tier"),
                "processing": context.get("processing"),
                "speed": context.get("speed"),
                "other_context": json.dumps(other, sort_keys=True) if other else None,
                "context_from_tokens": str(context_from),
                "context_to_tokens": _text(context_to),
                "unit_price": f"{price:f}",
                "per": str(per),
                "currency": CURRENCY,
                "valid_from": valid_from.isoformat() if valid_from else None,
                "valid_to": valid_to.isoformat() if valid_to else None,
                **(hours or {}),
            }


def _bands(place: Place, price: Decimal | Call) -> Iterator[tuple[int, int | None, Decimal]]:
    """(more than, at most, price) by a request's total input tokens: past a threshold the whole request costs more."""
    if isinstance(price, Decimal):
        yield 0, None, price
        return
    if price.name != "TieredPrices":
        raise place.refusal("a Decimal or TieredPrices", price.name, price.line)
    tiers = sorted((tier.get("start"), tier.get("price")) for tier in price.get("tiers"))
    for (start, value), (end, _) in pairwise([(0, price.get("base")), *tiers, (None, None)]):
        yield start, end, value


def genai_model_rows(catalogue: Catalogue) -> Iterator[Row]:
    """One row per model and way to recognise it, with regular expressions (RE2) over the model id in lower case.

    `model_position` is the order in which a provider's models are tried: the first match is the model.
    """
    for provider in genai_providers(catalogue):
        for position, model in enumerate(provider.get("models", [])):
            for number, match in enumerate(alternatives(catalogue.place, model.get("match"))):
                if len(match.required) > 2:
                    raise catalogue.place.refusal("at most two clauses that must both match", "more", model.line)
                required = [*match.required, None, None]
                yield {
                    "provider_id": provider.get("id"),
                    "provider_name": provider.get("name"),
                    "model_id": model.get("id"),
                    "model_name": model.get("name"),
                    "model_position": str(position),
                    "alternative_number": str(number),
                    "match_pattern": required[0],
                    "also_match_pattern": required[1],
                    "except_pattern": "|".join(match.excluded) or None,
                    "is_deprecated": "true" if model.get("deprecated") else "false",
                }


@dataclass(frozen=True)
class Match:
    """A model id matches when it matches all `required` expressions and none that are `excluded`."""

    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def alternatives(place: Place, clause: Call) -> list[Match]:
    """A match clause as alternatives, any of which is enough; plain alternatives become one expression."""
    found = _alternatives(place, clause)
    plain = [match.required[0] for match in found if len(match.required) == 1 and not match.excluded]
    other = [match for match in found if len(match.required) != 1 or match.excluded]
    return ([Match(("|".join(f"(?:{text})" for text in plain),))] if plain else []) + other


def _alternatives(place: Place, clause: Call) -> list[Match]:
    match clause.name:
        case "ClauseOr":
            return [match for item in clause.get("or_") for match in _alternatives(place, item)]
        case "ClauseAnd":
            combined = [Match()]
            for item in clause.get("and_"):
                combined = [
                    Match(left.required + right.required, left.excluded + right.excluded)
                    for left in combined
                    for right in _alternatives(place, item)
                ]
            # A clause that only excludes needs something to exclude from.
            return [match if match.required else replace(match, required=("^",)) for match in combined]
        case "ClauseStartsWith":
            return [Match((f"^{_escaped(clause.get('starts_with'))}",))]
        case "ClauseEndsWith":
            return [Match((f"{_escaped(clause.get('ends_with'))}$",))]
        case "ClauseContains":
            return [Match((_escaped(clause.get("contains")),))]
        case "ClauseEquals":
            return [Match((f"^{_escaped(clause.get('equals'))}$",))]
        case "ClauseRegex":
            return [_regex(place, clause)]
    raise place.refusal("a known match clause", clause.name, clause.line)


def _escaped(text: str) -> str:
    return re.escape(text.lower())


def _regex(place: Place, clause: Call) -> Match:
    """RE2 has no look-around; the one form in use, "nothing that starts with X", is told as an exclusion."""
    text = clause.get("regex")
    only_excludes = re.fullmatch(r"\^\(\?!(.*)\)", text)
    body = only_excludes.group(1) if only_excludes else text
    if re.search(r"\(\?(?![:i])|\\[1-9]", body):
        raise place.refusal("a regular expression without look-around and back-references", text, clause.line)
    return Match(excluded=(f"^(?:{body})",)) if only_excludes else Match((body,))


# LiteLLM: JSON.


def litellm_price_rows(catalogue: Catalogue) -> Iterator[Row]:
    """One row per model and number that is a cost or a regional multiplier, in the catalogue's own keys.

    Amounts are read as decimals. A key that we have no meter for keeps its row with an empty meter.
    """
    try:
        models = json.loads(catalogue.text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise catalogue.place.refusal("JSON", str(error)) from None
    if not isinstance(models, dict):
        raise catalogue.place.refusal("an object of models", type(models).__name__)
    for model_id, model in models.items():
        if model_id == "sample_spec":
            continue
        names: Row = {
            "provider_id": model.get("litellm_provider"),
            "model_id": model_id,
            "mode": model.get("mode"),
            "deprecation_day": model.get("deprecation_date"),
            "has_off_peak_price": "true" if "off_peak_pricing" in model else "false",
        }
        costs = list(_litellm_costs(model)) + list(_litellm_uplifts(model))
        for row in costs:
            yield names | {"currency": CURRENCY} | row


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no price")


def _litellm_costs(model: Mapping[str, Any]) -> Iterator[Row]:
    tiers = [entry for entry in model.get("tiered_pricing") or [] if entry.get("range")]
    for entry in tiers:
        low, high = entry["range"]
        for key, price in entry.items():
            if _is_cost(key, price):
                yield _litellm_row(f"tiered_pricing.{key}", key, None, price, int(low), int(high), model)
    costs = {key: price for key, price in model.items() if _is_cost(key, price)}
    parts = {key: _key_parts(key) for key in costs}
    for key, price in costs.items():
        base, threshold, tier = parts[key]
        others = sorted(part[1] for part in parts.values() if (part[0], part[2]) == (base, tier))
        end = next((other for other in others if other > threshold), None)
        row = _litellm_row(key, base, tier, price, threshold, end, model)
        # The first tier's prices are said twice.
        yield row | {"meter": None} if any(key in entry for entry in tiers) else row
    searches = model.get("search_context_cost_per_query") or {}
    is_one_price = len(set(searches.values())) == 1
    for size, price in list(searches.items())[: 1 if is_one_price else None]:
        row = _litellm_row(
            "search_context_cost_per_query", "search_context_cost_per_query", None, price, 0, None, model
        )
        yield row | {"other_context": None if is_one_price else json.dumps({"search_context_size": size})}


def _is_cost(key: str, value: object) -> bool:
    return "cost" in key and isinstance(value, Decimal)


def _key_parts(key: str) -> tuple[str, int, str | None]:
    """The price's key without its band and tier, the tokens beyond which it holds, and the tier."""
    found = LITELLM_KEY.fullmatch(key)
    assert found is not None, "the expression matches every key"
    return found["base"], int(found["threshold"] or 0) * 1_000, found["tier"]


def _litellm_row(
    key: str, base: str, tier: str | None, price: Decimal, low: int, high: int | None, model: Mapping[str, Any]
) -> Row:
    is_speech = base == "input_cost_per_second" and model.get("mode") == "audio_transcription"
    return {
        "price_key": key,
        "meter": "audio_second" if is_speech else LITELLM_METERS.get(base),
        "service_tier": None if tier == "batches" else tier,
        "processing": "batch" if tier == "batches" else None,
        "context_from_tokens": str(low),
        "context_to_tokens": _text(high),
        "unit_price": f"{price:f}",
        "per": "1000" if "_per_1k_" in base else "1",
    }


def _litellm_uplifts(model: Mapping[str, Any]) -> Iterator[Row]:
    """Multipliers of all token prices when the request is processed in a region."""
    special = model.get("provider_specific_entry") or {}
    found = [(place, special[place]) for place in LITELLM_PLACES if isinstance(special.get(place), Decimal)]
    for key, value in model.items():
        uplift = LITELLM_UPLIFT.fullmatch(key)
        if uplift and isinstance(value, Decimal):
            found.append((uplift["region"], value))
    for region, multiplier in found:
        yield {"price_key": "regional_uplift", "region": region, "multiplier": f"{multiplier:f}"}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _catalogue_version(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """The package and its version, which begin the name of the kept file."""
    return " ".join(file.split("-")[:2])


def _recognise_contract_prices(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
    """Always "contract prices"; raises DeliveryError when a column that the contract names is missing."""
    missing = [column.name for column in contract.columns if column.name not in set(columns)]
    if missing:
        raise DeliveryError(
            source=source,
            file=file,
            line=1,
            column=missing[0],
            expected="the columns of data_contracts/landing/prices_contract_prices.odcs.yaml (cells may be empty)",
            found=f"no {', '.join(missing)}",
            next_step="add the columns to the header line and deliver the file again",
        )
    return "contract prices"


PRICES = Vendor(
    "prices",
    (
        SourceTable("genai_prices", genai_prices, _catalogue_version),
        SourceTable("genai_models", genai_models, _catalogue_version),
        SourceTable("litellm_prices", litellm_prices, _catalogue_version),
        SourceTable("contract_prices", contract_prices, _recognise_contract_prices),
    ),
)
