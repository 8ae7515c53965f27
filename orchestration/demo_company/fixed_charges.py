"""What Larkfield buys beside requests: seats, contracts, lines that people enter by hand, a credit and a tax.

Plain rows with exact amounts, derived from the months and the switches. `truth.py` counts them and `drops.py` writes
them into files; neither invents one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from orchestration.demo_company import company
from orchestration.demo_company.prices import CONTRACT_ID, CONTRACT_START
from orchestration.demo_company.switches import CREDIT_ON, Switches

CREDIT_TEXT = "Promotional credit"
CREDIT = Decimal("-25")
# On Anthropic's API usage; the vendor prints it on the invoice only, so the line is entered by hand.
TAX_RATE = Decimal("0.07")
EURO_TEAMS = ("risk-models", "fraud", "compliance")
IDLE_CONTRACT, IDLE_MONTHLY = "CV-PTU-7", Decimal("6400.00")
SHADOW_PROVIDER, SHADOW_MONTHLY = "Scribewell AI", Decimal("640.00")
GPU_MONTHLY = Decimal("18400.00")


@dataclass(frozen=True)
class ManualLine:
    """One line of the manual file. Fields are its columns; None is an empty cell."""

    line_id: str
    period: str
    provider_name: str
    service_name: str
    service_category: str
    description: str
    charge_category: str
    amount: Decimal
    effective_amount: Decimal | None
    currency: str
    owner: str
    legal_entity: str
    posting: str
    treatment: str
    service_start_date: date | None
    service_end_date: date | None
    useful_life_months: int | None
    workload_phase: str
    is_ai: str
    invoice_id: str | None

    @property
    def month(self) -> date:
        return date.fromisoformat(f"{self.period}-01")


@dataclass(frozen=True)
class Seat:
    """One seat of one person for one whole month. Fields are columns of the seat file; `seat_end` is exclusive."""

    period: str
    vendor: str
    product: str
    billing_account_id: str
    plan: str
    principal_id: str
    principal_email: str
    team_id: str
    cost_centre: str
    seat_start: date
    seat_end: date
    unit_price: Decimal
    currency: str
    billing_cycle: str
    invoice_id: str
    last_activity_at: str | None
    source: str


@dataclass(frozen=True)
class Commitment:
    """One contract that promises a spend or a number of seats. Fields are columns of the commitments file."""

    contract_id: str
    vendor: str
    product: str
    kind: str
    start_date: date
    end_date: date
    committed_amount: Decimal
    currency: str
    billing: str
    note: str


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month + timedelta(days=32)).replace(day=1)


def is_idle(mail: str) -> bool:
    """Whether a person has seats and never uses them: every seventh."""
    return [person for person, _ in company.PEOPLE].index(mail) % 7 == 6


def seats(month: date, chosen: Switches) -> tuple[Seat, ...]:
    """The seats of one month, by product. With a second currency, the bank's ChatGPT seats are bought in euros."""
    rows = []
    for mail, team in company.CHATGPT_PEOPLE:
        is_euro = chosen.second_currency and team in EURO_TEAMS
        price, currency = (Decimal("54.00"), "EUR") if is_euro else (Decimal("60.00"), "USD")
        rows.append(_seat("OpenAI", "ChatGPT Enterprise", "enterprise", mail, team, month, price, currency))
    for mail, team in company.COPILOT_PEOPLE:
        rows.append(_seat("GitHub", "GitHub Copilot", "business", mail, team, month, Decimal("19.00"), "USD"))
    for mail, team in company.CURSOR_PEOPLE:
        rows.append(_seat("Cursor", "Cursor", "teams", mail, team, month, Decimal("40.00"), "USD"))
    return tuple(rows)


def _seat(
    vendor: str, product: str, plan: str, mail: str, team: str, month: date, price: Decimal, currency: str
) -> Seat:
    centre = next(entry.cost_centre for entry in company.TEAMS if entry.name == team)
    last_day = next_month(month) - timedelta(days=2)
    return Seat(
        f"{month:%Y-%m}",
        vendor,
        product,
        seat_account(vendor, currency),
        plan,
        mail.split("@")[0],
        mail,
        team,
        centre,
        month,
        next_month(month),
        price,
        currency,
        "monthly",
        seat_invoice(product, currency, month),
        None if is_idle(mail) else f"{last_day}T15:30:00Z",
        "admin console",
    )


def seat_account(vendor: str, currency: str) -> str:
    """The account to which a seller bills its seats; the bank has one of its own for those in euros."""
    chat = company.CHATGPT_BANK_ACCOUNT if currency == "EUR" else company.CHATGPT_ACCOUNT
    return {"OpenAI": chat, "GitHub": company.GITHUB_ORGANIZATION, "Cursor": company.CURSOR_TEAM}[vendor]


def seat_invoice(product: str, currency: str, month: date) -> str:
    """The number of the invoice that bills a product's seats of a month."""
    name = product.split()[-1] if product.startswith("GitHub") else product.split()[0]
    return f"{name.upper()}-{month:%Y%m}-{currency}"


