"""Seats that are paid by contract, from a generic CSV that procurement or an admin console gives: one row a seat and
charge month. Seat lists that a vendor's API tells without prices have modules of their own.
"""

from orchestration.sources import people_files
from orchestration.sources.base import SourceTable, Vendor

SEATS = Vendor(
    "seats", (SourceTable("seat_months", people_files.deliveries, people_files.agreed_columns("seat file")),)
)
