"""A store into which nothing was read: no page says that all is well."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.browser.conftest import Visiting, serving

pytestmark = pytest.mark.browser


def test_empty_store_is_not_up_to_date(visit: Visiting, pages_built: None, tmp_path: Path) -> None:
    with serving(tmp_path / "store") as address:
        page = visit("/health", address=address).page
        expect(page.locator(".ingest").first).to_have_text("Nothing read yet")
        expect(page.get_by_text("nothing read yet", exact=True)).to_be_visible()
        expect(page.get_by_text("Nothing was read yet: gaps show once logs arrive.")).to_be_visible()
        expect(page.get_by_text("No record was read yet.")).to_be_visible()
        for wrong in ("Up to date", "No gap was noticed", "Every record was understood"):
            expect(page.get_by_text(wrong)).to_have_count(0)
        page.close()  # else it asks for news of a server that ends
