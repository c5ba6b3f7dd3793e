"""Build the step that blocks an application which the intruder brought into the organisation. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from seawall.events.applications.names import find_application_name
from seawall.events.changes.objects import find_application
from seawall.events.changes.records import ChangeRecord, normalise_operation
from seawall.response.containment.microsoft import block_application
from seawall.response.containment.steps import StepSubject, describe_record, with_id
from seawall.response.containment.templates import is_guid
from seawall.response.containment.values import ContainmentStep

_ADDED: Final = "Add service principal"


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the step that blocks an added application; none for a record of another kind, and for applications of Microsoft.

    Without consents it can read nothing, but its secrets work again as soon as somebody consents once more.
    """
    application = record.resource.lower()
    if normalise_operation(record.activity) != _ADDED or not is_guid(application):
        return
    if find_application_name(application) is not None:
        return
    block = block_application(replace(subject, account=application, is_application=True, object_id=""))
    name = find_application(record)
    yield with_id(
        replace(
            block,
            tenant=record.tenant or subject.tenant,
            title=f"Block the application {name}"
            + (f" ({application})" if name.lower() != application else ""),
            reason=describe_record(
                record, "An application that was added stays when the account is clean again"
            ),
            confidence=subject.for_record(record),
            evidence=(record.id,) if record.id else (),
        )
    )
