"""Sign out."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from seawall.console.endpoint import ApiCall, Endpoint
from seawall.console.sign_in.by_passkey import Nothing
from seawall.console.sign_in.session_start import clear_cookie


def sign_out(call: ApiCall) -> Response:
    """End this session, if there is one."""
    visitor = call.visitor
    if visitor is not None and visitor.handle is not None:
        with call.context.database.writing() as work:
            work.sessions.revoke(visitor.handle, at=call.now)
            call.note(work, "sign-out", visitor.name)
    response = Response(status_code=204)
    clear_cookie(call, response)
    return response


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/api/sign-out",
        handle=sign_out,
        role=None,
        tenants="none",
        summary="End this session",
        group="session",
        body=Nothing,
    ),
)
