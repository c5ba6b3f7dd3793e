"""Say the verdicts of a replay in words: days, who said it, and what it means for a reader."""

from __future__ import annotations

from typing import Any

from seawall_base.plurals import plural

COLUMNS = ("Setting", "Prevented", "Warned", "First evidence", "Raised", "Rank", "Score", "Read before")
"""Headings of the table of verdicts."""

NEVER = "–"


def say_day(moment: dict[str, Any] | None) -> str:
    """Return a moment as its date and day: `2023-06-15, day 31`."""
    if moment is None:
        return NEVER
    day = moment["day"]
    if abs(day) >= 100:
        return f"{moment['at'][:10]}"
    return f"{moment['at'][:10]}, day {day:.1f}"


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


def answer_question(incident: dict[str, Any]) -> list[str]:
    """Return the answer in sentences: what would have stopped it, who would have seen it, and when."""
    everything = incident["settings"][0]
    total = plural(incident["messages_read"], "message")
    sentences = []
    if everything["prevented"]:
        by = everything["prevented"]["by"]
        whose = ", which only the provider can use" if by in incident["provider_side"] else ""
        sentences.append(
            f"Stopped by {by}{whose}: {say_day(everything['prevented'])}. {everything['reason']}."
        )
    else:
        sentences.append("No layer would have stopped it by itself.")
    detected = everything["raised"]
    if detected and detected["by"] == "detection":
        before = plural(incident["detected_after"], "message")
        sentences.append(
            f"Detection raises it on {say_day(detected)}, at rank {everything['rank']:,}, after {before} of {total}."
        )
    elif everything["first_evidence"]:
        sentences.append("Detection lists it, and does not raise it.")
    else:
        sentences.append("Detection does not see it.")
    others = incident["raised_without_intruder"]
    sentences.append(f"In the same time it raises {plural(others, 'incident')} without the intruder.")
    return [sentence.replace("..", ".") for sentence in sentences]
