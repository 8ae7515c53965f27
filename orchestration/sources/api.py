"""Asks a vendor's HTTP API page by page and writes what it said, scrubbed, as one delivery.

Paging, authentication and retries are dlt's REST client; what counts as an answer, and what is kept of it, is decided
here by the contract of the table. No vendor is named here.
"""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import simplejson

from orchestration.contracts import Contract
from orchestration.errors import DeliveryError
from orchestration.scrubbing import hidden
from orchestration.sources.base import Delivery, Fetch, ReceivedFile, hash_of_hashes
from orchestration.sources.unpacking import Unpacker

TRIES = 5
LONGEST_WAIT_SECONDS = 120
TIMEOUT_SECONDS = (10.0, 120.0)
MOST_PAGES = 10_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Page:
    """One answer: its JSON with exact numbers, the request that got it, and the hash of the bytes as received."""

    content: Any
    request: str
    sha256: str


class Api:
    """One vendor's API as one source may ask it. Every failure is a DeliveryError that says what to do."""

    def __init__(
        self,
        fetch: Fetch,
        auth: Any = None,
        headers: Mapping[str, str] | None = None,
        is_busy: Callable[[requests.Response], bool] = lambda response: False,
        is_plain_http_fine: bool = False,
    ) -> None:
        """`is_busy` tells an answer that asks to wait by more than its status: it is asked for again like a 429.

        `is_plain_http_fine`: for a vendor inside our own network that is asked without a secret.
        """
        from dlt.sources.helpers.requests import Client
        from dlt.sources.helpers.rest_client.client import RESTClient

        self.fetch = fetch
        self._is_busy = is_busy
        address = urlsplit(fetch.source.location)
        is_local = address.hostname in LOOPBACK or is_plain_http_fine
        is_private = address.scheme == "https" or (address.scheme == "http" and is_local)
        if not is_private:
            raise self._refusal("an https address in `location`", fetch.source.location, "mend the configuration")
        client = Client(
            request_timeout=TIMEOUT_SECONDS,
            raise_for_status=False,
            request_max_attempts=TRIES,
            retry_condition=lambda response, _: response is not None and is_busy(response),
            request_backoff_factor=float(fetch.source.options.get("backoff_seconds", "1")),
            request_max_retry_delay=LONGEST_WAIT_SECONDS,
        )
        agent = {"User-Agent": "meterhouse", "Accept": "application/json"}
        self._rest = RESTClient(
            base_url=fetch.source.location, auth=auth, headers=agent | dict(headers or {}), session=client.session
        )

    def pages(
        self,
        path: str,
        paginator: Any,
        params: Mapping[str, Any] | None = None,
        method: str = "GET",
        json: Mapping[str, Any] | None = None,
        has_more: Callable[[Any], bool | None] = lambda content: _field(content, "has_more"),
    ) -> Iterator[Page]:
        """Every page of one question, in order. `has_more(content)` is what the vendor says about a next page."""
        asked = f"{method} {path}" + (f" {simplejson.dumps(dict(params or json or {}), default=str, sort_keys=True)}")
        seen: set[str] = set()
        answers = self._rest.paginate(
            path,
            method=method,  # type: ignore[arg-type] # dlt spells the methods out
            params=dict(params or {}),
            json=dict(json) if json is not None else None,
            paginator=paginator,
            data_selector="$",
            hooks={"response": [_raise_unless_ok]},
            allow_redirects=False,
        )
        for number, answer in enumerate(self._guarded(answers, asked)):
            page = self._page(answer.response, f"{asked} page {number + 1}")
            if number >= MOST_PAGES:
                raise self._refusal(f"at most {MOST_PAGES:,} pages", f"{asked} has no end", "ask the vendor")
            elements = hashlib.sha256(_elements(page.content)).hexdigest()
            if elements in seen:
                raise self._refusal("every page once", f"{page.request} repeats an earlier page", "run again")
            seen.add(elements)
            if has_more(page.content) and not paginator.has_next_page:
                raise self._refusal(
                    "a cursor beside has_more: true", f"{page.request} has none, rows would be lost", "run again"
                )
            yield page

    def delivery(
        self,
        name: str,
        pages: Iterable[Page | tuple[Page, Mapping[str, str]]],
        covers: Sequence[str],
        watermark: Callable[[Any], str | None] = lambda content: None,
    ) -> Delivery:
        """Writes pages as one delivery that speaks for `covers`; a page may come with constants of its request.

        One raw file (gzip, a JSON line a page, scrubbed) and one file of rows (a JSON line of text a record).
        """
        contract = self.fetch.contract
        unpacker = Unpacker(contract, self.fetch.hasher if needs_hasher(contract) else None)
        folder = self.fetch.scratch / f"{len(os.listdir(self.fetch.scratch)):05d}-api"
        folder.mkdir()
        raw, rows = folder / f"{name}.jsonl.gz", folder / f"{name}.rows.jsonl"
        newest: str | None = None
        hashes: list[str] = []
        with gzip.GzipFile(raw, "wb", mtime=0) as raw_file, rows.open("w", encoding="utf-8") as rows_file:
            for item in pages:
                page, constants = item if isinstance(item, tuple) else (item, {})
                hashes.append(page.sha256)
                newest = max(filter(None, (newest, watermark(page.content))), default=None)
                kept = unpacker.scrubbed(page.content)
                line = {"request": page.request, "received_sha256": page.sha256, "page": kept}
                raw_file.write(simplejson.dumps(line, use_decimal=True, sort_keys=True).encode() + b"\n")
                for record in unpacker.records(kept, constants):
                    rows_file.write(simplejson.dumps(record) + "\n")
        received = _received(raw, rows, unpacker.seen_columns(), hash_of_hashes(hashes))
        origin = f"{self.fetch.source.name}/{name} {covers[0]} to {covers[-1]}"
        return Delivery((received,), origin, "?", tuple(covers), newest, unpacker.dropped())

    def _guarded(self, answers: Iterator[Any], asked: str) -> Iterator[Any]:
        """The client's own exceptions in our words."""
        while True:
            try:
                answer = next(answers)
            except StopIteration:
                return
            except requests.HTTPError as error:
                raise self._status_refusal(cast(requests.Response, error.response)) from None
            except requests.RequestException as error:
                if isinstance(error, ValueError):
                    raise self._refusal("an answer in JSON", f"{asked}: {error}", "run again; ask the vendor") from None
                found = f"{type(error).__name__} after {TRIES} tries: {asked}"
                raise self._refusal("an answer", found, "check the network and the vendor's status page") from None
            except ValueError as error:
                # The paginators end their messages with the whole answer, which may name people.
                reason = hidden(str(error).split(", got")[0])
                raise self._refusal("an answer in JSON", f"{asked}: {reason}", "run again; ask the vendor") from None
            yield answer

    def _status_refusal(self, response: requests.Response) -> DeliveryError:
        status = response.status_code
        found = f"status {status} from {urlsplit(response.url).path}: {hidden(response.text[:300])}"
        next_step = {
            401: "the key is wrong or expired: set its environment variable anew",
            403: "the key lacks a permission that this endpoint needs",
            404: "mend `location`; some vendors answer 404 when a permission is missing",
        }.get(status, "read the vendor's message; run again")
        if status == requests.codes.too_many_requests or self._is_busy(response):
            next_step = f"the vendor still refused after {TRIES} tries: run again later"
        return self._refusal("status 200", found, next_step)

    def _page(self, response: requests.Response, request: str) -> Page:
        body = response.content
        try:
            content = simplejson.loads(body, use_decimal=True, allow_nan=False)
        except (ValueError, RecursionError) as error:
            raise self._refusal("JSON with plain numbers", f"{request}: {error}", "run again; ask the vendor") from None
        if not isinstance(content, dict | list):
            raise self._refusal("a JSON object or list", f"{request}: {type(content).__name__}", "ask the vendor")
        first = str(self.fetch.contract.properties.get("records", "")).split(".")[0]
        if first and not (isinstance(content, dict) and isinstance(content.get(first), list | dict)):
            # Without its list an answer is an error in the clothes of a 200, and no empty day.
            raise self._refusal(f"an answer with {first!r}", f"{request}: none", "run again; ask the vendor")
        return Page(content, request, hashlib.sha256(body).hexdigest())

    def _refusal(self, expected: str, found: str, next_step: str) -> DeliveryError:
        return DeliveryError(source=self.fetch.label, expected=expected, found=found, next_step=next_step)


