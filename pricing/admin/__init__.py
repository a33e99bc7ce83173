from pricing.admin import (
    account,
    assignment,
    bill,
    biller,
    demand,
    dynamic,
    panels,
    payment,
    session_course,
    signal,
    statement,
    tariff,
)

__all__ = [
    "account",
    "assignment",
    "bill",
    "biller",
    "demand",
    "dynamic",
    "panels",
    "payment",
    "session_course",
    "signal",
    "statement",
    "tariff",
]
