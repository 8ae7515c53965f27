"""The other side of `overhead.py`: runs SQL statements in a new DuckDB file, and imports DuckDB alone.

The plan is JSON: `{"database": path, "settings": [sql], "statements": [sql]}`; `overhead.py` writes it.
"""

import json
import sys
from pathlib import Path

import duckdb


def run(plan: Path) -> None:
    """Executes every statement of the plan, in order."""
    content = json.loads(plan.read_text(encoding="utf-8"))
    with duckdb.connect(content["database"]) as connection:
        for statement in (*content["settings"], *content["statements"]):
            connection.execute(statement)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
