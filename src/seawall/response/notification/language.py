"""The languages of letters: sentences are data in `languages/`, dates, numbers and plural forms are those of CLDR (Babel)."""

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
"""Characters of one value of a log in a sentence. What is cut off is in the enclosed files."""


LONGEST_CELL: Final = 120
"""The same in a table. Numbers of messages are shorter; the enclosed files hold everything."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language for one zone of time.

    Values pass `visible` before they come into a sentence, and a sentence is never formatted twice: a value that looks like a
    place for another stays text.
    """

    tag: str
    zone: ZoneInfo
    _words: dict[str, Any]
    _locale: Locale

    @property
    def is_english(self) -> bool:
        """Whether sentences of the analysis are in this language."""
        return self._locale.language == "en"

    def say(self, key: str, **values: Any) -> str:
        """Return a sentence with its values; `count` chooses the plural form."""
        words = self._words
        for part in key.split("."):
            words = words[part]
        if isinstance(words, dict):
            words = words[self._locale.plural_form(values["count"])]
        if not isinstance(words, str):
            raise TypeError(f"{key} is no sentence")
        return words.format_map({name: self.shown(value) for name, value in values.items()})

    def items(self, key: str) -> tuple[str, ...]:
        """Return a list of sentences without values."""
        section, name = key.split(".")
        return tuple(self._words[section][name])

    def has(self, key: str) -> bool:
        """Whether there are words for a key: codes of other rooms may be newer than a language."""
        section, name = key.split(".")
        return name in self._words[section]

    def shown(self, value: Any) -> str:
        """A value as it stands in a sentence: numbers in the language's form, texts made visible."""
        if isinstance(value, int):
            from babel.numbers import format_decimal

            return format_decimal(value, locale=self._locale)
        return _cut(str(value), LONGEST_VALUE)

    def cell(self, text: str) -> str:
        """A text of a log in a table: shorter, so that it leaves room for its neighbours."""
        return _cut(text, LONGEST_CELL)

    def time(self, microseconds: int) -> str:
        """Day and minute in the zone of the letter."""
        return self._time(moment(microseconds))

    def time_of(self, text: str) -> str:
        """The same of an RFC 3339 text."""
        return self._time(datetime.fromisoformat(text))

    def day(self, microseconds: int) -> str:
        """The day in the zone of the letter."""
        from babel.dates import format_date

        return format_date(self._local(moment(microseconds)).date(), format="long", locale=self._locale)

    def short_time(self, microseconds: int) -> str:
        """Day and minute for a table."""
        from babel.dates import format_date, format_time

        local = self._local(moment(microseconds))
        day = format_date(local.date(), format="medium", locale=self._locale)
        return f"{day}, {format_time(local.time(), format='short', locale=self._locale)}"

    def zone_text(self, *times: int) -> str:
        """The zone by name, with its offsets at these times: an abbreviation is not unique, and clocks are changed."""
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
        except OverflowError:  # the first or the last day that there is, in a log that says so
            return aware


def _cut(text: str, limit: int) -> str:
    """Visible, and no longer than a limit: an ellipsis is understood in every language, a count of characters is not."""
    return visible(text) if len(text) <= limit else f"{visible(text[:limit])}…"


def list_languages() -> tuple[str, ...]:
    """The tags of the languages that there are words for."""
    folder = resources.files("seawall.response.notification").joinpath(_FOLDER)
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


def load_language(tag: str, zone: str = "UTC") -> Language:
    """Return a language. Raises CaseInvalid where there are no words for it."""
    from babel import Locale

    if tag not in list_languages():
        raise CaseInvalid(
            f"there are no letters in the language {visible(tag, 20)!r}",
            fix=f"choose one of {', '.join(list_languages())}; docs/how-to/notify.md says how to add one",
        )
    words = load_words(tag)
    return Language(tag, ZoneInfo(zone), words, Locale.parse(words["language"]["locale"], sep="-"))


@cache
def load_words(tag: str) -> dict[str, Any]:
    """The words of a language as they are in its file."""
    file = resources.files("seawall.response.notification").joinpath(_FOLDER, f"{tag}.toml")
    return tomllib.loads(file.read_text("utf-8"))
