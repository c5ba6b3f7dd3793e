"""Hold the result of a network look-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class NetworkColumns:
    """Hold the network of each address, in the order of the input. Unknown values are null (-1 in `asn`), never guesses.

    `prefix` (text of the /24 or /48), `asn_name`, `country` (ISO 3166 alpha-2) and `network_class` (one of `CLASSES`) are
    Arrow dictionary arrays (int32, string). `asn` is a NumPy int64 array.
    """

    prefix: pa.DictionaryArray
    asn: npt.NDArray[np.int64]
    asn_name: pa.DictionaryArray
    country: pa.DictionaryArray
    network_class: pa.DictionaryArray
