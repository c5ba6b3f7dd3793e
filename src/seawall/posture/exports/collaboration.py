"""Declare the exports of collaboration."""

from __future__ import annotations

from seawall.posture.exports.export import Export

COLLABORATION: tuple[Export, ...] = ()
