"""Numbers that compiled reading of JSON lines and its caller agree on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

PADDING = 16
"""Bytes behind a block that may be looked at."""

FORM, KINDS = 0, 1
"""Places in `notes`: the form of a value (bits below), and kinds of values in a record (bits below)."""
HAS_WIDE, HAS_LARGE = 1, 2
"""Bits of kinds: a string holds bytes beyond ASCII; a number is large, and parsers differ in how they read it."""
HAS_ESCAPES, IS_LOOSE, IS_SPACED = 1, 2, 4
"""Bits of a form: the string has escapes; a JSON encoder would write the value in another spelling; there are blanks between
the parts of the value, which an encoder would leave out."""
FORM_BITS = 3

IS_READ, IS_LEFT, IS_BLANK = 0, 1, 2
"""What became of a line: read, left to the general reader, or without anything."""
WIDE, LARGE, UNUSUAL = 8, 16, 32
"""Added to IS_READ where a string holds bytes beyond ASCII, which are not checked, where a number is large, and where a JSON
encoder would write the record in another spelling."""

ROOT, NOWHERE = 0, -1
"""The node of the record itself, and that of values which are not looked into."""

IS_REFUSED = 1
"""A record with this field is left to the general reader."""
IS_OBJECT = 2
"""The value is an object or null; a record with another is left to the general reader."""
IS_ARRAY = 4
"""The value is an array or null."""
OF_FIRST = 8
"""Only that of the first element of the array around counts."""

NAME_START, NAME_SIZE, IN_NODE, TO_COLUMN, CHILD, FLAGS, COUNTED = range(7)
"""Columns of a `FieldArrays.table`."""
