"""The answer of a replay in words: what stops it, who sees it, why not, and what really happened."""

from __future__ import annotations

from typing import Any

from seawall.report import replay_words
from seawall.report.replay_figures import draw_reading, draw_replay

LAYERS = ("policies", "tokens", "keys", "lineage", "behaviour", "rules", "alerts", "adaptation")
TITLES = {name: f"The {name}" for name in LAYERS}
ORGANISATION = {"accounts": 500, "quiet_days": 14, "configuration": "the reference configuration"}


def at(day: float, **more: Any) -> dict[str, Any]:
    return {"day": day, "at": f"2024-03-{1 + max(0, int(day)):02}T00:00:00Z", **more}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "prevented": None, "warned": None, "first_evidence": None, "raised": None, "rank": None, "score": None,
        "messages_read_before": 100, "returned": None, "reason": "not seen", **changes,
    }  # fmt: skip


def incident(own: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": "x", "began": "2024-03-01", "days": 9, "provider_side": ["tokens"], "words": [], "own": own,
        "settings": [{"setting": "all", **own}], "layers": [{"layer": name, **row()} for name in LAYERS],
        "messages_read": 100, "detected_after": 7, "raised_without_intruder": 3, "first_record": at(0.1),
        "contained": None, "returned": None, "threshold": None, "reasons": [], "truth": {"seen": None, "ended": None},
        "logs": {"missing": []},
        "stages": [{"title": "reading", "is_staged": True, "until": at(3), **at(0)}], **changes,
    }  # fmt: skip


def answer(one: dict[str, Any]) -> dict[str, str]:
    return dict(replay_words.answer_question(one, ORGANISATION, TITLES))


def word(layer: str, day: float, text: str, *, ends: bool) -> dict[str, Any]:
    return {"layer": layer, "text": text, "ends": ends, **at(day)}


def test_a_raised_incident_says_when_after_what_and_how_high() -> None:
    said = answer(incident(row(raised=at(0.2, by="detection"), rank=1, score=4.77)))
    assert said["Would it have been seen?"] == (
        "Yes. Detection raises it on 2024-03-01, on its first day, 2 hours after the intruder's first record, at rank 1 "
        "with score 4.8. By then 7 of 100 messages had been read."
    )
    assert "Why not, and what would have helped?" not in said


def test_a_low_incident_says_why_and_what_helps() -> None:
    reasons = [
        {"layer": "behaviour", "text": "network never used before.", "weight": 1.5},
        {"layer": "behaviour", "text": "nothing else is new", "weight": -2.0},
    ]
    words = [word("policies", 0.4, "sessions end after a day", ends=True)]
    low = incident(
        row(rank=7, score=-3.0),
        reasons=reasons,
        words=words,
        logs={"missing": ["the gateway's log"]},
        threshold=-1.0,
    )
    said = answer(low)
    assert said["Would it have been seen?"].startswith("No. It is listed at rank 7 with score -3.0")
    why = said["Why not, and what would have helped?"]
    for part in (
        "network never used before", "nothing else is new", "has score -1.0", "the gateway's log",
        "prevention: sessions end after a day.",
    ):  # fmt: skip
        assert part in why
    assert ".." not in why


def test_what_only_the_provider_can_use_is_told_apart() -> None:
    theirs = word("tokens", 0, "the key is another's", ends=True)
    said = answer(incident(row(), words=[theirs]))["What would have stopped it?"]
    assert said.startswith(
        "Nothing that a customer of the service can switch on. The provider's the tokens would have, on "
    )
    own = word("policies", 0.4, "asked for more", ends=True)
    both = answer(incident(row(), words=[theirs, own]))["What would have stopped it?"]
    assert both.startswith(
        "The policies under the reference configuration, on 2024-03-01, on its first day: asked for more."
    )
    assert "The provider's the tokens would have" in both
    assert (
        answer(incident(row()))["What would have stopped it?"] == "No layer keeps the intruder out by itself."
    )


def test_not_seen_stays_not_seen() -> None:
    said = answer(incident(row(), first_record=None))
    assert said["Would it have been seen?"] == "No. No listed incident holds a record of the intruder."
    assert "What really happened?" not in said


