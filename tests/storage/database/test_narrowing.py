"""A narrowed database: every table has a rule, and statements see and change the rows of the organisations alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, delete, func, select, text, update

from seawall.console.privacy.settings import SETTING as PRIVACY
from seawall.pipeline.live.commit import BUDGET, CONFIGURED_BUDGET, CONFIGURED_THRESHOLD, COVERAGE, THRESHOLD
from seawall.storage.database import Database
from seawall.storage.database import narrowing as rules
from seawall.storage.database.live_models import DayRow, QueueRow, SettingRow
from seawall.storage.database.models import IncidentModel, Model, StateRow
from seawall.storage.database.users import MOST_ORGANISATIONS
from seawall.storage.errors import OutsideOrganisations
from tests.console.samples import INCIDENT

ONE, OTHER = "one.example", "other.example"
MODELS = sorted((mapper.class_ for mapper in Model.registry.mappers), key=lambda model: model.__name__)


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    """A database with three incidents of one organisation and two of another."""
    opened = Database.open(place, should_migrate=True)
    tenants = (ONE, OTHER, ONE, OTHER, ONE)
    with opened.writing() as work:
        work.incidents.put(
            [replace(INCIDENT, id=f"incident-{n}", tenant=tenant) for n, tenant in enumerate(tenants)]
        )
        work.days.put({20_000: {"events": 9, "accounts": 5, "tenants": {ONE: 3, OTHER: 2}}})
    yield opened
    opened.close()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_table_says_whose_its_rows_are(model: type[Model]) -> None:
    assert model in rules.RULES, "state in RULES whose the rows of this table are"


def test_a_table_without_a_rule_shows_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {model: rule for model, rule in rules.RULES.items() if model not in (IncidentModel, QueueRow)}
    monkeypatch.setattr(rules, "RULES", fewer)
    with database.narrow([ONE]).reading() as work:
        assert work.incidents.count() == 0
        assert work.incidents.get("incident-0") is None


def test_reading_counting_and_joining_see_one_organisation(database: Database) -> None:
    with database.narrow([ONE]).reading() as work:
        assert [one.tenant for one in work.incidents.rows()] == [ONE] * 3
        assert work.incidents.count() == 3
        assert work.incidents.get("incident-1") is None
        assert work.session.get(IncidentModel, "incident-1") is None
        assert work.session.get(IncidentModel, "incident-0") is not None
        inside = select(func.count()).where(QueueRow.incident.in_(select(IncidentModel.id)))
        assert work.session.execute(inside).scalar_one() == 3
        assert work.days.get(20_000) == {"tenants": {ONE: 3}, "accounts": 3}
    with database.reading() as work:
        assert work.incidents.count() == 5


def test_changes_and_deletions_reach_one_organisation(database: Database) -> None:
    with database.narrow([ONE]).writing() as work:
        changed = update(QueueRow).values(title="x").returning(QueueRow.incident)
        assert len(work.session.execute(changed).all()) == 3
        gone = delete(IncidentModel).returning(IncidentModel.id)
        assert len(work.session.execute(gone).all()) == 3
    with database.reading() as work:
        assert [one.tenant for one in work.incidents.rows()] == [OTHER] * 2


@pytest.mark.parametrize(
    "statement", [text("SELECT * FROM incidents"), select(IncidentModel.__table__), select(func.now())]
)
def test_a_statement_that_cannot_be_narrowed_is_refused(database: Database, statement: Any) -> None:
    with database.narrow([ONE]).reading() as work, pytest.raises(OutsideOrganisations):
        work.session.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        select(DayRow.document),
        select(DayRow.day, DayRow.document),
        select(func.length(SettingRow.document)),
        select(SettingRow.name, SettingRow.document.label("x")),
        select(func.max(DayRow.document)),
    ],
)
def test_documents_of_several_organisations_are_read_as_rows_alone(
    database: Database, statement: Any
) -> None:
    with database.narrow([ONE]).reading() as work:
        assert work.session.execute(select(DayRow.day)).scalars().all() == [20_000]
        with pytest.raises(OutsideOrganisations):
            work.session.execute(statement)


def test_many_organisations_are_not_too_many(database: Database) -> None:
    names = [ONE, *(f"organisation {number}" for number in range(MOST_ORGANISATIONS - 1))]
    with database.narrow(names).reading() as work:
        assert work.incidents.count() == 3
        assert work.handling.known_tags() == []
        assert work.merges.of_lead("incident-0") == []


def test_what_needs_the_whole_database_is_refused(database: Database) -> None:
    narrowed = database.narrow([ONE])
    with pytest.raises(OutsideOrganisations), narrowed.only_writer():
        pass
    with pytest.raises(OutsideOrganisations):
        narrowed.run_alone(["VACUUM"])


def test_of_no_organisation_nothing_is_seen(database: Database) -> None:
    with database.narrow([]).reading() as work:
        assert (work.incidents.count(), work.incidents.revision()) == (0, 0)
        assert work.session.execute(select(func.count()).select_from(StateRow)).scalar_one() == 0


def test_settings_are_read_by_name(database: Database) -> None:
    """A setting that is not listed may hold anything, so it is hidden."""
    assert {BUDGET, CONFIGURED_BUDGET, THRESHOLD, CONFIGURED_THRESHOLD, COVERAGE, PRIVACY} == set(
        rules.READABLE_SETTINGS
    )
    with database.writing() as work:
        work.settings.put("collector-rhythms", {"of": OTHER})
        work.settings.put(BUDGET, {"per_day": 2})
        work.settings.put(COVERAGE, {"notes": [{"tenant": OTHER}, {"tenant": ONE}, {}, 7]})
    with database.narrow([ONE]).reading() as work:
        assert work.settings.get("collector-rhythms") is None
        assert work.settings.all() == {BUDGET: {"per_day": 2}, COVERAGE: {"notes": [{"tenant": ONE}]}}
        documents = [row.document for row in work.session.execute(select(SettingRow)).scalars()]
        assert OTHER not in str(documents)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_a_damaged_document_is_narrowed_to_nothing(document: object) -> None:
    held = frozenset({ONE})
    assert set(rules.narrow_day(document, held)) == {"tenants", "accounts"}
    assert rules.narrow_coverage(document, held) == {"notes": []}


def test_rules_are_conditions() -> None:
    held = rules.HeldOrganisations.of([ONE])
    found = [rule(held) for rule in rules.RULES.values() if rule is not None]
    assert len(found) > 20
    assert all(isinstance(one, ColumnElement) for one in found)


def test_incidents_that_share_a_trait_over_organisations_are_listed(database: Database) -> None:
    """What campaigns are found in; it is chosen in the database, on either kind."""

    def listed(held: Database, **changed: int) -> list[str]:
        bounds = {"least_tenants": 2, "most_of_value": 10, "most": 100, **changed}
        with held.reading() as work:
            return work.traits.list_sharing(["network", "app"], INCIDENT.first_event, **bounds)

    assert listed(database) == [f"incident-{number}" for number in range(5)]
    assert listed(database, least_tenants=3) == []
    assert listed(database, most_of_value=4) == []
    assert listed(database, most=4) == []
    assert listed(database.narrow([ONE])) == []
    assert listed(database.narrow([ONE, OTHER])) == listed(database)
    with database.reading() as work:
        wanted = {"least_tenants": 2, "most_of_value": 10, "most": 100}
        assert work.traits.list_sharing(["client"], INCIDENT.first_event, **wanted) == []
        assert work.traits.list_sharing(["network"], INCIDENT.last_event + 1, **wanted) == []
        assert work.incidents.open_by_tenant()[ONE] == ({"high": 3}, INCIDENT.last_event)
