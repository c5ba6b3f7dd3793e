"""What a look-up returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class NetworkColumns:
    """What is known of each address, in the order asked. A miss is null (-1 in `asn`), never a guess.

    `prefix` (text of the /24 or /48), `asn_name`, `country` (ISO 3166 alpha-2) and `network_class` (one of
    `CLASSES`) are Arrow dictionary arrays of int32 and string; `asn` is a numpy int64 array.
    """

    prefix: pa.DictionaryArray
    asn: npt.NDArray[np.int64]
    asn_name: pa.DictionaryArray
    country: pa.DictionaryArray
    network_class: pa.DictionaryArray
