"""What a run says while it goes: one logger, `meterhouse`, that the command line prints and Dagster collects."""

import logging

logger = logging.getLogger("meterhouse")