def manual_lines(months: tuple[date, ...], chosen: Switches, taxes: Mapping[date, Decimal]) -> tuple[ManualLine, ...]:
    """All hand-entered lines of the months. `taxes` is the tax of each month in US dollars."""
    rows: list[ManualLine] = []
    for month in months:
        rows += _usual_lines(month)
        if chosen.second_currency:
            rows.append(
                _line(
                    "support-contract",
                    month,
                    ("Brightdesk", "Support contract", "Business Applications", "Assistant escalation desk"),
                    Decimal("2150.00"),
                    "support-automation",
                    phase="people",
                    category="Purchase",
                    currency="EUR",
                    invoice=f"BD-{month:%m}",
                )
            )
        if chosen.shadow_vendor:
            rows.append(
                _line(
                    "card-scribewell",
                    month,
                    (SHADOW_PROVIDER, "Meeting notes", "Business Applications", "Paid by card, never approved"),
                    SHADOW_MONTHLY,
                    "content-studio",
                    phase="inference",
                    invoice=f"SW-{month:%Y%m}",
                )
            )
        if chosen.idle_commitment:
            rows.append(
                _line(
                    "provisioned-inference",
                    month,
                    ("Corevale", "Provisioned inference", "AI and Machine Learning", f"Commitment {IDLE_CONTRACT}"),
                    IDLE_MONTHLY,
                    "risk-models",
                    phase="inference",
                    category="Purchase",
                    invoice=f"CV-P-{month:%Y%m}",
                )
            )
        if chosen.tax_line:
            rows.append(
                _line(
                    "anthropic-tax",
                    month,
                    ("Anthropic", "Claude API", "AI and Machine Learning", "Sales tax as printed on the invoice"),
                    taxes[month],
                    "data-platform",
                    phase="inference",
                    category="Tax",
                    invoice=f"ANTHROPIC-{month:%Y%m}",
                )
            )
    return tuple(rows)


def _usual_lines(month: date) -> list[ManualLine]:
    licence = ("Evalworks", "Evaluation suite", "Developer Tools")
    term = (date(2026, 8, 1), date(2027, 8, 1))
    rows = []
    if month == term[0]:
        rows.append(
            _line(
                "eval-suite-purchase",
                month,
                (*licence, "Annual licence paid upfront"),
                Decimal("12000.00"),
                "risk-models",
                effective=Decimal(0),
                phase="evaluation",
                category="Purchase",
                entity="Larkfield Bank Ltd",
                treatment="prepaid",
                term=term,
                invoice="EVW-2231",
            )
        )
    if month >= term[0]:
        rows.append(
            _line(
                "eval-suite-use",
                month,
                (*licence, "Annual licence (month)"),
                Decimal(0),
                "risk-models",
                effective=Decimal("1000.00"),
                phase="evaluation",
                entity="Larkfield Bank Ltd",
                treatment="prepaid",
                term=term,
            )
        )
    return [
        *rows,
        _line(
            "gpu-workstations",
            month,
            ("Larkfield Inc", "Developer hardware", "Compute", "Four GPU workstations (month)"),
            Decimal("1388.89"),
            "data-platform",
            phase="initial training",
            posting="memo",
            treatment="capitalised",
            term=(date(2026, 2, 1), date(2029, 2, 1)),
            life=36,
        ),
        _line(
            "labelling-people",
            month,
            ("Larkfield Inc", "Labelling team", "Other", "Two annotators"),
            Decimal("9600.00"),
            "assistant",
            phase="data pipeline",
            posting="memo",
        ),
        _line(
            "gpu-cluster",
            month,
            ("Corevale", "GPU cluster", "Compute", "Sixteen reserved GPUs (month)"),
            GPU_MONTHLY,
            "data-platform",
            phase="initial training",
            invoice=f"CV-{month:%Y%m}",
        ),
    ]


def _line(
    line_id: str,
    month: date,
    what: tuple[str, str, str, str],
    amount: Decimal,
    owner: str,
    phase: str,
    effective: Decimal | None = None,
    category: str = "Usage",
    currency: str = "USD",
    entity: str = "Larkfield Inc",
    posting: str = "journal",
    treatment: str = "expense",
    term: tuple[date, date] | None = None,
    life: int | None = None,
    invoice: str | None = None,
) -> ManualLine:
    start, end = term or (None, None)
    return ManualLine(
        line_id,
        f"{month:%Y-%m}",
        *what,
        category,
        amount,
        effective,
        currency,
        owner,
        entity,
        posting,
        treatment,
        start,
        end,
        life,
        phase,
        "true",
        invoice,
    )


def commitments(chosen: Switches) -> tuple[Commitment, ...]:
    """The contracts in force. The idle one is paid every month and nothing ever uses it."""
    year = (date(2026, 1, 1), date(2027, 1, 1))
    gpu = ("CV-GPU-1", "Corevale", "GPU cluster", "reserved_capacity")
    chat = ("OA-ENT-1", "OpenAI", "ChatGPT Enterprise", "seats")
    minimum = (CONTRACT_ID, "Anthropic", "Claude API", "minimum_spend")
    idle = (IDLE_CONTRACT, "Corevale", "Provisioned inference", "provisioned_throughput")
    rows = [
        Commitment(*minimum, CONTRACT_START, year[1], Decimal("1200.00"), "USD", "monthly", "10 % off list"),
        Commitment(*gpu, *year, GPU_MONTHLY * 12, "USD", "monthly", ""),
        Commitment(*chat, *year, Decimal("21600.00"), "USD", "monthly", f"{len(company.CHATGPT_PEOPLE)} seats"),
    ]
    if chosen.idle_commitment:
        rows.append(Commitment(*idle, *year, IDLE_MONTHLY * 12, "USD", "monthly", "for a launch that was put off"))
    return tuple(rows)


def credits(chosen: Switches) -> tuple[tuple[date, Decimal], ...]:
    """Credits on OpenAI's bill: day and negative amount in US dollars. They belong to no project."""
    return ((CREDIT_ON, CREDIT),) if chosen.credit else ()