def needs_hasher(contract: Contract) -> bool:
    """Whether a table's text may hold a person or a secret: every table whose unknown columns are dropped."""
    return contract.drops_unknown_columns or any(column.is_personal for column in contract.columns)


def answers_with(version: str, *required: str) -> Callable[[str, str, Contract, Sequence[str]], str]:
    """A `version_of` for an API: `version`, once every required column was seen in the answer's records."""

    def version_of(source: str, file: str, contract: Contract, columns: Sequence[str]) -> str:
        missing = [column for column in required if column not in set(columns)]
        if missing:
            paths = [column.path for column in contract.columns if column.name in missing]
            raise DeliveryError(
                source=source,
                file=file,
                column=missing[0],
                expected=f"the fields {', '.join(paths)} in every record",
                found="records without them: the vendor's format has changed",
                next_step=f"compare the vendor's page with data_contracts/landing/ ({contract.id})",
            )
        return version

    return version_of


def _raise_unless_ok(response: requests.Response, *_: Any, **__: Any) -> None:
    """An HTTPError is what the client's retry looks for; a redirect is no answer either."""
    if response.status_code != requests.codes.ok:
        raise requests.HTTPError(response=response)


def _received(raw: Path, rows: Path, columns: tuple[str, ...], received_sha256: str) -> ReceivedFile:
    with raw.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ReceivedFile(raw.name, raw, raw.stat().st_size, digest, None, rows, columns, received_sha256)


def _field(content: Any, name: str) -> Any:
    return content.get(name) if isinstance(content, dict) else None


def _elements(content: Any) -> bytes:
    """The data of a page without its cursors, which may change while the data does not; an empty page is its cursor."""
    if isinstance(content, dict):
        lists = {key: value for key, value in content.items() if isinstance(value, list)}
        content = lists if any(lists.values()) else content
    return bytes(simplejson.dumps(content, use_decimal=True, sort_keys=True).encode())
