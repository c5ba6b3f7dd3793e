"""Sign in by a link that works once: for a console that `seawall open` started for whoever sits at this machine.

The route exists only there. Everybody else on the machine, and every page of another site, finds a console that needs
sign-in and knows no user who could.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import RedirectResponse, Response

from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.sign_in.one_time_link import PATH
from seawall.console.sign_in.session_start import set_cookie, start_session
from seawall.console.sign_in.state import sign_in_state

if TYPE_CHECKING:
    from seawall.storage.database import Transaction, User

METHOD: Final = "link"
OWNER: Final = "owner"
"""The user whom the link signs in: an admin of this store alone, who can sign in by nothing else."""

PROBLEM: Final = "/sign-in?problem=took-too-long"


class LinkCode(msgspec.Struct, frozen=True):
    """The code of the link; further parameters are ignored."""

    code: str = ""


def enter(call: ApiCall) -> Response:
    """Start a session for the owner if the link is right, and go to the console; else go to the sign-in page."""
    sign_ins, link = sign_in_state(call), call.context.settings.link
    asked: LinkCode = call.query
    sign_ins.attempt(call)
    if link is None or not link.take(asked.code):
        sign_ins.record_failure(call, METHOD)
        return RedirectResponse(PROBLEM, 303)
    with call.context.database.writing() as work:
        entered = start_session(call, work, _owner(call, work), METHOD)
    response = RedirectResponse("/", 303)
    set_cookie(call, response, entered.token)
    return response


def _owner(call: ApiCall, work: Transaction) -> User:
    known = work.users.find(OWNER)
    return known if known is not None else work.users.add(OWNER, "admin", at=call.now)


ENTER: Final = Endpoint(
    method="GET",
    path=PATH,
    handle=enter,
    role=None,
    summary="Sign in by the link that `seawall open` printed",
    group="sign-in",
    query=LinkCode,
    status=303,
    media="text/html",
    codes=((429, "too-many-requests"),),
)
"""The route. It is no part of the API, because it exists only under `seawall open`."""
