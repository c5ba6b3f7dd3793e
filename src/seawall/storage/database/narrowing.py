"""Narrow a transaction to organisations: every statement sees the rows of these organisations alone.

Each table has a rule here. Rows of a table without a rule are seen by nobody who is limited to organisations. So whoever
adds a table states in `RULES` whose its rows are, or that they are nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, FromClause, Select, and_, event, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, QueryContext, Session, with_loader_criteria
from sqlalchemy.orm.attributes import set_committed_value

from seawall.storage.database import group_models as group
from seawall.storage.database import handling_models as handling
from seawall.storage.database import live_models as live
from seawall.storage.database import models, user_models
from seawall.storage.database.columns import make_index_key
from seawall.storage.errors import OutsideOrganisations

_INFO: Final = "organisations"
_INCIDENTS: Final[FromClause] = models.IncidentModel.__table__
_ALIASES: Final[FromClause] = live.AliasRow.__table__

_DOCUMENTED: Final[Mapping[Any, frozenset[str]]] = {
    live.DayRow: frozenset({"day"}),
    live.SettingRow: frozenset({"name"}),
}
"""Tables whose documents hold several organisations, and the columns that may be read alone."""

COVERAGE: Final = "coverage"
COVERAGE_OF_SLOT: Final = f"{COVERAGE}/"
SAVED_INDICATOR: Final = "indicator "
READABLE_SETTINGS: Final = (
    COVERAGE,
    "budget",
    "configured-budget",
    "threshold",
    "configured-threshold",
    "privacy",
)
"""Settings that hold no organisation's data, besides coverage, whose notes are narrowed when they are read."""


@dataclass(frozen=True, slots=True)
class HeldOrganisations:
    """The organisations to which a transaction is narrowed, and their keys in indexes."""

    names: frozenset[str]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> HeldOrganisations:
        """Return these organisations; none of them is a transaction that sees no organisation's rows."""
        held = frozenset(names)
        return cls(held, tuple(sorted(make_index_key(name) for name in held)))


Rule = Callable[[HeldOrganisations], ColumnElement[bool]]


def _by_key(column: InstrumentedAttribute[str]) -> Rule:
    return lambda held: column.in_(held.keys)


def _by_name(column: InstrumentedAttribute[str]) -> Rule:
    return lambda held: column.in_(sorted(held.names))


def _by_incident(column: InstrumentedAttribute[str]) -> Rule:
    return lambda held: column.in_(_select_ids(held))


def _by_any_id(*columns: InstrumentedAttribute[str]) -> Rule:
    """Return the rule for rows that name incidents by the ids that they had then."""

    def rule(held: HeldOrganisations) -> ColumnElement[bool]:
        now = _select_ids(held)
        earlier = select(_ALIASES.c.old).where(
            _ALIASES.c.new.in_(now), _ALIASES.c.old.not_in(select(_INCIDENTS.c.id))
        )
        return and_(*(or_(column.in_(now), column.in_(earlier)) for column in columns))

    return rule


def _select_ids(held: HeldOrganisations) -> Select[Any]:
    return select(_INCIDENTS.c.id).where(_INCIDENTS.c.tenant_key.in_(held.keys))


def _hide(_: HeldOrganisations) -> ColumnElement[bool]:
    return false()


def _choose_settings(_: HeldOrganisations) -> ColumnElement[bool]:
    name = live.SettingRow.name
    prefixes = (SAVED_INDICATOR, COVERAGE_OF_SLOT)
    return or_(name.in_(READABLE_SETTINGS), *(name.startswith(one, autoescape=True) for one in prefixes))


