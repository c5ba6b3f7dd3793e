"""Find the incidents that somebody handles, that have a status, or that have a tag."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from seawall.storage.database.columns import fold
from seawall.storage.database.handling_models import HandlingRow, TagRow
from seawall.storage.database.live_models import AliasRow, QueueRow


def find_handled(field: Literal["owner", "status", "tag"], text: str) -> Select[Any]:
    """Return the query of the present ids of these incidents. Owners match whatever the case of their ASCII letters.

    Incidents that nobody handles have the status `new`.
    """
    if field == "tag":
        tags = select(func.coalesce(AliasRow.new, TagRow.incident))
        tags = tags.select_from(TagRow).outerjoin(AliasRow, AliasRow.old == TagRow.incident)
        return tags.where(TagRow.removed_at.is_(None), TagRow.tag == fold(text))
    present = func.coalesce(AliasRow.new, HandlingRow.incident)
    later = aliased(HandlingRow)
    handled = (
        select(present).select_from(HandlingRow).outerjoin(AliasRow, AliasRow.old == HandlingRow.incident)
    )
    handled = handled.where(or_(AliasRow.old.is_(None), AliasRow.new.not_in(select(later.incident))))
    if field == "owner":
        names = {text, text.lower()}
        return handled.where(or_(HandlingRow.owner == text, func.lower(HandlingRow.owner).in_(names)))
    if fold(text) == "new":
        others = handled.where(HandlingRow.status != "new")
        every = aliased(QueueRow)
        return select(every.incident).where(every.incident.not_in(others))
    return handled.where(HandlingRow.status == fold(text))
