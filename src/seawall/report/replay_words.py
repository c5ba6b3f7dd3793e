"""Say the verdicts of a replay in words: days, who said it, and what it means for a reader."""

from __future__ import annotations

import re
from typing import Any

from seawall_base.plurals import plural

COLUMNS = ("Setting", "Prevented", "Warned", "First evidence", "Raised", "Rank", "Score", "Read before")
"""Headings of the table of verdicts."""

LAYER_COLUMNS = ("Layer", "Alone it", "When", "Read until then", "What it says")
"""Headings of the table of layers."""

NEVER = "–"
PROVIDER = "only the provider can use it here"
OWN = "all but the provider's"
_YEAR = 365.25
_SEEN = re.compile(r"(.+?): seen on (\d+) of (\d+) active days(?:; (\d+) of (\d+) peers)?")
_IDENTIFIER = re.compile(r"[0-9a-f]{24,}")
_CODE = re.compile(r"^[a-z]+(-[a-z]+)+: ")


def say_day(moment: dict[str, Any] | None) -> str:
    """Return a moment as its date and day: `2023-06-15, day 31.5`."""
    if moment is None:
        return NEVER
    day = moment["day"]
    if abs(day) >= 100:
        return f"{moment['at'][:10]}"
    return f"{moment['at'][:10]}, day {day:.1f}"


def say_when(moment: dict[str, Any]) -> str:
    """Return a moment for a sentence: `2023-06-15, after 31 days`."""
    day = float(moment["day"])
    if day <= -2 * _YEAR:
        when = f"{plural(int(-day / _YEAR), 'year')} before it began"
    elif day < 0:
        when = f"{plural(max(1, round(-day)), 'day')} before it began"
    else:
        when = "on its first day" if day < 1 else f"after {plural(int(day), 'day')}"
    return f"{moment['at'][:10]}, {when}"


def say_word(moment: dict[str, Any] | None) -> str:
    """Return a moment with the layer that spoke."""
    return NEVER if moment is None else f"{say_day(moment)} ({moment['by']})"


def list_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a setting's row, in the order of `COLUMNS`."""
    return (
        row["setting"],
        say_word(row["prevented"]),
        say_word(row["warned"]),
        say_word(row["first_evidence"]),
        say_word(row["raised"]),
        NEVER if row["rank"] is None else f"{row['rank']:,}",
        NEVER if row["score"] is None else f"{row['score']:.2f}",
        f"{row['messages_read_before']:,}",
    )


def list_layer_cells(row: dict[str, Any], incident: dict[str, Any]) -> tuple[str, str, str, list[str]]:
    """Return what a layer alone does, when, what was read until then, and all that it says."""
    verdict, moment = _judge_layer(row)
    read = f"{row['messages_read_before']:,} of {incident['messages_read']:,}"
    words = [word for word in incident["words"] if word["layer"] == row["layer"]]
    says = [f"{word['at'][:10]}: {word['text']}" for word in words] or [row["reason"]]
    returned = incident["returned"]
    if row["layer"] == "adaptation" and returned:
        says.append(f"After the others, {returned['at'][:10]}: {returned['text']}")
        return "reports the return", say_day(returned), NEVER, says
    return verdict, say_day(moment), read, says


