"""Writes docs/tables.md from the contracts of the published tables. Run by `make docs`; a test compares."""

from pathlib import Path

from orchestration.contracts import Contract, published_contracts

TARGET = Path(__file__).with_name("tables.md")


def page() -> str:
    """The whole page."""
    lines = ["# Published tables", "", "Written by `make docs` from `data_contracts/published/`; do not edit.", ""]
    for name, contract in published_contracts().items():
        lines += table(name, contract)
    return "\n".join(lines)


def table(name: str, contract: Contract) -> list[str]:
    """One table: the question, the grain, the rules that every publication passed, the columns."""
    lines = [f"## {name}", "", f"{contract.description} {contract.grain} Contract {contract.version}.", ""]
    lines += ["Checked before every publication:", ""]
    lines += [f"- {rule.name}" + (" (warning)" if rule.severity == "warning" else "") for rule in contract.rules]
    lines += ["", "| column | type | |", "| --- | --- | --- |"]
    lines += [f"| `{column.name}` | {column.physical_type} | {column.description} |" for column in contract.columns]
    return [*lines, ""]


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
