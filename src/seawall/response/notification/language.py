"""Load the languages of letters: sentences from `languages/`, dates, numbers and plural forms from CLDR (Babel)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from seawall.response.errors import CaseInvalid
from seawall_base.safe_text import visible
from seawall_base.times import moment

if TYPE_CHECKING:
    from babel import Locale

_FOLDER: Final = "languages"
LONGEST_VALUE: Final = 400
"""Characters of one log value in a sentence. The enclosures have the full value."""


LONGEST_CELL: Final = 120
"""Characters of one log value in a table, enough for message ids. The enclosures have the full value."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language and one time zone.

    Values are made visible before they enter a sentence, and a sentence is formatted only once. A value that looks
    like a placeholder therefore stays text.
    """

    tag: str
    zone: ZoneInfo
    _words: dict[str, Any]
    _locale: Locale

    @property
    def is_english(self) -> bool:
        """Return whether this is English, the language of the analysis's sentences."""
        return self._locale.language == "en"

    def say(self, key: str, **values: Any) -> str:
        """Return a sentence with its values; `count` selects the plural form."""
        words = self._words
        for part in key.split("."):
            words = words[part]
        if isinstance(words, dict):
            words = words[self._locale.plural_form(values["count"])]
        if not isinstance(words, str):
            raise TypeError(f"{key} is no sentence")
        return words.format_map({name: self.format_value(value) for name, value in values.items()})

    def items(self, key: str) -> tuple[str, ...]:
        """Return a list of sentences without values."""
        section, name = key.split(".")
        return tuple(self._words[section][name])

    def has(self, key: str) -> bool:
        """Return whether the language has words for a key; other modules may add codes first."""
        section, name = key.split(".")
        return name in self._words[section]

    def format_value(self, value: Any) -> str:
        """Format a value for a sentence: numbers in the language's form, texts with hidden characters made visible."""
        if isinstance(value, int):
            from babel.numbers import format_decimal

            return format_decimal(value, locale=self._locale)
        return _cut(str(value), LONGEST_VALUE)

    def cell(self, text: str) -> str:
        """Shorten a log value for a table cell."""
        return _cut(text, LONGEST_CELL)

    def time(self, microseconds: int) -> str:
        """Format day and minute in the letter's time zone."""
        return self._time(moment(microseconds))

    def time_of(self, text: str) -> str:
        """Format an RFC 3339 time as `time` does."""
        return self._time(datetime.fromisoformat(text))

    def day(self, microseconds: int) -> str:
        """Format the day in the letter's time zone."""
        from babel.dates import format_date

        return format_date(self._local(moment(microseconds)).date(), format="long", locale=self._locale)

    def short_time(self, microseconds: int) -> str:
        """Format day and minute in short form for a table."""
        from babel.dates import format_date, format_time

        local = self._local(moment(microseconds))
        day = format_date(local.date(), format="medium", locale=self._locale)
        return f"{day}, {format_time(local.time(), format='short', locale=self._locale)}"

    def zone_text(self, *times: int) -> str:
        """Return the zone's name with its UTC offsets at these times.

        Abbreviations are ambiguous, and daylight saving changes the offset.
        """
        offsets = dict.fromkeys(self._local(moment(time)).strftime("%z") for time in times)
        if self.zone.key == "UTC":
            return "UTC"
        return f"{self.zone.key} ({', '.join(f'UTC{offset[:3]}:{offset[3:5]}' for offset in offsets)})"

    def _time(self, time: datetime) -> str:
        from babel.dates import format_date, format_time

        local = self._local(time)
        day = format_date(local.date(), format="long", locale=self._locale)
        return self.say(
            "phrase.moment", day=day, time=format_time(local.time(), format="short", locale=self._locale)
        )

    def _local(self, time: datetime) -> datetime:
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        try:
            return aware.astimezone(self.zone)
        except OverflowError:  # a log may state the first or last day that a calendar has
            return aware


def _cut(text: str, limit: int) -> str:
    """Make a text visible and cut it to a limit with an ellipsis, which every language understands."""
    return visible(text) if len(text) <= limit else f"{visible(text[:limit])}…"


def list_languages() -> tuple[str, ...]:
    """Return the tags of the available languages."""
    folder = resources.files("seawall.response.notification").joinpath(_FOLDER)
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


def load_language(tag: str, zone: str = "UTC") -> Language:
    """Load a language. Raises CaseInvalid if there are no words for it."""
    from babel import Locale

    if tag not in list_languages():
        raise CaseInvalid(
            f"there are no letters in the language {visible(tag, 20)!r}",
            fix=f"choose one of {', '.join(list_languages())}; docs/reference/notification.md says how to add one",
        )
    words = load_words(tag)
    return Language(tag, ZoneInfo(zone), words, Locale.parse(words["language"]["locale"], sep="-"))


@cache
def load_words(tag: str) -> dict[str, Any]:
    """Return the words of a language as its file has them."""
    file = resources.files("seawall.response.notification").joinpath(_FOLDER, f"{tag}.toml")
    return tomllib.loads(file.read_text("utf-8"))