def _judge_layer(row: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    names = {
        "prevented": "stops it",
        "warned": "warns",
        "raised": "raises it",
        "first_evidence": "sees it, and tells nobody",
    }
    if row["layer"] == "policies" and row["first_evidence"] and not row["prevented"]:
        return "stops the return", row["first_evidence"]
    for name, verdict in names.items():
        if row[name]:
            moment: dict[str, Any] = row[name]
            return verdict, moment
    return "says nothing", None


def list_rows(incident: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the settings for picture and table: where layers are the provider's, also what a customer can use."""
    own = [{**incident["own"], "setting": OWN}] if incident["provider_side"] else []
    rows: list[dict[str, Any]] = incident["settings"]
    return [*rows[:1], *own, *rows[1:]]


def answer_question(
    incident: dict[str, Any], organisation: dict[str, Any], titles: dict[str, str]
) -> list[tuple[str, str]]:
    """Return the answer as questions with a few sentences each: what stops it, who sees it, and what really happened."""
    answers = [
        ("What would have stopped it?", _say_stopped(incident, organisation, titles)),
        ("Would it have been seen?", _say_seen(incident)),
    ]
    if not _is_raised(incident):
        answers.append(("Why not, and what would have helped?", _say_why_not(incident)))
    answers += [
        ("What really happened?", _say_truth(incident)),
        ("And after it was contained?", _say_return(incident)),
        ("What else is raised?", _say_others(incident, organisation)),
    ]
    return [(question, answer) for question, answer in answers if answer]


def _is_raised(incident: dict[str, Any]) -> bool:
    raised = incident["own"]["raised"]
    return bool(raised) and raised["by"] == "detection"


def _say_stopped(incident: dict[str, Any], organisation: dict[str, Any], titles: dict[str, str]) -> str:
    ends = [word for word in incident["words"] if word["ends"]]
    own = next((one for one in ends if one["layer"] not in incident["provider_side"]), None)
    theirs = next((one for one in ends if one["layer"] in incident["provider_side"]), None)
    sentences = []
    if own is not None:
        settings = f" under {organisation['configuration']}" if own["layer"] == "policies" else ""
        sentences.append(f"{titles[own['layer']]}{settings}, on {say_when(own)}: {_end(own['text'])}")
    elif theirs is None:
        sentences.append("No layer keeps the intruder out by itself.")
    else:
        sentences.append("Nothing that a customer of the service can switch on.")
    if theirs is not None:
        layer = titles[theirs["layer"]].lower()
        sentences.append(
            f"The provider's {layer} would have, on {say_when(theirs)}: {_end(_say_text(theirs))}"
        )
    warned = incident["settings"][0]["warned"]
    if warned:
        grave = [word for word in incident["words"] if word["layer"] == warned["by"]]
        whose = "The provider's" if warned["by"] in incident["provider_side"] else "The"
        times = plural(len(grave), "time")
        said = "; on ".join(f"{one['at'][:10]}: {_strip(_say_text(one))}" for one in grave)
        sentences.append(
            f"{whose} {titles[warned['by']].lower()} would have warned {times} before, on {said}."
        )
    return " ".join(sentences)


def _say_seen(incident: dict[str, Any]) -> str:
    own, total = incident["own"], incident["messages_read"]
    if _is_raised(incident):
        delay = _say_delay(own["raised"]["day"] - incident["first_record"]["day"])
        after = f", {delay} after the intruder's first record" if own["raised"]["day"] < 1 else ""
        read = (
            f" By then {incident['detected_after']:,} of {plural(total, 'message')} had been read."
            if total
            else ""
        )
        return (
            f"Yes. Detection raises it on {say_when(own['raised'])}{after}, "
            f"at rank {own['rank']:,} with score {own['score']:.1f}.{read}"
        )
    if own["rank"] is None:
        return "No. No listed incident holds a record of the intruder."
    read = f" All {plural(total, 'message')} are read." if total else ""
    return f"No. It is listed at rank {own['rank']:,} with score {own['score']:.1f}, which is too low: nobody is told.{read}"


def _say_delay(days: float) -> str:
    minutes = round(days * 1440)
    if minutes < 90:
        return plural(minutes, "minute")
    return plural(round(minutes / 60), "hour") if minutes < 2880 else plural(round(days), "day")


def _say_why_not(incident: dict[str, Any]) -> str:
    sentences = []
    threshold, reasons = incident["threshold"], incident["reasons"]
    if reasons:
        strongest = "; ".join(_shorten(one["text"]) for one in reasons[:3] if one["weight"] > 0)
        if strongest:
            sentences.append(f"What speaks for it is little: {strongest}.")
        weakest = reasons[-1]
        if weakest["weight"] < 0:
            sentences.append(f"What speaks most against it: {_shorten(weakest['text'])}.")
    if threshold is not None:
        sentences.append(f"The lowest incident that is raised here has score {threshold:.1f}.")
    elif reasons:
        sentences.append("No incident of this organisation is raised in these days.")
    if incident["logs"]["missing"]:
        sentences.append(
            f"Logs that would show more, and are not there: {'; '.join(incident['logs']['missing'])}."
        )
    ends = [word for word in incident["words"] if word["ends"]]
    own = [one for one in ends if one["layer"] not in incident["provider_side"]]
    if own:
        sentences.append(f"What helps is prevention: {_end(own[0]['text'])}")
    return " ".join(sentences)


def _say_truth(incident: dict[str, Any]) -> str:
    seen, ended = incident["truth"]["seen"], incident["truth"]["ended"]
    sentences = []
    for moment, verb in ((seen, "was noticed"), (ended, "ended")):
        if moment:
            sentences.append(
                f"It {verb} on {say_when(moment)}: {_end(moment['text'])} By then the intruder of the replay had read "
                f"{moment['messages_read_before']:,} of {plural(incident['messages_read'], 'message')}."
            )
    return " ".join(sentences)


def _say_return(incident: dict[str, Any]) -> str:
    returned = incident["returned"]
    if not incident["contained"]:
        return ""
    if not returned:
        return "The intruder comes back, and the watch does not report it."
    others = returned["others"]
    wrong = (
        f" It also reports {plural(others, 'use')} that {'is' if others == 1 else 'are'} not the intruder's."
    )
    return f"The watch reports the return on {say_when(returned)}: {_end(returned['text'])}{wrong if others else ''}"


def _say_others(incident: dict[str, Any], organisation: dict[str, Any]) -> str:
    others = incident["raised_without_intruder"]
    days = organisation["quiet_days"] + incident["days"] + 1
    if not others:
        return f"Nothing, in {plural(days, 'day')} of logs of {organisation['accounts']:,} honest accounts."
    return (
        f"{plural(others, 'incident')} in which the intruder has no part, in {plural(days, 'day')} of logs of "
        f"{organisation['accounts']:,} honest accounts: {others / days:.1f} a day."
    )


def _say_text(word: dict[str, Any]) -> str:
    """Return what a layer says, without the code of the refusal or finding."""
    return _CODE.sub("", word["text"])


def _shorten(text: str) -> str:
    """Return a reason in brief, with the first characters of long identifiers."""
    found = _SEEN.match(text)
    if found:
        name, days, active, users, peers = found.groups()
        own = "new for the account" if days == "0" else f"seen on {days} of {active} days before"
        others = f", used by {users} of {peers} others" if users not in (None, "0") else ""
        text = f"{name} ({own}{others})"
    return _strip(_IDENTIFIER.sub(lambda one: f"{one[0][:8]}…", text))


def _strip(text: str) -> str:
    return text.rstrip(". ")


def _end(text: str) -> str:
    return f"{_strip(text)}."
