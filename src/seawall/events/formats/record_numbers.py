"""Numbers for the records of a file, one after the other."""

from __future__ import annotations


class RecordNumbers:
    """An iterator of numbers without end that can leave some out: those of records that were read together."""

    __slots__ = ("following",)

    def __init__(self, first: int) -> None:
        self.following = first

    def __iter__(self) -> RecordNumbers:
        return self

    def __next__(self) -> int:
        number = self.following
        self.following += 1
        return number
