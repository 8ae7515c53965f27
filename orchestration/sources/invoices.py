"""The register of invoices that accounts payable keeps, as CSV: what a vendor asks for, to compare with its charges."""

from orchestration.sources import files
from orchestration.sources.base import SourceTable, Vendor
from orchestration.sources.people_files import agreed_columns

INVOICES = Vendor("invoices", (SourceTable("register", files.deliveries, agreed_columns("invoice register")),))
