"""Meterhouse at its two ends: what comes in (sources, landing, contracts) and what goes out (publish, books).

Everything between is SQL in `dbt_project/`.
"""
