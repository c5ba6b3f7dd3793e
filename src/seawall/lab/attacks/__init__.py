"""Attack families. One file for each group; a new family is a function and a line in its file's FAMILIES."""

from __future__ import annotations

from seawall.lab.attacks import applications, sign_ins, tokens
from seawall.lab.attacks.stage import Family

FAMILIES: dict[str, Family] = {**tokens.FAMILIES, **sign_ins.FAMILIES, **applications.FAMILIES}
