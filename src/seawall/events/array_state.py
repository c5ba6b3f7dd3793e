"""Save and restore the state of detectors as named arrays, so that detection continues after a stop.

Restoring creates only numbers and texts, never other objects, and checks every array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from seawall.events.coded_batch import Keys
from seawall_base.errors import SeawallError

Array = npt.NDArray[Any]
State = dict[str, Array]
"""Arrays by name. The parts of a name are separated by dots."""

SCORE_AGAIN: Final = "score the events again: seawall store rescore (the next watch does so by itself)"
"""What to do about a state that cannot be used."""

Kind = type[np.generic]


def copy_arrays(owner: object, kinds: Mapping[str, Kind]) -> State:
    """Return copies of an object's arrays. `kinds` maps attribute names to types."""
    return {name.lstrip("_"): np.array(getattr(owner, name), kind) for name, kind in kinds.items()}


def trim_rows(state: State, defaults: Mapping[str, float]) -> State:
    """Return the arrays named in `defaults` without the last rows that hold nothing but the default in all of them.

    Arrays by account grow ahead of need; how far says nothing. All are of the same length.
    """
    used = np.zeros(max(len(state[name]) for name in defaults), bool)
    for name, default in defaults.items():
        is_set = state[name] != default
        used |= is_set.any(axis=tuple(range(1, is_set.ndim)))
    size = int(np.flatnonzero(used)[-1]) + 1 if used.any() else 0
    return state | {name: state[name][:size] for name in defaults}


def nest_states(**parts: State) -> State:
    """Combine the states of parts; each array's name is prefixed with that of its part."""
    return {f"{part}.{name}": array for part, state in parts.items() for name, array in state.items()}


def pack_texts(name: str, texts: Iterable[str]) -> State:
    """Return texts as two arrays: their UTF-8 bytes, and the end of each text."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum(np.array([len(one) for one in encoded], np.int64), dtype=np.int64)
    return {f"{name}.bytes": np.frombuffer(b"".join(encoded), np.uint8), f"{name}.ends": ends}


class RestoredState:
    """Read arrays from a saved state. Raises `StateInvalid` for an array that is missing or does not fit; returns copies."""

    def __init__(self, arrays: Mapping[str, Array], place: str = "") -> None:
        self._arrays = arrays
        self._place = place

    def part(self, name: str) -> RestoredState:
        """Return the state of a part."""
        return RestoredState(self._arrays, f"{self._place}{name}.")

    def arrays(self) -> State:
        """Return all arrays of this part, by their names in it, for a part that restores itself from a whole state."""
        size = len(self._place)
        return {name[size:]: array for name, array in self._arrays.items() if name.startswith(self._place)}

    def array(self, name: str, kind: Kind, *shape: int | None) -> Array:
        """Return an array of the given type and shape; None means any length. Floats must be finite."""
        found = self._arrays.get(self._place + name)
        if found is None:
            raise self.invalid(name, "is missing")
        fits = len(found.shape) == len(shape) and all(
            wanted is None or size == wanted for size, wanted in zip(found.shape, shape, strict=False)
        )
        if found.dtype != np.dtype(kind) or not fits:
            raise self.invalid(name, f"is {found.dtype}{list(found.shape)}")
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise self.invalid(name, "holds what is no number")
        return found.copy()

    def columns(self, kinds: Mapping[str, Kind]) -> State:
        """Return arrays of one dimension and equal length, by attribute name."""
        result: State = {}
        for name, kind in kinds.items():
            size = len(next(iter(result.values()))) if result else None
            result[name] = self.array(name.lstrip("_"), kind, size)
        return result

    def keys(self, name: str, *, ordered: bool = True) -> Keys:
        """Return distinct keys, uint64 (n,), by default sorted."""
        found = self.array(name, np.uint64, None)
        in_order = found if ordered else np.sort(found)
        if (in_order[1:] <= in_order[:-1]).any():
            raise self.invalid(name, "holds keys twice or out of order")
        return found

    def texts(self, name: str, size: int | None = None) -> list[str]:
        """Return the texts that `pack_texts` packed."""
        content = self.array(f"{name}.bytes", np.uint8, None).tobytes()
        ends: Sequence[int] = self.array(f"{name}.ends", np.int64, size).tolist()
        starts = [0, *ends[:-1]]
        if (ends[-1] if ends else 0) != len(content) or any(
            end < start for start, end in zip(starts, ends, strict=False)
        ):
            raise self.invalid(name, "does not end where its texts do")
        try:
            return [content[start:end].decode() for start, end in zip(starts, ends, strict=False)]
        except UnicodeDecodeError as error:
            raise self.invalid(name, "is no UTF-8") from error

    def invalid(self, name: str, fault: str) -> StateInvalid:
        """Return the error for an array."""
        return StateInvalid(
            f"the saved state of detection comes from another version: {self._place}{name} {fault}",
            fix=SCORE_AGAIN,
        )


class StateInvalid(SeawallError):
    """The saved state of detection is damaged, or belongs to a version with other detectors."""

    code = "state-invalid"
