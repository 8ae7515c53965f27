"""The list of sources. A new vendor is one module here and one line below."""

from orchestration.sources.anthropic import ANTHROPIC
from orchestration.sources.azure import AZURE
from orchestration.sources.base import Vendor
from orchestration.sources.cursor import CURSOR
from orchestration.sources.drivers import DRIVERS
from orchestration.sources.focus import FOCUS
from orchestration.sources.github import GITHUB
from orchestration.sources.invoices import INVOICES
from orchestration.sources.litellm import LITELLM
from orchestration.sources.manual import MANUAL
from orchestration.sources.openai import OPENAI
from orchestration.sources.prices import PRICES
from orchestration.sources.seats import SEATS

SOURCES: dict[str, Vendor] = {
    vendor.name: vendor
    for vendor in (FOCUS, MANUAL, OPENAI, ANTHROPIC, LITELLM, GITHUB, CURSOR, SEATS, DRIVERS, INVOICES, PRICES, AZURE)
}
