"""What Larkfield has at AWS, Azure and Google Cloud: accounts, prices, and which feature uses which model there.

Constants, and one draw: how many tokens a workload used on a day. What that costs is in `cloud_charges.py`; the GPU
cluster is in `gpu_cluster.py`. Workloads of the same `prompts` send the same tokens, so that one true count stands on
several bills' lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from orchestration.demo_company import company

AWS, AWS_BANK, AZURE, GOOGLE = "aws", "aws_bank", "azure", "google"

# Who pays at AWS, and the accounts below.
AWS_PAYER, AWS_BANK_PAYER = "410000000001", "410000000002"
AWS_TRAINING, AWS_LAKE, AWS_CLUSTER, AWS_APPS, AWS_SANDBOX = (
    "410000000011", "410000000012", "410000000013", "410000000014", "410000000019",
)  # fmt: skip
AWS_BANK_PRODUCTION = "410000000021"
AWS_NAMES = {
    AWS_PAYER: "larkfield",
    AWS_TRAINING: "larkfield-training",
    AWS_LAKE: "larkfield-lake",
    AWS_CLUSTER: "larkfield-cluster",
    AWS_APPS: "larkfield-apps",
    AWS_SANDBOX: "larkfield-sandbox",
    AWS_BANK_PAYER: "larkfield-bank",
    AWS_BANK_PRODUCTION: "larkfield-bank-production",
}
AWS_REGION = ("us-east-1", "US East (N. Virginia)")

AZURE_ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/5410001"
AZURE_APPS = "/subscriptions/4b1f0c52-0000-4000-8000-000000000001"
AZURE_SHARED = "/subscriptions/4b1f0c52-0000-4000-8000-000000000002"
AZURE_NAMES = {AZURE_APPS: "larkfield-apps", AZURE_SHARED: "larkfield-shared"}
AZURE_REGION = ("eastus2", "East US 2")

GOOGLE_ACCOUNT = "01F00D-4A11CE-7B0B0B"
GOOGLE_SEARCH, GOOGLE_CONTENT, GOOGLE_LAKE = "larkfield-search", "larkfield-content", "larkfield-lake"
GOOGLE_TEAMS = {GOOGLE_SEARCH: "search", GOOGLE_CONTENT: "content-studio", GOOGLE_LAKE: "data-platform"}
GOOGLE_REGION = "us-central1"

SONNET, OPUS, OPUS_MARKET, HAIKU = "claude-sonnet-4-6", "claude-opus-4-8", "claude-opus-5-5", "claude-haiku-4-5"
NOVA_LITE, NOVA_PRO = "nova-lite", "nova-pro"
GPT, GPT_4O, GPT_MINI = "gpt-5.1", "gpt-4o", "gpt-5-mini"
GEMINI_FLASH, GEMINI_PRO = "gemini-2.5-flash", "gemini-2.5-pro"

INPUT, OUTPUT, CACHE_READ, CACHE_WRITE_1H = "input_uncached", "output", "cache_read", "cache_write_1h"
THOUSAND, MILLION = 1_000, 1_000_000
MARKETPLACE_PRODUCT = "Claude Opus 5.5 (Amazon Bedrock Edition)"
# Of a usual day's tokens.
LEAST_PERCENT, MOST_PERCENT, WEEKEND_PERCENT = 60, 140, 45


@dataclass(frozen=True)
class Sku:
    """What a cloud sells by the unit: the meter's name on the bill, and the list and own price of one unit.

    `block` is how many tokens (or other things) one unit counts.
    """

    name: str
    unit: str
    list_price: Decimal
    price: Decimal
    block: int = 1


@dataclass(frozen=True)
class Metered:
    """One kind of token of a workload: the meter, what the bill calls it, and how many there are on a usual day."""

    meter: str
    sku: Sku
    usual: int


@dataclass(frozen=True)
class Workload:
    """Traffic of one feature to one model at one cloud. `place` is what the bill shows of the caller.

    That is an application inference profile or a principal at AWS, an account of Azure OpenAI, a project at Google.
    A workload without a team is one that no seed knows.
    """

    cloud: str
    prompts: str
    model: str
    account: str
    place: str | None
    team: str | None
    feature: str | None
    environment: str
    metered: tuple[Metered, ...]
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TokenUse:
    """How many tokens of one kind a workload used on a day."""

    day: date
    workload: Workload
    metered: Metered
    tokens: int


def _sku(name: str, unit: str, price: str, block: int, discount: str = "0") -> Sku:
    listed = Decimal(price)
    return Sku(name, unit, listed, listed * (1 - Decimal(discount)), block)


def _classic(model: str, ending: str, price: str) -> Sku:
    """Bedrock's own route: the model is the second part of the usage type."""
    return _sku(f"USE1-{model}-{ending}", "1K tokens", price, THOUSAND)


