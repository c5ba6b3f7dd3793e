"""Look into one value over stored events: who showed it, when, from where, by what, and which incidents list its records."""

from __future__ import annotations

from seawall.response.look_up.subject import KINDS, LookUpSubject, guess_subjects, parse_subject
from seawall.response.look_up.summary import FIELDS, LookUp, SeenField, SeenValue

__all__ = [
    "FIELDS",
    "KINDS",
    "LookUp",
    "LookUpSubject",
    "SeenField",
    "SeenValue",
    "guess_subjects",
    "parse_subject",
]
