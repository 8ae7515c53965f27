"""What a run says while it goes: one logger, `meterhouse`, that the command line prints and Dagster collects."""

import atexit
import logging
import os

logger = logging.getLogger("meterhouse")


def mute_teardown() -> None:
    """Keeps DuckDB's bindings from printing a page about leaked references while Python tears its modules down.

    Call it first: handlers run in reverse order, so everything that others print at exit is still seen.
    """

    def mute() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    atexit.register(mute)
