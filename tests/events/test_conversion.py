"""Types that threads convert to are known before: two threads that meet one at the same time ended the process."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from seawall.console.endpoint import Endpoint

MEETING = """
import dataclasses, sys, threading
import msgspec
from seawall_base.msgspec_types import prepare
sys.setswitchinterval(1e-6)
for number in range(300):
    inner = dataclasses.make_dataclass(f"Inner{number}", [(f"a{at}", int) for at in range(12)])
    kind = dataclasses.make_dataclass(f"Outer{number}", [(f"f{at}", tuple[inner, ...]) for at in range(8)])
    prepare(kind)
    plain = {f"f{at}": [{f"a{at}": 1 for at in range(12)}] for at in range(8)}
    found, together = [], threading.Barrier(4)
    def meet():
        together.wait()
        found.append(msgspec.convert(plain, kind))
    threads = [threading.Thread(target=meet) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert len(found) == 4 and all(one == found[0] for one in found)
"""


def test_many_threads_may_convert_to_a_prepared_type_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", MEETING], check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


class Impossible(msgspec.Struct):
    """A type that msgspec refuses once it learns it."""

    several: list[int] | tuple[int, ...]


def test_a_route_prepares_what_its_requests_become() -> None:
    for query, body in ((Impossible, None), (None, Impossible)):
        with pytest.raises(TypeError, match="array-like"):
            Endpoint(
                method="GET", path="/x", handle=print, role=None, summary="", group="", query=query, body=body
            )
