"""The made-up company Larkfield as it is: teams, features, customers, people, keys, and which traffic takes which way.

Constants only, nothing random: what happened on a day is in `causes.py`, what it costs in `prices.py`. A route's owner
is what is true; whether a reader of bills and logs can find it out depends on the keys and tags that the route uses.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

OPENAI_ACCOUNT = "org-larkfield"
ANTHROPIC_ACCOUNT = "ant-larkfield-01"
GITHUB_ORGANIZATION = "larkfield"
CURSOR_TEAM = "larkfield-team"
# ChatGPT's seats have an account of their own, and the bank buys its own when it pays in euros.
CHATGPT_ACCOUNT, CHATGPT_BANK_ACCOUNT = "chatgpt-larkfield", "chatgpt-larkfield-bank"
ACCOUNTS = {"openai": OPENAI_ACCOUNT, "anthropic": ANTHROPIC_ACCOUNT}

PRODUCTION, STAGING, DEVELOPMENT = "production", "staging", "development"

# The day the demo pretends it is, and the earlier day on which a first landing may take place.
TODAY = date(2026, 11, 3)
CUT = date(2026, 10, 21)
LAST_MONTH = date(2026, 10, 1)
END = date(2026, 11, 1)

GPT = "gpt-5.1-2025-11-13"
GPT_MINI = "gpt-5-mini-2025-08-07"
GPT_NANO = "gpt-5-nano-2025-08-07"
GPT_LONG = "gpt-5.4-2026-03-05"
GPT_LUNA = "gpt-5.6-luna"
GPT_UNKNOWN = "gpt-6.2-nova"
EMBEDDING = "text-embedding-3-small"
OPUS = "claude-opus-4-6"
SONNET_OLD = "claude-sonnet-4-6"
SONNET = "claude-sonnet-5-20260212"
SONNET_BANDED = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"

# From how many input tokens on (exclusive) a request counts as long context. Anthropic reports the band for every
# model, OpenAI only for those that have a second price.
LONG_CONTEXT = {GPT_LONG: 272_000, GPT_LUNA: 272_000, OPUS: 200_000, SONNET_OLD: 200_000, SONNET: 200_000}
LONG_CONTEXT |= {SONNET_BANDED: 200_000, HAIKU: 200_000}
CONTEXT_WINDOW = {EMBEDDING: 8_192, HAIKU: 200_000, GPT: 400_000, GPT_MINI: 400_000, GPT_NANO: 400_000}
LARGEST_WINDOW = 1_000_000


@dataclass(frozen=True)
class CostCentre:
    """One cost centre and the legal entity that owns it."""

    code: str
    name: str
    department: str
    business_unit: str
    entity: str


@dataclass(frozen=True)
class Team:
    """One team and where its cost is booked."""

    name: str
    cost_centre: str


@dataclass(frozen=True)
class Feature:
    """Something customers or employees use. Its owner builds it; on shared features other teams cause the traffic."""

    name: str
    owner: str
    product: str
    use_case: str
    is_customer_facing: bool
    is_shared: bool = False


@dataclass(frozen=True)
class Profile:
    """How large the requests of a route are. Shares are per cent of the input; sizes are tokens (medians)."""

    input_tokens: int
    spread: float
    cached: int
    written_5m: int
    written_1h: int
    output_tokens: int
    web_search: int = 0


@dataclass(frozen=True)
class ProviderKey:
    """A key at a vendor. `feature` and `team` are what the books of the company say, None where they say nothing."""

    key: str
    vendor: str
    place: str | None
    name: str
    team: str | None
    feature: str | None
    environment: str | None
    person: str | None = None


@dataclass(frozen=True)
class Route:
    """Traffic of one feature in one environment to one model over one key. Weight is its share of a usual day."""

    name: str
    feature: str
    team: str
    environment: str
    model: str
    provider_key: str
    gateway_alias: str | None
    weight: int
    profile: Profile
    batch: int = 0
    priority: int = 0


COST_CENTRES = (
    CostCentre("CC-1100", "Search and Discovery", "Engineering", "Marketplace", "Larkfield Inc"),
    CostCentre("CC-1150", "Recommendations", "Engineering", "Marketplace", "Larkfield Inc"),
    CostCentre("CC-1200", "Customer Assistant", "Engineering", "Marketplace", "Larkfield Inc"),
    CostCentre("CC-1300", "Content Studio", "Product", "Marketplace", "Larkfield Inc"),
    CostCentre("CC-1400", "Merchant Tools", "Product", "Marketplace", "Larkfield Inc"),
    CostCentre("CC-2100", "Credit Risk Models", "Risk", "Financial Services", "Larkfield Bank Ltd"),
    CostCentre("CC-2200", "Fraud", "Risk", "Financial Services", "Larkfield Bank Ltd"),
    CostCentre("CC-2300", "Compliance", "Risk", "Financial Services", "Larkfield Bank Ltd"),
    CostCentre("CC-3100", "Data Platform", "Engineering", "Shared Technology", "Larkfield Inc"),
    CostCentre("CC-3200", "Support Automation", "Operations", "Shared Technology", "Larkfield Inc"),
    CostCentre("CC-3300", "Developer Experience", "Engineering", "Shared Technology", "Larkfield Inc"),
    CostCentre("CC-4100", "People Operations", "Administration", "Corporate", "Larkfield Inc"),
)
TEAMS = (
    Team("search", "CC-1100"),
    Team("recommendations", "CC-1150"),
    Team("assistant", "CC-1200"),
    Team("content-studio", "CC-1300"),
    Team("merchant-tools", "CC-1400"),
    Team("risk-models", "CC-2100"),
    Team("fraud", "CC-2200"),
    Team("compliance", "CC-2300"),
    Team("data-platform", "CC-3100"),
    Team("support-automation", "CC-3200"),
    Team("developer-experience", "CC-3300"),
    Team("people-operations", "CC-4100"),
)
FEATURES = (
    Feature("ranking", "search", "marketplace", "search", True),
    Feature("query-rewrite", "search", "marketplace", "search", True),
    Feature("semantic-index", "search", "marketplace", "embedding", True, is_shared=True),
    Feature("similar-items", "recommendations", "marketplace", "embedding", True),
    Feature("homepage-picks", "recommendations", "marketplace", "recommendation", True),
    Feature("answers", "assistant", "marketplace", "conversation", True),
    Feature("chat-summaries", "assistant", "marketplace", "summarisation", True),
    Feature("listing-writer", "content-studio", "merchant-suite", "generation", True),
    Feature("image-captions", "content-studio", "merchant-suite", "generation", True),
    Feature("translation", "content-studio", "merchant-suite", "translation", True),
    Feature("price-hints", "merchant-tools", "merchant-suite", "classification", True),
    Feature("review-digest", "merchant-tools", "merchant-suite", "summarisation", True),
    Feature("catalogue-cleanup", "merchant-tools", "merchant-suite", "extraction", True),
    Feature("credit-memo", "risk-models", "lending", "generation", True),
    Feature("scorecard-explain", "risk-models", "lending", "explanation", True),
    Feature("dispute-triage", "fraud", "payments", "classification", True),
    Feature("payment-screening", "fraud", "payments", "classification", True),
    Feature("policy-check", "compliance", "lending", "classification", False),
    Feature("kyc-extract", "compliance", "lending", "extraction", True),
    Feature("sql-copilot", "data-platform", "internal", "coding", False),
    Feature("document-parse", "data-platform", "internal", "extraction", False, is_shared=True),
    Feature("ticket-triage", "support-automation", "support", "classification", True),
    Feature("reply-drafts", "support-automation", "support", "generation", True),
    Feature("code-review", "developer-experience", "internal", "coding", False),
    Feature("handbook-chat", "people-operations", "internal", "conversation", False),
)
FEATURE = {feature.name: feature for feature in FEATURES}

# How many customers a tier has, and how much one of them uses compared with the others.
TIERS = {"free": (150, 1), "starter": (90, 4), "business": (45, 25), "enterprise": (15, 160)}
CUSTOMERS = tuple(
    (f"cust-{number:04d}", tier)
    for number, tier in enumerate((tier for tier, (count, _) in TIERS.items() for _ in range(count)), start=1)
)

_FIRST_NAMES = ("ada", "bruno", "carla", "dmitri", "elif", "farid", "greta", "hiro", "ines", "jonas", "kemi", "lena")
_LAST_NAMES = ("archer", "bell", "castro", "duarte", "ekman")
PEOPLE = tuple(
    (f"{_FIRST_NAMES[place]}.{last}@example.org", team.name) for place, team in enumerate(TEAMS) for last in _LAST_NAMES
)
COPILOT_PEOPLE = tuple(person for number, person in enumerate(PEOPLE) if number % 3 != 2)
CURSOR_PEOPLE = tuple(person for number, person in enumerate(PEOPLE) if number % 4 == 0)
CHATGPT_PEOPLE = tuple(person for number, person in enumerate(PEOPLE) if number % 2 == 1)

PROJECTS = {
    "proj_search": "Search",
    "proj_assistant": "Assistant",
    "proj_content": "Content Studio",
    "proj_merchant": "Merchant Tools",
    "proj_gateway": "AI gateway",
    "proj_sandbox": "Sandbox",
    "proj_hackday": "Hack day",
}
# The default workspace has no id at the vendor and no entry in its list.
WORKSPACES = {
    "wrkspc_risk": "Risk",
    "wrkspc_support": "Support",
    "wrkspc_compliance": "Compliance",
    "wrkspc_gateway": "AI gateway",
}

OPENAI_GATEWAY_KEY, ANTHROPIC_GATEWAY_KEY = "key_gateway", "apikey_gateway"
ROTATED_OLD_KEY, ROTATED_NEW_KEY = "key_assistant_prod", "key_assistant_prod_2"
DELETED_KEY = "key_merchant_trial"
UNMAPPED_KEY = "key_hackday"

PROVIDER_KEYS = (
    ProviderKey("key_search_prod", "openai", "proj_search", "search production", "search", None, PRODUCTION),
    # Serves a feature that several teams use: the key alone tells the feature, not the team.
    ProviderKey("key_search_index", "openai", "proj_search", "index builder", None, "semantic-index", PRODUCTION),
    ProviderKey(ROTATED_OLD_KEY, "openai", "proj_assistant", "answers", "assistant", "answers", PRODUCTION),
    ProviderKey(ROTATED_NEW_KEY, "openai", "proj_assistant", "answers 2", "assistant", "answers", PRODUCTION),
    ProviderKey("key_content_prod", "openai", "proj_content", "content", "content-studio", None, PRODUCTION),
    ProviderKey("key_merchant_prod", "openai", "proj_merchant", "merchant", "merchant-tools", None, PRODUCTION),
    ProviderKey(DELETED_KEY, "openai", "proj_merchant", "trial", "merchant-tools", "price-hints", PRODUCTION),
    ProviderKey(
        "key_sandbox_search", "openai", "proj_sandbox", "search try-outs", "search", None, DEVELOPMENT, PEOPLE[0][0]
    ),
    ProviderKey(
        "key_sandbox_content",
        "openai",
        "proj_sandbox",
        "content try-outs",
        "content-studio",
        None,
        DEVELOPMENT,
        PEOPLE[15][0],
    ),
    ProviderKey(UNMAPPED_KEY, "openai", "proj_hackday", "hack", None, None, None, PEOPLE[16][0]),
    ProviderKey(OPENAI_GATEWAY_KEY, "openai", "proj_gateway", "gateway", None, None, None),
    ProviderKey("apikey_risk_prod", "anthropic", "wrkspc_risk", "risk", "risk-models", None, PRODUCTION),
    ProviderKey(
        "apikey_support_prod", "anthropic", "wrkspc_support", "support", "support-automation", None, PRODUCTION
    ),
    ProviderKey("apikey_kyc", "anthropic", "wrkspc_compliance", "kyc", "compliance", "kyc-extract", PRODUCTION),
    ProviderKey("apikey_handbook", "anthropic", None, "handbook", "people-operations", "handbook-chat", PRODUCTION),
    ProviderKey("apikey_review", "anthropic", None, "review bot", "developer-experience", "code-review", DEVELOPMENT),
    # Two teams try things out with it: only its environment is known.
    ProviderKey("apikey_sandbox", "anthropic", None, "sandbox", None, None, DEVELOPMENT, PEOPLE[25][0]),
    ProviderKey(ANTHROPIC_GATEWAY_KEY, "anthropic", "wrkspc_gateway", "gateway", None, None, None),
)
PROVIDER_KEY = {key.key: key for key in PROVIDER_KEYS}

SHORT = Profile(900, 0.6, 20, 0, 0, 90)
CHAT = Profile(3_200, 0.7, 35, 0, 0, 420)
SEARCHING = Profile(3_600, 0.7, 30, 0, 0, 480, web_search=20)
PROMPTED = Profile(9_000, 0.6, 70, 10, 0, 420)
DOCUMENT = Profile(24_000, 0.9, 15, 0, 15, 1_300)
RESEARCH = Profile(14_000, 0.8, 25, 10, 0, 900, web_search=35)
DOSSIER = Profile(95_000, 0.8, 20, 0, 10, 1_800)
CODEBASE = Profile(120_000, 0.8, 55, 0, 0, 1_500)
INDEXED = Profile(700, 0.5, 0, 0, 0, 0)


def gateway_alias(team: str, environment: str) -> str:
    """The alias of a team's virtual key at the gateway: `<team>-<environment>`."""
    return f"{team}-{environment}"


