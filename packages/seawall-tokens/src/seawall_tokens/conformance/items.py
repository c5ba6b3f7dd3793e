"""Turn the battery into pytest items. Only the plugin imports this, and only if a verifier is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from seawall_base.errors import UsageError
from seawall_tokens.conformance import battery
from seawall_tokens.conformance.case import Case
from seawall_tokens.conformance.run import run_case
from seawall_tokens.conformance.verifier import Verifier, load

ROOT = "seawall"


class Battery:
    """Add the cases to the collected items. Raises `pytest.UsageError` for an invalid option."""

    def __init__(self, config: pytest.Config) -> None:
        self.place = str(config.getoption("seawall_verifier"))
        try:
            chosen = battery.cases(
                _names(config.getoption("seawall_only")), _names(config.getoption("seawall_except"))
            )
        except UsageError as error:
            raise pytest.UsageError(f"{error.message}: {error.fix}") from None
        self.cases = battery.with_baseline(chosen)

    def pytest_report_header(self) -> str:
        """Return one line for the head of the report."""
        return f"seawall: {len(self.cases)} cases against {self.place}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the cases before other plugins select (`-k`, `-m`) or order items, so that they apply to these too."""
        try:
            verifier = load(
                self.place
            )  # loaded only now, because collection has put the project's folders on the path
        except UsageError as error:
            raise pytest.UsageError(f"{error.message}: {error.fix}") from None
        whole = CaseGroup.from_parent(session, name=ROOT, nodeid=ROOT)
        for family, cases in groupby(self.cases, key=lambda case: case.family):
            group = CaseGroup.from_parent(whole, name=family)
            items.extend(
                CaseItem.from_parent(group, name=case.name, case=case, verifier=verifier) for case in cases
            )


class CaseGroup(pytest.Collector):
    """The battery, or one of its families, as a name in node ids for `-k`."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield nothing: the items are added directly."""
        return iter(())


class CaseItem(pytest.Item):
    """One case as a pytest item."""

    def __init__(self, *, case: Case, verifier: Verifier, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.verifier = verifier
        self.user_properties.append(("seawall_harm", case.harm or "control"))

    def runtest(self) -> None:
        """Fail unless the outcome is the required one."""
        result = run_case(self.verifier, self.case)
        if result.outcome == "not-covered":
            pytest.skip(f"not covered: the verifier {result.detail}")
        if result.fault:
            case = self.case
            said = " ".join(
                part for part in (result.code, ascii(result.detail) if result.detail else "") if part
            )
            lines = [f"{result.fault} ({case.harm or 'control'}): {case.attack}", f"source: {case.source}"]
            if case.is_hostile:
                lines.append(f"expected: refused as {' or '.join(case.codes)}")
            pytest.fail("\n".join([*lines, f"outcome: {result.outcome} {said}".rstrip()]), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return no file; the line shows family and case."""
        return self.path, None, f"{ROOT}: {self.case.family}: {self.case.name}"


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()