def _mantle(model: str, ending: str, price: str) -> Sku:
    """Bedrock's mantle endpoint: the model's id stands before `-mantle-`."""
    return _sku(f"USE1-{model}-mantle-{ending}-global-standard", "1K tokens", price, THOUSAND)


def _market(words: str, price: str) -> Sku:
    """Bedrock by way of the marketplace: the model is the product's name, and a unit is a million tokens."""
    return _sku(f"USE1-MP:USE1_{words}-Units", "Units", price, MILLION)


# The direct customers of Azure pay a tenth less than its list.
def _azure(name: str, price: str) -> Sku:
    is_million = name.endswith("1M Tokens")
    return _sku(name, "1M" if is_million else "1K", price, MILLION if is_million else THOUSAND, "0.10")


def _gemini(name: str, price_per_million: str) -> Sku:
    """Google prices single tokens."""
    price = Decimal(price_per_million) / MILLION
    return Sku(name, "count", price, price)


_OPUS_MARKET_INPUT = _market("InputTokenCount_Global", "5.00")
_OPUS_MARKET_OUTPUT = _market("OutputTokenCount_Global", "25.00")
_EVALUATION = (("workload-phase", "evaluation"),)
_PRO_OUTPUT = _gemini("Gemini 2.5 Pro GA Text Output - Predictions", "10.00")


def _evaluation(model: str, place: str, input_sku: Sku, output_sku: Sku) -> Workload:
    metered = (Metered(INPUT, input_sku, 900_000), Metered(OUTPUT, output_sku, 60_000))
    owner = ("data-platform", None, company.DEVELOPMENT)
    return Workload(AWS, "nightly evaluation", model, AWS_APPS, place, *owner, metered, _EVALUATION)


