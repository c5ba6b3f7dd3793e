"""Declare the exports of okta."""

from __future__ import annotations

from seawall.posture.exports.export import Export

OKTA: tuple[Export, ...] = ()
