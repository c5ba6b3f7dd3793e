"""Build the WebAuthn options of discoverable passkeys: the browser finds them, and nobody types a name.

The relying party is the host that the browser has open, which the guard has checked. The expected origin is that of
the console's own pages. An answer for another site matches neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from seawall.console.request_origin import RequestOrigin
from seawall.console.sign_in.ceremonies import SECONDS
from seawall.web import webauthn
from seawall.web.webauthn import RelyingParty

PARTY_NAME: Final = "Seawall"


def relying_party(here: RequestOrigin) -> RelyingParty:
    """Return the relying party of a request."""
    return RelyingParty(here.host, PARTY_NAME, (here.origin,))


def creation_options(
    here: RequestOrigin, *, handle: bytes, name: str, challenge: bytes, known: Sequence[bytes]
) -> dict[str, Any]:
    """Return the options for a new passkey. `known` are the ids of the user's passkeys."""
    return webauthn.creation_options(
        relying_party(here),
        user_handle=handle,
        user_name=name,
        challenge=challenge,
        timeout_seconds=SECONDS,
        existing=known,
        is_discoverable=True,
    )


def request_options(here: RequestOrigin, *, challenge: bytes) -> dict[str, Any]:
    """Return the options for using any passkey of this site."""
    return webauthn.request_options(relying_party(here), challenge=challenge, timeout_seconds=SECONDS)
