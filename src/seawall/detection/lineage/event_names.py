"""Name the sessions and tokens of events, and tell which events issue them and which use them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Keys, mix

USES = ("mail_access", "mail_action", "mail_rule", "admin", "file")

CONTINUED = (
    "user.authentication.sso", "user.session.access_admin_app", "policy.evaluate_sign_on", "app.oauth2.authorize.code",
    "app.oauth2.authorize.implicit.access_token", "app.oauth2.authorize.implicit.id_token", "app.oauth2.as.authorize.code",
    "app.oauth2.as.authorize.implicit.access_token", "app.oauth2.as.authorize.implicit.id_token",
)  # fmt: skip
"""Okta's sign-ins that continue an existing session: they use it and do not issue one."""


def session_keys(batch: CodedBatch) -> Keys:
    """Return a key for each event's session, uint64 (n,), 0 if it names none.

    The key includes the account: the same session id under another account is another session.
    """
    sessions = batch.hash_column("session_uid")
    keys = mix(sessions, batch.actor.astype(np.uint64))
    return np.where(sessions != 0, np.maximum(keys, 1), 0).astype(np.uint64)


def token_keys(batch: CodedBatch) -> Keys:
    """Return a key for each event's token within its organisation, uint64 (n,), 0 if it names none."""
    tokens = batch.hash_column("token_uid")
    keys = mix(tokens, batch.codes["org_uid"].astype(np.uint64))
    return np.where(tokens != 0, np.maximum(keys, 1), 0).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class EventNames:
    """Hold the session and token keys of a day's events, uint64 (n,), 0 for none."""

    session: Keys
    token: Keys


def select_events(batch: CodedBatch, names: EventNames) -> tuple[Bools, Bools, Bools, Bools]:
    """Return which events are acts, issue sessions and tokens, use them, and name the session that they continue, bool (n,)."""
    acting = (batch.actor != MISSING) & batch.one_of("status", ("success",))
    acting &= ~batch.one_of("kind", ("vendor_alert",))
    continues = batch.one_of("activity_name", CONTINUED)
    births = acting & batch.one_of("kind", ("sign_in",)) & ~continues
    in_session = batch.one_of("kind", ("directory",)) & (names.session != 0)
    used = batch.one_of("kind", USES) | continues | in_session
    uses = acting & used & ~batch.one_of("account_type", ("system",))
    return acting, births, uses, (continues & (names.session != 0)) | in_session
