"""Dates of listings: months in the languages that servers speak, years that are left out, two-digit years.

A time without a zone is taken as UTC. What is no date (30:01, Feb 30) gives None: the line is then no entry of that
family. Knows no family.
"""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["MONTH", "century", "moment", "month", "recent"]

_MONTHS: dict[str, int] = {}
for _names in (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mär apr mai jun jul aug sep okt nov dez",  # German
    "janv févr mars avr mai juin juil août sept oct nov déc",  # French
    "jan fév mar avr mai jun jui aoû sep oct nov déc",
    "jan fev mar avr mai jun jui aou sep oct nov dec",
    "ene feb mar abr may jun jul ago sep oct nov dic",  # Spanish
    "gen feb mar apr mag giu lug ago set ott nov dic",  # Italian
    "jan feb mrt apr mei jun jul aug sep okt nov dec",  # Dutch
    "jan fev mar abr mai jun jul ago set out nov dez",  # Portuguese
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",  # Polish
    "jan feb mar apr maj jun jul avg sep okt nov des",  # Slovenian, Serbian; Norwegian
    "jan feb mar apr máj jún júl aug sep okt nov dec",  # Slovak
    "led úno bře dub kvě čen čec srp zář říj lis pro",  # Czech
    "jan febr márc ápr máj jún júl aug szept okt nov dec",  # Hungarian
    "ian feb mar apr mai iun iul aug sept oct noi dec",  # Romanian
    "jan shk mar pri maj qer kor gsh sht tet nën dhj",  # Albanian
    "oca şub mar nis may haz tem ağu eyl eki kas ara",  # Turkish
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",  # Finnish
    "янв фев мар апр май июн июл авг сен окт ноя дек",  # Russian
    "янв февр мая",
    "січ лют бер кві тра чер лип сер вер жов лис гру",  # Ukrainian
    "яну фев мар апр май юни юли авг сеп окт ное дек",  # Bulgarian
    "ιαν φεβ μαρ απρ μαϊ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",  # Greek
):
    for _number, _name in enumerate(_names.split(), 1):
        _MONTHS.setdefault(_name, _number)
_MONTHS["мая"] = _MONTHS["μαΐ"] = 5  # "of May"

# a month by name, whole or cut, with or without a full stop
MONTH = "(?i:" + "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)) + r")[^\W\d]{0,7}\.?"


def month(text: str) -> int | None:
    """The number of a month's name, in any of the languages, whole or cut to three letters and more."""
    word = text.lower().rstrip(".,")
    return _MONTHS.get(word) or next((_MONTHS[word[:n]] for n in (6, 5, 4, 3) if word[:n] in _MONTHS), None)


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> dt.datetime | None:
    """A time in UTC; None where there is no such."""
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        return None


def recent(today: dt.date, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime | None:
    """A date without a year: the last such day, a day of time zones ahead allowed."""
    for year in (today.year + 1, today.year, today.year - 1, today.year - 2, today.year - 3, today.year - 4):
        found = moment(year, month, day, hour, minute) if 0 < year < 10_000 else None
        if found is not None and (found.date() - today).days <= 1:
            return found
    return None


def century(year: str) -> int:
    """A year of four digits, or of two: 70 to 99 are of the last century; of three: since 1900, as C counts."""
    if len(year) == 3:
        return 1900 + int(year)
    return int(year) if len(year) > 2 else int(year) + (1900 if int(year) >= 70 else 2000)
