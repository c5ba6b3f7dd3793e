"""The condition that a query of the lake puts to rows beyond time and account."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Mask = npt.NDArray[np.bool_]


class RowFilter(Protocol):
    """Choose rows by the content of some columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that `matches` looks at."""

    def matches(self, rows: pa.Table, /) -> Mask:
        """Return whether each row is wanted, bool (n,). The columns may be dictionaries."""
