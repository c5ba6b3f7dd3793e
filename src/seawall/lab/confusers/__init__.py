"""Benign changes that look like attacks. Filled from the files of this folder."""

from __future__ import annotations

from seawall.lab.confusers.stage import Confuser

CONFUSERS: dict[str, Confuser] = {}
