"""The operations that an OpenAPI document states, and what is sent to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def list_operations(document: dict[str, Any], *left_out: str) -> list[tuple[str, str]]:
    """Return method and path of each, but for the paths that are left out."""
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        if path not in left_out
        for method in operations
        if method in _METHODS
    ]


def send_cases(schema: Any, method: str, path: str, check: Callable[[Any], None], wanted: settings) -> None:
    """Call `check` with what Schemathesis thinks of for one operation.

    It does so when the test runs. Its own `parametrize` does it at collection, for all operations in every process: seconds.
    """
    from schemathesis.pytest.lazy import get_all_tests

    part: Any = schema.include(method=method, path=path)
    made: list[Any] = list(get_all_tests(schema=part, test_func=check, settings=wanted, given_kwargs=None))
    (found,) = made
    _, test = found.ok()
    test()
