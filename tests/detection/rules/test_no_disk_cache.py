"""Rules are read without the disk cache of pySigma, which unpickles what lies in the user's cache folder."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from pathlib import Path
from seawall.detection.rules.sigma.load import load_rules
rules = load_rules((), with_pack=True)
assert rules is not None
print([name for name in sys.modules if name.startswith(("diskcache", "sigma.data", "sigma.validators"))])
"""


def test_reading_rules_loads_no_disk_cache() -> None:
    found = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
