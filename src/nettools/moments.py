"""A moment as people give it: a date, a date and time, or an age such as "7d"."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from nettools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["moment"]


def moment(value: str | dt.date | dt.datetime | Path) -> dt.datetime:
    """A moment: a datetime, a date, or an age such as "7d", "12h", "30m", "2w" before now."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.astimezone()
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    text = str(value).strip()
    try:
        if text[-1:] in units and text[:-1].isdigit():
            return dt.datetime.now(dt.UTC) - dt.timedelta(**{units[text[-1]]: int(text[:-1])})
        found = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no date or age", hint='a date is "2026-01-31", an age "7d", "12h" or "2w"'
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
