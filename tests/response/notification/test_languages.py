"""Every language has every sentence, with the same places; a sentence says nothing that a letter must not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any, get_args

import pytest
from babel import Locale

from seawall.detection.coverage_note import CoverageCode
from seawall.events.event import KINDS
from seawall.response.errors import CaseInvalid
from seawall.response.notification.changes import ChangeCode
from seawall.response.notification.language import list_languages, load_language, load_words
from seawall_base.times import parse_rfc3339
from tests.response.cases import DAY, HOSTILE, T

FORMS = {"zero", "one", "two", "few", "many", "other"}


def sentences(tag: str) -> dict[str, Any]:
    """Every sentence by its key; a table of plural forms and a list are one each."""
    return dict(_sentences(load_words(tag), ""))


def _sentences(words: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in words.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict) and not set(value) <= FORMS:
            yield from _sentences(value, key)
        else:
            yield key, value


def places(value: Any) -> list[set[str | None]]:
    """The places of a sentence, once for each of its forms."""
    texts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [{name for _, name, _, _ in Formatter().parse(text) if name is not None} for text in texts]


def test_english_and_german_are_there() -> None:
    assert {"de", "en"} <= set(list_languages())


@pytest.mark.parametrize("tag", list_languages())
def test_a_language_has_the_sentences_of_english_and_no_others(tag: str) -> None:
    assert sentences(tag).keys() == sentences("en").keys()


@pytest.mark.parametrize("tag", list_languages())
def test_sentences_have_the_places_of_english(tag: str) -> None:
    english = sentences("en")
    for key, value in sentences(tag).items():
        if key.startswith(("language.", "advice.")):
            continue
        wanted = places(english[key])[-1]
        assert all(found == wanted for found in places(value)), key
        assert isinstance(value, dict) == isinstance(english[key], dict), key


@pytest.mark.parametrize("tag", list_languages())
def test_plural_forms_are_those_of_the_language(tag: str) -> None:
    known = Locale.parse(load_words(tag)["language"]["locale"], sep="-").plural_form
    for key, value in sentences(tag).items():
        if isinstance(value, dict):
            assert set(value) == set(known.tags) | {"other"}, key


@pytest.mark.parametrize("tag", list_languages())
def test_advice_is_there_for_everyone(tag: str) -> None:
    for kind in ("owner", "organisation"):
        for verdict in ("touched", "used", "possible", "not_touched"):
            assert len(load_words(tag)["advice"][f"{kind}_{verdict}"]) >= 2


@pytest.mark.parametrize("tag", list_languages())
def test_every_code_has_words(tag: str) -> None:
    assert set(get_args(CoverageCode)) | {"audit-off", "not-read"} <= set(load_words(tag)["gap"])
    assert set(KINDS) - {"other"} <= set(load_words(tag)["source"])
    assert {code.replace("-", "_") for code in get_args(ChangeCode)} <= set(load_words(tag)["changed"])


PROMISES = re.compile(
    r"\b(compl(?:y|iance|iant)|guarantee|konform|garantier|fulfil|rechtssicher|DSGVO|GDPR|NIS)", re.IGNORECASE
)


@pytest.mark.parametrize("tag", list_languages())
def test_no_sentence_promises_that_a_duty_is_met(tag: str) -> None:
    for key, value in sentences(tag).items():
        assert not PROMISES.search(str(value)), key


def test_numbers_dates_and_plurals_are_the_languages_own() -> None:
    english, german = load_language("en", "Europe/Berlin"), load_language("de", "Europe/Berlin")
    assert english.say("taken.read", count=1) == "1 message was certainly read."
    assert english.say("taken.read", count=12_345) == "12,345 messages were certainly read."
    assert german.say("taken.read", count=1) == "1 Nachricht wurde sicher gelesen."
    assert german.say("taken.read", count=12_345) == "12.345 Nachrichten wurden sicher gelesen."
    assert english.time(T) == "1 November 2026, 01:00"
    assert german.time(T) == "1. November 2026, 01:00 Uhr"
    assert load_language("de").time(T) == "1. November 2026, 00:00 Uhr"
    assert load_language("en").zone_text(T) == "UTC"
    assert german.zone_text(T, T + 1) == "Europe/Berlin (UTC+01:00)"
    assert german.zone_text(T - 10 * DAY, T) == "Europe/Berlin (UTC+02:00, UTC+01:00)"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_a_log_may_say_any_time(text: str, zone: str) -> None:
    time = parse_rfc3339(text)
    for said in (
        load_language("de", zone).time(time),
        load_language("en", zone).short_time(time),
        load_language("en", zone).zone_text(time),
    ):
        assert said


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_value_stays_a_value(value: str) -> None:
    said = load_language("en").say("known.mailbox_touched", mailbox=value)
    assert said.startswith("Your mailbox ")
    assert said.endswith(" was accessed.")
    assert "\n" not in said
    assert "\u202e" not in said
    assert len(said) < 2_500
    said.encode("utf-8")


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(CaseInvalid, match="language"):
        load_language("../en")