def gateway_hash(alias: str) -> str:
    """The gateway's own name of a virtual key, 64 hex digits."""
    return hashlib.sha256(f"larkfield gateway {alias}".encode()).hexdigest()


def _direct(
    feature: str, team: str, model: str, key: str, weight: int, profile: Profile, batch: int = 0, priority: int = 0
) -> Route:
    environment = PROVIDER_KEY[key].environment or PRODUCTION
    name = f"{feature} {team} {key} {model}"
    return Route(name, feature, team, environment, model, key, None, weight, profile, batch, priority)


def _proxied(
    feature: str,
    team: str,
    model: str,
    weight: int,
    profile: Profile,
    environment: str = PRODUCTION,
    alias: str | None = None,
) -> Route:
    key = ANTHROPIC_GATEWAY_KEY if model.startswith("claude") else OPENAI_GATEWAY_KEY
    alias = alias or gateway_alias(team, environment)
    name = f"{feature} {environment} {alias} {model}"
    return Route(name, feature, team, environment, model, key, alias, weight, profile)


_DIRECT = (
    _direct("ranking", "search", GPT_NANO, "key_search_prod", 900, SHORT),
    _direct("query-rewrite", "search", GPT_NANO, "key_search_prod", 1_200, SHORT),
    _direct("semantic-index", "search", EMBEDDING, "key_search_index", 700, INDEXED),
    _direct("semantic-index", "merchant-tools", EMBEDDING, "key_search_index", 200, INDEXED),
    _direct("listing-writer", "content-studio", GPT, "key_content_prod", 300, CHAT),
    _direct("translation", "content-studio", GPT_MINI, "key_content_prod", 400, CHAT, batch=80),
    _direct("catalogue-cleanup", "merchant-tools", GPT_LUNA, "key_merchant_prod", 250, CHAT),
    _direct("price-hints", "merchant-tools", GPT_MINI, "key_merchant_prod", 200, SHORT),
    _direct("credit-memo", "risk-models", OPUS, "apikey_risk_prod", 100, DOCUMENT),
    _direct("scorecard-explain", "risk-models", SONNET_OLD, "apikey_risk_prod", 150, PROMPTED),
    _direct("ticket-triage", "support-automation", HAIKU, "apikey_support_prod", 650, PROMPTED, batch=25),
    _direct("reply-drafts", "support-automation", SONNET, "apikey_support_prod", 350, PROMPTED),
    _direct("kyc-extract", "compliance", SONNET_BANDED, "apikey_kyc", 100, DOSSIER),
    _direct("handbook-chat", "people-operations", HAIKU, "apikey_handbook", 60, CHAT),
    _direct("code-review", "developer-experience", SONNET, "apikey_review", 150, PROMPTED),
    _direct("ranking", "search", GPT_MINI, "key_sandbox_search", 60, SHORT),
    _direct("listing-writer", "content-studio", GPT, "key_sandbox_content", 30, CHAT),
    _direct("scorecard-explain", "risk-models", SONNET_OLD, "apikey_sandbox", 20, PROMPTED),
    _direct("reply-drafts", "support-automation", SONNET, "apikey_sandbox", 20, PROMPTED),
)
_PROXIED = (
    _proxied("ranking", "search", GPT_MINI, 150, SHORT),
    _proxied("chat-summaries", "assistant", GPT_MINI, 550, CHAT),
    _proxied("similar-items", "recommendations", EMBEDDING, 600, INDEXED),
    _proxied("homepage-picks", "recommendations", GPT_NANO, 500, SHORT),
    _proxied("image-captions", "content-studio", GPT_MINI, 200, SHORT),
    _proxied("review-digest", "merchant-tools", GPT_MINI, 250, CHAT),
    _proxied("dispute-triage", "fraud", HAIKU, 200, PROMPTED),
    _proxied("payment-screening", "fraud", GPT_NANO, 450, SHORT),
    _proxied("policy-check", "compliance", SONNET, 100, RESEARCH),
    _proxied("sql-copilot", "data-platform", GPT_LONG, 120, CODEBASE),
    _proxied("document-parse", "data-platform", HAIKU, 100, DOCUMENT),
    _proxied("document-parse", "risk-models", HAIKU, 90, DOCUMENT),
    _proxied("document-parse", "compliance", HAIKU, 80, DOCUMENT),
)
_TRIED_OUT = tuple(
    _proxied(route.feature, route.team, route.model, route.weight * share // 100, route.profile, environment)
    for route in _PROXIED
    for environment, share in ((STAGING, 4), (DEVELOPMENT, 6))
)

# The routes that a switch of `switches.py` moves traffic to or from.
ANSWERS_OLD_KEY = _direct("answers", "assistant", GPT, ROTATED_OLD_KEY, 600, SEARCHING, priority=15)
ANSWERS_NEW_KEY = _direct("answers", "assistant", GPT, ROTATED_NEW_KEY, 0, SEARCHING, priority=15)
ANSWERS_OLD_MODEL = _proxied("answers", "assistant", SONNET_OLD, 250, PROMPTED)
ANSWERS_NEW_MODEL = _proxied("answers", "assistant", SONNET, 0, PROMPTED)
TRIAL = _direct("price-hints", "merchant-tools", GPT_MINI, DELETED_KEY, 60, SHORT)
HACK = _direct("listing-writer", "content-studio", GPT, UNMAPPED_KEY, 0, CHAT)
LATE_PRICED = _proxied("homepage-picks", "recommendations", GPT_UNKNOWN, 0, SHORT)
DEVELOPMENT_KEY_IN_PRODUCTION = _proxied(
    "payment-screening", "fraud", GPT_NANO, 0, SHORT, PRODUCTION, gateway_alias("fraud", DEVELOPMENT)
)
PRODUCTION_KEY_IN_DEVELOPMENT = _proxied(
    "chat-summaries", "assistant", GPT_MINI, 0, CHAT, DEVELOPMENT, gateway_alias("assistant", PRODUCTION)
)
ROUTES = (
    *_DIRECT,
    *_PROXIED,
    *_TRIED_OUT,
    ANSWERS_OLD_KEY,
    ANSWERS_NEW_KEY,
    ANSWERS_OLD_MODEL,
    ANSWERS_NEW_MODEL,
    TRIAL,
    HACK,
    LATE_PRICED,
    DEVELOPMENT_KEY_IN_PRODUCTION,
    PRODUCTION_KEY_IN_DEVELOPMENT,
)
VIRAL_FEATURE, STORM_FEATURE = "chat-summaries", "review-digest"
GATEWAY_ALIASES = tuple(sorted({route.gateway_alias for route in ROUTES if route.gateway_alias}))
