"""What OASIS' own validator says of STIX objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def assert_valid_objects(objects: Iterable[Any]) -> None:
    from stix2validator import (
        ValidationOptions,
        validate_instance,
    )  # takes a second: not for every process that collects

    options = ValidationOptions(version="2.1", strict=False)
    for one in objects:
        report = validate_instance(json.loads(json.dumps(one)), options)
        assert [str(error) for error in report.errors] == [], one
