"""The invoice register: what adds up is landed, what does not is rejected."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from tests.deliveries import csv_text, write_bytes
from tests.vendor import land, landed_rows

SAMPLE = Path(__file__).parent / "samples" / "invoices_register.csv"
ROWS = list(csv.DictReader(io.StringIO(SAMPLE.read_text())))


def test_invoices_are_kept_by_billing_period_to_the_last_digit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,) = land(tmp_path, monkeypatch, "invoices", "register", str(SAMPLE))
    assert (outcome.status, outcome.partition, outcome.row_count) == ("landed", "2026-10", 2)
    assert landed_rows(tmp_path, "invoices", "register", "invoice_id, total_amount, credit_amount") == [
        ("ANTHROPIC-202610", Decimal(107), None),
        ("OPENAI-202610", Decimal("984.567890123456789"), Decimal(-250)),
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([ROWS[0] | {"total_amount": "984.57"}], "add up to the total"),
        ([ROWS[1] | {"tax_amount": ""}], "add up to the total"),
        ([ROWS[0], ROWS[0]], "stands once"),
        ([ROWS[0] | {"currency": "usd"}], "agreed form"),
        ([ROWS[0] | {"total_amount": "984,57"}], "decimal"),
    ],
    ids=["total", "no tax", "twice", "currency", "comma"],
)
def test_an_invoice_that_does_not_add_up_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, str]], words: str
) -> None:
    path = write_bytes(tmp_path / "invoices.csv", csv_text(rows).encode())
    (outcome,) = land(tmp_path / "home", monkeypatch, "invoices", "register", str(path))
    assert outcome.status == "rejected"
    assert words in outcome.message
