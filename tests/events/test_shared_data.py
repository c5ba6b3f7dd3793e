"""Real third-party logs, where they are present: every record is accounted for."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.events.support import SHARED, read_all

FOLDERS = {
    "detection-vectors": 151,
    "entra-signins": 86,
    "golden-saml": 52,
    "google-workspace-malformed": 409,
    "m365-tenant-2021": 4767,
    "mixed-samples": 8,
    "sigma-rules": 0,
    "wycheproof": 3,
}


@pytest.mark.parametrize("folder", list(FOLDERS))
def test_every_record_is_accounted_for(folder: str) -> None:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not here: the shared data is not part of the project")
    assert read_all(path)[2] >= FOLDERS[folder]


def test_the_tenant_of_2021() -> None:
    path = SHARED / "m365-tenant-2021"
    if not path.is_dir():
        pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
    events, problems, records = read_all(path)
    assert records == 4767
    assert events.num_rows == records - len(problems)
    kinds = Counter(events.column("kind").to_pylist())
    assert kinds["mail_access"] == 250
    assert kinds["sign_in"] == 283
    assert kinds["mail_rule"] == 2
    assert events.column("org_uid").null_count == 0
