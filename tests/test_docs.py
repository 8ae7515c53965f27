"""What the documents say is what the project does."""

import re
import runpy
from pathlib import Path

from orchestration.contracts import published_contracts
from orchestration.paths import PROJECT
from tests.conftest import Larkfield

DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")]


def test_the_page_of_tables_is_the_one_that_the_contracts_give() -> None:
    generated = runpy.run_path(str(PROJECT / "docs" / "generate_tables.py"))["page"]()
    assert (PROJECT / "docs" / "tables.md").read_text() == generated, "run `make docs`"


def test_the_readme_shows_what_a_run_really_prints(larkfield: Larkfield) -> None:
    block = re.search(r"```\n(land  .*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert block
    printed = [line.rstrip() for line in larkfield.first.output.splitlines()]
    for part in block.group(1).replace("var/published", f"{larkfield.home}/published").split("...\n"):
        shown = [line.rstrip() for line in part.rstrip().splitlines()]
        start = printed.index(shown[0])
        assert printed[start : start + len(shown)] == shown


def test_the_readme_and_the_changelog_name_every_published_table() -> None:
    for document in ("README.md", "CHANGELOG.md"):
        text = (PROJECT / document).read_text()
        assert [table for table in published_contracts() if f"`{table}`" not in text] == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    missing = [
        (document.name, target)
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text())
        if not (document.parent / Path(target)).exists()
    ]
    assert missing == []


def test_every_decision_is_in_the_list() -> None:
    folder = PROJECT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    assert [page.name for page in folder.glob("0*.md") if page.name not in listed] == []


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    import subprocess

    names = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    host = "pypi" + ".org"
    found = []
    for name in names:
        text = (PROJECT / name).read_text(encoding="utf-8", errors="ignore")
        if host in text or "pythonhosted" + ".org" in text or re.search(r"(^|[^\w.])/(work|root)/", text):
            found.append(name)
    assert found == []
