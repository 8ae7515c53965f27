"""The list of sources. A new vendor is one module here and one line below."""

from orchestration.sources.base import Vendor
from orchestration.sources.focus import FOCUS
from orchestration.sources.manual import MANUAL

SOURCES: dict[str, Vendor] = {vendor.name: vendor for vendor in (FOCUS, MANUAL)}
