"""Declare the exports of google."""

from __future__ import annotations

from seawall.posture.exports.export import Export

GOOGLE: tuple[Export, ...] = ()