def test_what_really_happened_and_the_return_are_told() -> None:
    truth = {"seen": at(5, text="An alert", messages_read_before=60), "ended": None}
    returned = at(7, text="ann is used again", others=2)
    said = answer(incident(row(), truth=truth, contained=at(4), returned=returned))
    assert said["What really happened?"] == (
        "It was noticed on 2024-03-06, after 5 days: An alert. By then the intruder of the replay had read 60 of 100 messages."
    )
    assert "2 uses that are not the intruder's" in said["And after it was contained?"]


def test_a_return_that_is_not_reported_is_said() -> None:
    said = answer(incident(row(), contained=at(4)))
    assert said["And after it was contained?"] == "The intruder comes back, and the watch does not report it."
    assert "And after it was contained?" not in answer(incident(row()))


def test_reasons_are_short() -> None:
    reasons = [
        {
            "layer": "b",
            "text": f"device {'0a' * 20}: seen on 0 of 12 active days; 0 of 9 peers use it",
            "weight": 1,
        },
        {"layer": "b", "text": "client x: seen on 4 of 12 active days; 3 of 9 peers use it", "weight": -1},
    ]
    why = answer(incident(row(rank=2, score=-3.0), reasons=reasons))["Why not, and what would have helped?"]
    assert why.startswith(
        "What speaks for it is little: device 0a0a0a0a… (new for the account). "
        "What speaks most against it: client x (seen on 4 of 12 days before, used by 3 of 9 others)."
    )


def test_a_layer_says_all_its_words_and_the_watch_its_return() -> None:
    words = [word("keys", 0, "too old", ends=False), word("keys", 1, "shared", ends=False)]
    one = incident(row(), words=words, returned=at(7, text="ann is used again", others=0))
    keys = replay_words.list_layer_cells({"layer": "keys", **row(warned=at(0, by="keys"))}, one)
    assert keys == (
        "warns",
        "2024-03-01, day 0.0",
        "100 of 100",
        ["2024-03-01: too old", "2024-03-02: shared"],
    )
    watch = replay_words.list_layer_cells({"layer": "adaptation", **row()}, one)
    assert watch[:3] == ("reports the return", "2024-03-08, day 7.0", "–")
    silent = replay_words.list_layer_cells({"layer": "rules", **row()}, one)
    assert silent == ("says nothing", "–", "100 of 100", ["not seen"])


def test_days_before_are_said_in_days_or_years() -> None:
    assert replay_words.say_when(at(-12)).endswith("12 days before it began")
    assert replay_words.say_when(at(-1)).endswith("1 day before it began")
    assert replay_words.say_when(at(-1717)).endswith("4 years before it began")


def test_bars_end_where_somebody_is_told() -> None:
    rows = [row(raised=at(4.5, by="detection")), row(), row(warned=at(-900, by="keys"))]
    settings = [{"setting": str(place), **one} for place, one in enumerate(rows)]
    bars = draw_reading(incident(row(), settings=settings, provider_side=[]))
    assert [(bar.length, bar.is_open) for bar in bars] == [(0.5, False), (1.0, True), (0.0, False)]


def test_what_a_customer_can_use_and_what_happened_have_bars_of_their_own() -> None:
    truth = {"seen": at(3, text="An alert", messages_read_before=60), "ended": None}
    own = row(raised=at(0, by="detection"))
    names = [(bar.name, bar.length) for bar in draw_reading(incident(own, truth=truth))]
    assert names == [("really, 2024-03-04", 3 / 9), ("all", 0.0), (replay_words.OWN, 0.0)]


def test_warnings_are_told_without_their_codes() -> None:
    words = [word("keys", -900, "too-old: the key is old", ends=False), word("keys", 0, "shared", ends=False)]
    one = incident(row(warned=at(-900, by="keys")), words=words, provider_side=["keys"])
    warned = "The provider's the keys would have warned 2 times before, on 2024-03-01: the key is old; on 2024-03-01: shared."
    assert warned in answer(one)["What would have stopped it?"]


def test_policies_may_stop_the_return_alone() -> None:
    policies = {"layer": "policies", **row(first_evidence=at(7, by="policies"))}
    cells = replay_words.list_layer_cells(policies, incident(row()))
    assert cells[:2] == ("stops the return", "2024-03-08, day 7.0")


def test_stages_are_numbered_and_days_have_dates() -> None:
    picture = draw_replay(incident(row()), [{"name": name, "title": name} for name in LAYERS])
    assert [mark.number for mark in picture.marks if mark.kind == "read"] == [1]
    assert picture.ticks[0][1] == "2024-03-01"
    assert len(picture.ticks) <= 10