RULES: Final[Mapping[type[models.Model], Rule | None]] = {
    models.IncidentModel: _by_key(models.IncidentModel.tenant_key),
    models.ReasonRow: _by_incident(models.ReasonRow.incident),
    models.FeedbackRow: _by_name(models.FeedbackRow.tenant),
    models.ProblemRow: _hide,
    models.CheckpointRow: _hide,
    models.StateRow: _hide,
    models.CounterRow: None,
    models.AuditRow: None,
    models.UserModel: None,
    models.SessionRow: None,
    user_models.PasskeyRow: None,
    user_models.TotpRow: None,
    user_models.IdentityRow: None,
    user_models.InviteRow: None,
    user_models.ViewRow: None,
    user_models.IngestTokenModel: _hide,
    live.QueueRow: _by_key(live.QueueRow.tenant_key),
    live.ShownRow: _by_incident(live.ShownRow.incident),
    live.AliasRow: _by_incident(live.AliasRow.new),
    live.AnnouncementRow: _by_any_id(live.AnnouncementRow.incident),
    live.CandidateRow: _by_key(live.CandidateRow.tenant_key),
    live.DayRow: None,
    live.DirtyRow: _hide,
    live.OutboxRow: _hide,
    live.SourceRow: _by_name(live.SourceRow.tenant),
    live.TotalRow: _hide,
    live.SettingRow: _choose_settings,
    live.ContainmentRow: _by_name(live.ContainmentRow.tenant),
    live.FirstImportRow: _by_key(live.FirstImportRow.tenant_key),
    group.SlotLeaseRow: _hide,
    group.SlotHomeRow: _hide,
    group.HandedRow: _hide,
    handling.HandlingRow: _by_any_id(handling.HandlingRow.incident),
    handling.TagRow: _by_any_id(handling.TagRow.incident),
    handling.CommentRow: _by_any_id(handling.CommentRow.incident),
    handling.TaskRow: _by_any_id(handling.TaskRow.incident),
    handling.StarRow: _by_any_id(handling.StarRow.incident),
    handling.MergeRow: _by_any_id(handling.MergeRow.lead, handling.MergeRow.member),
    handling.TraitRow: _by_incident(handling.TraitRow.incident),
}
"""Whose the rows of each table are. None: nobody's; a narrowed transaction sees them all.

Sign-in and the audit trail are nobody's: a request reads its own user and appends to the trail. Routes that list users or
the trail need access to all organisations. The documents of days and of coverage are narrowed when they are read.
"""


class NarrowedSession(Session):
    """A session whose statements see the rows of some organisations alone. Statements without mapped tables are refused."""

    def __init__(self, engine: Engine, held: HeldOrganisations) -> None:
        super().__init__(engine)
        self.info[_INFO] = held
        self.criteria = [
            with_loader_criteria(model, rule(held), include_aliases=True)
            for model, rule in ((mapper.class_, find_rule(mapper.class_)) for mapper in _mappers())
            if rule is not None
        ]


def find_rule(model: type[models.Model]) -> Rule | None:
    """Return whose the rows of a table are; a table that is not in `RULES` hides all."""
    return RULES.get(model, _hide)


def held_by(session: Session) -> HeldOrganisations | None:
    """Return the organisations to which a session is narrowed, None if it sees all."""
    found: HeldOrganisations | None = session.info.get(_INFO)
    return found


def is_held(session: Session, tenant: str) -> bool:
    """Return whether a session sees an organisation."""
    held = held_by(session)
    return held is None or tenant in held.names


def _mappers() -> list[Any]:
    return sorted(models.Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)


@event.listens_for(NarrowedSession, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    session = state.session
    if not isinstance(session, NarrowedSession) or not state.is_orm_statement:
        raise OutsideOrganisations("a statement without mapped tables cannot be narrowed to organisations")
    if state.is_select:
        _check_documents(state.statement)
    if not state.is_insert:
        state.statement = state.statement.options(*session.criteria)


def _check_documents(statement: Any) -> None:
    """Refuse a query for parts of rows whose documents are narrowed when a whole row is read."""
    for column in statement.column_descriptions:
        entity, part = column["entity"], column["expr"]
        key = getattr(part, "key", None)
        if entity in _DOCUMENTED and part is not entity and key not in _DOCUMENTED[entity]:
            raise OutsideOrganisations("days and settings are read as whole rows")


@event.listens_for(live.DayRow, "load")
@event.listens_for(live.DayRow, "refresh")
@event.listens_for(live.SettingRow, "load")
@event.listens_for(live.SettingRow, "refresh")
def _narrow_document(row: Any, context: QueryContext | None, *_: object) -> None:
    held = (
        None if context is None else held_by(context.session)
    )  # None: this transaction writes the row itself
    if held is not None:
        narrow = narrow_day if isinstance(row, live.DayRow) else _narrow_setting(row.name)
        set_committed_value(row, "document", narrow(row.document, held.names))


def narrow_day(document: Any, names: frozenset[str]) -> dict[str, Any]:
    """Return the counts of a day for some organisations: their active accounts. Sums over all are left out."""
    found = document.get("tenants") if isinstance(document, dict) else None
    tenants = (
        {name: count for name, count in found.items() if name in names} if isinstance(found, dict) else {}
    )
    numbers = [count for count in tenants.values() if isinstance(count, int)]
    return {"tenants": tenants, "accounts": sum(numbers)}


def narrow_coverage(document: Any, names: frozenset[str]) -> dict[str, Any]:
    """Return the coverage notes of some organisations."""
    notes = document.get("notes") if isinstance(document, dict) else None
    kept = notes if isinstance(notes, list) else []
    return {"notes": [note for note in kept if isinstance(note, dict) and note.get("tenant") in names]}


def _narrow_setting(name: str) -> Callable[[Any, frozenset[str]], Any]:
    is_coverage = name == COVERAGE or name.startswith(COVERAGE_OF_SLOT)
    return narrow_coverage if is_coverage else lambda document, _: document
