"""What the vendors charge Larkfield, as exact decimals: public list prices, their changes, and the one contract.

The list prices equal those of genai-prices 0.2.3 for the same model, tier and day, except where a model is made up.
No quantity is known here; a price is looked up by vendor, model, meter, service tier, context band and usage date.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.demo_company.company import (
    EMBEDDING,
    GPT,
    GPT_LONG,
    GPT_LUNA,
    GPT_MINI,
    GPT_NANO,
    GPT_UNKNOWN,
    HAIKU,
    OPUS,
    SONNET,
    SONNET_BANDED,
    SONNET_OLD,
)

TOKEN_METERS = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output")
WEB_SEARCH = "web_search"
METERS = (*TOKEN_METERS, WEB_SEARCH)
STANDARD, BATCH, PRIORITY = "standard", "batch", "priority"
BASE_CONTEXT, LONG_CONTEXT = "base", "long"

CONTRACT_ID = "LF-ANT-2026"
CONTRACT_START = date(2024, 1, 1)
# Off list, on every meter of the vendor. The other vendors charge their list price.
DISCOUNTS = {"anthropic": Decimal("0.10")}

# Cursor charges what the model costs and a fee a token; included requests cost nothing. US cents a token.
CURSOR_CENTS = {
    "input_tokens": Decimal("0.0002"),
    "cache_read_tokens": Decimal("0.00002"),
    "cache_write_tokens": Decimal("0.00025"),
    "output_tokens": Decimal("0.001"),
}
CURSOR_FEE_CENTS = Decimal("0.000025")
COPILOT_CREDIT = Decimal("0.01")

OPENAI_PRICE_CUT = date(2026, 7, 30)


@dataclass(frozen=True)
class Price:
    """US dollars for `per` units of one meter (tokens, or web searches). Valid from the first day, to before the last.

    `charged` is what the contract says, `listed` what everybody pays.
    """

    vendor: str
    model: str
    meter: str
    service_tier: str
    context_band: str
    listed: Decimal
    charged: Decimal
    per: int
    valid_from: date | None
    valid_to: date | None


def all_prices() -> tuple[Price, ...]:
    """Every price that a request of the demo company can meet, and each exactly once on a day."""
    rows = [
        # uncached input, cache read, cache write for 5 minutes and for 1 hour, output
        *_prices(GPT, "1.25", "0.125", None, None, "10"),
        *_prices(GPT, "2.5", "0.25", None, None, "20", tier=PRIORITY),
        *_prices(GPT_MINI, "0.25", "0.025", None, None, "2"),
        *_prices(GPT_MINI, "0.125", "0.0125", None, None, "1", tier=BATCH),
        *_prices(GPT_NANO, "0.05", "0.005", None, None, "0.4"),
        *_prices(GPT_LONG, "2.5", "0.25", None, None, "15"),
        *_prices(GPT_LONG, "5", "0.5", None, None, "22.5", band=LONG_CONTEXT),
        *_prices(GPT_LUNA, "1", "0.1", None, None, "6", until=OPENAI_PRICE_CUT),
        *_prices(GPT_LUNA, "2", "0.2", None, None, "9", band=LONG_CONTEXT, until=OPENAI_PRICE_CUT),
        *_prices(GPT_LUNA, "0.2", "0.02", None, None, "1.2", since=OPENAI_PRICE_CUT),
        *_prices(GPT_LUNA, "0.4", "0.04", None, None, "1.8", band=LONG_CONTEXT, since=OPENAI_PRICE_CUT),
        *_prices(EMBEDDING, "0.02", None, None, None, None),
        # Made up: no catalogue knows this model.
        *_prices(GPT_UNKNOWN, "0.3", "0.03", None, None, "2.4"),
        *_prices(HAIKU, "1", "0.1", "1.25", "2", "5"),
        *_prices(HAIKU, "0.5", "0.05", "0.625", "1", "2.5", tier=BATCH),
        *_prices(SONNET_BANDED, "3", "0.3", "3.75", "6", "15"),
        *_prices(SONNET_BANDED, "6", "0.6", "7.5", "12", "22.5", band=LONG_CONTEXT),
    ]
    # One price for every length since 2026-03-13; the older of them had a long-context price before.
    since = date(2026, 3, 13)
    rows += [
        *_prices(SONNET_OLD, "3", "0.3", "3.75", "6", "15"),
        *_prices(SONNET_OLD, "6", "0.6", "7.5", "12", "22.5", band=LONG_CONTEXT, until=since),
        *_prices(SONNET_OLD, "3", "0.3", "3.75", "6", "15", band=LONG_CONTEXT, since=since),
        *_prices(OPUS, "5", "0.5", "6.25", "10", "25"),
        *_prices(OPUS, "10", "1", "12.5", "20", "37.5", band=LONG_CONTEXT, until=since),
        *_prices(OPUS, "5", "0.5", "6.25", "10", "25", band=LONG_CONTEXT, since=since),
        *_prices(SONNET, "2", "0.2", "2.5", "4", "10"),
        *_prices(SONNET, "2", "0.2", "2.5", "4", "10", band=LONG_CONTEXT),
    ]
    return tuple(rows)


def _prices(
    model: str,
    uncached: str,
    read: str | None,
    written_5m: str | None,
    written_1h: str | None,
    output: str | None,
    tier: str = STANDARD,
    band: str = BASE_CONTEXT,
    since: date | None = None,
    until: date | None = None,
) -> list[Price]:
    vendor = "anthropic" if model.startswith("claude") else "openai"
    # A web search costs the same in every tier and band.
    cells = zip(METERS, (uncached, read, written_5m, written_1h, output, "10"), strict=True)
    return [
        Price(
            vendor,
            model,
            meter,
            tier,
            band,
            Decimal(cell),
            Decimal(cell) * (1 - DISCOUNTS.get(vendor, Decimal(0))),
            1_000 if meter == WEB_SEARCH else 1_000_000,
            since,
            until,
        )
        for meter, cell in cells
        if cell is not None
    ]