WORKLOADS = (
    Workload(
        AWS, "reply drafts", SONNET, AWS_APPS, "replydrafts1", "support-automation", "reply-drafts", company.PRODUCTION,
        (
            Metered(INPUT, _classic("Claude4.6Sonnet", "input-tokens", "0.003"), 1_400_000),
            Metered(OUTPUT, _classic("Claude4.6Sonnet", "output-tokens", "0.015"), 240_000),
            Metered(CACHE_READ, _classic("Claude4.6Sonnet", "cache-read-input-token-count", "0.0003"), 2_600_000),
            Metered(
                CACHE_WRITE_1H, _classic("Claude4.6Sonnet", "cache-write-input-token-count-1-hour", "0.006"), 90_000
            ),
        ),
    ),
    Workload(
        AWS, "captions", NOVA_LITE, AWS_APPS, "captions0001", "content-studio", "image-captions", company.PRODUCTION,
        (
            Metered(INPUT, _classic("NovaLite", "input-tokens-batch", "0.00003"), 9_000_000),
            Metered(OUTPUT, _classic("NovaLite", "output-tokens-batch", "0.00012"), 1_100_000),
        ),
    ),
    Workload(
        AWS, "answers", OPUS, AWS_APPS, "answers00001", "assistant", "answers", company.PRODUCTION,
        (
            Metered(INPUT, _mantle("anthropic.claude-opus-4-8", "input-tokens", "0.005"), 700_000),
            Metered(OUTPUT, _mantle("anthropic.claude-opus-4-8", "output-tokens", "0.025"), 130_000),
            Metered(CACHE_READ, _mantle("anthropic.claude-opus-4-8", "cache-read-tokens", "0.0005"), 1_900_000),
        ),
    ),
    Workload(
        AWS, "sql", OPUS_MARKET, AWS_APPS, "sqlcopilot01", "data-platform", "sql-copilot", company.PRODUCTION,
        (
            Metered(INPUT, _OPUS_MARKET_INPUT, 600_000),
            Metered(INPUT, _market("input_tokens_long_ctx_global_standard", "10.00"), 350_000),
            Metered(OUTPUT, _OPUS_MARKET_OUTPUT, 90_000),
        ),
    ),
    # The same prompts, night by night, on each of the three routes.
    _evaluation(
        SONNET, "evaluation01",
        _classic("Claude4.6Sonnet", "input-tokens", "0.003"), _classic("Claude4.6Sonnet", "output-tokens", "0.015"),
    ),
    _evaluation(
        OPUS, "evaluation02",
        _mantle("anthropic.claude-opus-4-8", "input-tokens", "0.005"),
        _mantle("anthropic.claude-opus-4-8", "output-tokens", "0.025"),
    ),
    _evaluation(OPUS_MARKET, "evaluation03", _OPUS_MARKET_INPUT, _OPUS_MARKET_OUTPUT),
    # Somebody tries something out: no profile, no tag, an account that no seed knows.
    Workload(
        AWS, "try-outs", NOVA_PRO, AWS_SANDBOX, None, None, None, company.DEVELOPMENT,
        (
            Metered(INPUT, _classic("NovaPro", "input-tokens", "0.0008"), 800_000),
            Metered(OUTPUT, _classic("NovaPro", "output-tokens", "0.0032"), 70_000),
        ),
    ),
    # The bank has no profiles: who called is the principal.
    Workload(
        AWS_BANK, "credit memos", SONNET, AWS_BANK_PRODUCTION, "assumed-role/CreditMemo/prod-1", "risk-models",
        "credit-memo", company.PRODUCTION,
        (
            Metered(INPUT, _classic("Claude4.6Sonnet", "input-tokens", "0.003"), 1_100_000),
            Metered(OUTPUT, _classic("Claude4.6Sonnet", "output-tokens", "0.015"), 120_000),
        ),
    ),
    Workload(
        AWS_BANK, "screening", NOVA_LITE, AWS_BANK_PRODUCTION, "assumed-role/PaymentScreening/prod-7", "fraud",
        "payment-screening", company.PRODUCTION,
        (
            Metered(INPUT, _classic("NovaLite", "input-tokens-cross-region-global", "0.00006"), 6_000_000),
            Metered(OUTPUT, _classic("NovaLite", "output-tokens-cross-region-global", "0.00024"), 300_000),
        ),
    ),
    Workload(
        AWS_BANK, "policies", SONNET, AWS_BANK_PRODUCTION, "assumed-role/PolicyCheck/prod-2", "compliance",
        "policy-check", company.PRODUCTION,
        (
            Metered(INPUT, _classic("Claude4.6Sonnet", "input-tokens", "0.003"), 500_000),
            Metered(OUTPUT, _classic("Claude4.6Sonnet", "output-tokens", "0.015"), 40_000),
            Metered(CACHE_READ, _classic("Claude4.6Sonnet", "cache-read-input-token-count", "0.0003"), 900_000),
        ),
    ),
    # A person, signed in with a name that is an address.
    Workload(
        AWS_BANK, "an analyst", HAIKU, AWS_BANK_PRODUCTION,
        f"assumed-role/Analyst/{next(mail for mail, team in company.PEOPLE if team == 'risk-models')}", "risk-models",
        None, company.DEVELOPMENT,
        (
            Metered(INPUT, _classic("Claude4.5Haiku", "input-tokens", "0.001"), 200_000),
            Metered(OUTPUT, _classic("Claude4.5Haiku", "output-tokens", "0.005"), 30_000),
        ),
    ),
    Workload(
        AZURE, "chat summaries", GPT, AZURE_APPS, "assistant-prod", "assistant", "chat-summaries", company.PRODUCTION,
        (
            Metered(INPUT, _azure("5.1 Inp Gl 1M Tokens", "1.25"), 12_000_000),
            Metered(CACHE_READ, _azure("5.1 cd inp Gl 1M Tokens", "0.125"), 9_000_000),
            Metered(OUTPUT, _azure("5.1 opt Gl 1M Tokens", "10.00"), 900_000),
        ),
    ),
    Workload(
        AZURE, "listings", GPT_4O, AZURE_APPS, "content-prod", "content-studio", "listing-writer", company.PRODUCTION,
        (
            Metered(INPUT, _azure("gpt 4o 0513 Input global Tokens", "0.005"), 1_500_000),
            Metered(OUTPUT, _azure("gpt 4o 0513 Output global Tokens", "0.015"), 220_000),
        ),
    ),
    Workload(
        AZURE, "clean-up", GPT, AZURE_APPS, "merchant-prod", "merchant-tools", "catalogue-cleanup", company.PRODUCTION,
        (
            Metered(INPUT, _azure("GPT 5.1 Batch inp Dz 1M Tokens", "0.6875"), 8_000_000),
            Metered(CACHE_READ, _azure("GPT 5.1 Batch cd inp Dz 1M Tokens", "0.06875"), 3_000_000),
            Metered(OUTPUT, _azure("GPT 5.1 Batch opt Dz 1M Tokens", "5.50"), 700_000),
        ),
    ),
    Workload(
        AZURE, "rewrites", GPT_MINI, AZURE_APPS, "search-prod", "search", "query-rewrite", company.PRODUCTION,
        (
            Metered(INPUT, _azure("5 mini pp Inp Gl 1M Tokens", "0.45"), 10_000_000),
            Metered(OUTPUT, _azure("5 mini pp opt Gl 1M Tokens", "3.60"), 1_000_000),
        ),
    ),
    Workload(
        GOOGLE, "ranking", GEMINI_FLASH, GOOGLE_SEARCH, GOOGLE_SEARCH, "search", "ranking", company.PRODUCTION,
        (
            Metered(INPUT, _gemini("Gemini 2.5 Flash GA Text Input - Predictions", "0.30"), 20_000_000),
            Metered(OUTPUT, _gemini("Gemini 2.5 Flash GA Text Output - Predictions", "2.50"), 1_500_000),
            Metered(OUTPUT, _gemini("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "2.50"), 800_000),
        ),
    ),
    Workload(
        GOOGLE, "translation", GEMINI_PRO, GOOGLE_CONTENT, GOOGLE_CONTENT, "content-studio", "translation",
        company.PRODUCTION,
        (
            Metered(INPUT, _gemini("Gemini 2.5 Pro GA Text Input - Predictions", "1.25"), 5_000_000),
            Metered(INPUT, _gemini("Gemini 2.5 Pro GA Text Input (Long) - Predictions", "2.50"), 1_200_000),
            Metered(OUTPUT, _PRO_OUTPUT, 600_000),
        ),
    ),
    Workload(
        GOOGLE, "index", GEMINI_FLASH, GOOGLE_SEARCH, GOOGLE_SEARCH, "search", "semantic-index", company.PRODUCTION,
        (
            Metered(INPUT, _gemini("Gemini 2.5 Flash GA Text Input - Batch Predictions", "0.15"), 15_000_000),
            Metered(OUTPUT, _gemini("Gemini 2.5 Flash GA Text Output - Batch Predictions", "1.25"), 900_000),
        ),
    ),
)  # fmt: skip
# Google billed this line of a September day at a wrong price, and mends it on the bill of the month after.
CORRECTED_SKU = _PRO_OUTPUT
_PROMPTS = sorted({workload.prompts for workload in WORKLOADS})


def token_uses(seed: int, day: date) -> Iterator[TokenUse]:
    """What every workload used on a day. The same prompts are the same counts, kind by kind."""
    weight = WEEKEND_PERCENT if day.weekday() >= 5 else 100
    for workload in WORKLOADS:
        path = [seed, day.toordinal(), 2, _PROMPTS.index(workload.prompts)]
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(path)))
        for metered in workload.metered:
            usual = metered.usual * weight // 100
            tokens = int(random.integers(usual * LEAST_PERCENT // 100, usual * MOST_PERCENT // 100))
            yield TokenUse(day, workload, metered, tokens)
