"""List the acts of a story: how each is said, how much it weighs, and whether it stays behind.

In a template, `{name}` is a text or count of the act, and a part in square brackets is left out if one of its texts is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ActTemplate:
    """Say how an act is told. `one` tells a single act; `many` tells several of the same account, `{objects}` apart.

    `weight` orders acts by what they do to the organisation; `left` names what works on after the intruder is gone, "" if
    nothing does. `same` are the texts that acts told together have in common.
    """

    one: str
    many: str = ""
    weight: int = 50
    left: str = ""
    same: tuple[str, ...] = ("whom", "place")


_WHOM: Final = ("whom",)
_PLACE: Final = ("place",)
_NONE: Final[tuple[str, ...]] = ()

TEMPLATES: Final[Mapping[str, ActTemplate]] = {
    "consent": ActTemplate(
        "consented to {object|an application}[ ({detail})]",
        "consented to {count} applications: {objects}",
        94,
        left="the consent to {object|an application}",
        same=_NONE,
    ),
    "consent_for_all": ActTemplate(
        "consented for the whole organisation to {object|an application}[ ({detail})]",
        weight=98,
        left="everybody's consent to {object|an application}",
    ),
    "app_trusted": ActTemplate(
        "marked the application {object|without a name} as trusted[ ({detail})]",
        weight=85,
        left="the trust in {object|an application}",
    ),
    "permission_grant": ActTemplate(
        "granted permissions[ on {object}][ ({detail})]", weight=60, left="permissions[ on {object}]"
    ),
    "app_permission": ActTemplate(
        "gave {whom|an application}[ the permission {object}]",
        "gave {whom|an application} {count} permissions: {objects}",
        90,
        left="the permissions of {whom|an application}",
        same=_WHOM,
    ),
    "app_assigned": ActTemplate("assigned {object|an application}[ to {whom}]", weight=20),
    "credential": ActTemplate(
        "added a secret or certificate to {object|an application}[ ({detail})]",
        weight=93,
        left="a secret or certificate of {object|an application}",
    ),
    "credential_changed": ActTemplate(
        "changed the secrets or certificates of {object|an application}", weight=60
    ),
    "app_made": ActTemplate(
        "registered the application {object|without a name}[ ({detail})]",
        weight=75,
        left="the application {object|without a name}",
    ),
    "app_added": ActTemplate(
        "added the application {object|without a name} to the directory[ ({detail})]",
        weight=30,
        left="the application {object|without a name}",
    ),
    "app_owner": ActTemplate(
        "made {whom|somebody} an owner of {object|an application}",
        weight=45,
        left="{whom|somebody} as an owner of {object|an application}",
    ),
    "api_token": ActTemplate(
        "made the API token {object|without a name}",
        "made {count} API tokens: {objects}",
        94,
        left="the API token {object|without a name}",
    ),
    "role": ActTemplate(
        "gave {whom|somebody} [the role {object}|a role]",
        "gave {count} roles to {whoms|somebody}[, among them {objects}]",
        96,
        left="roles[ of {whoms}]",
        same=_NONE,
    ),
    "method": ActTemplate(
        "registered a sign-in method[ for {whom}]", weight=89, left="a sign-in method[ of {whom}]"
    ),
    "recovery": ActTemplate(
        "changed the ways of recovery[ of {whom}]", weight=86, left="ways of recovery[ of {whom}]"
    ),
    "method_removed": ActTemplate("took away sign-in methods[ of {whom}]", weight=80),
    "device": ActTemplate(
        "registered the device {object|without a name}", weight=84, left="the device {object|without a name}"
    ),
    "password": ActTemplate(
        "set a new password[ for {whom}]", "set new passwords for {count} accounts: {whoms}", 78, same=_NONE
    ),
    "account_made": ActTemplate(
        "created the account {whom|without a name}",
        "created {count} accounts: {whoms}",
        88,
        left="the account {whoms|without a name}",
        same=_NONE,
    ),
    "account_removed": ActTemplate(
        "removed the account {whom|without a name}", "removed {count} accounts: {whoms}", 60, same=_NONE
    ),
    "policy": ActTemplate(
        "changed the policy {object|of the organisation}",
        weight=87,
        left="the policy {object|of the organisation}",
    ),
    "zone": ActTemplate(
        "changed the network zone {object|of the organisation}",
        weight=86,
        left="the network zone {object|of the organisation}",
    ),
    "federation": ActTemplate(
        "changed how a domain signs in[: {object}]", weight=99, left="how a domain signs in[: {object}]"
    ),
    "identity_provider": ActTemplate(
        "set up the identity provider {object|without a name}, which signs people in",
        weight=99,
        left="the identity provider {object|without a name}",
    ),
    "inbox_rule": ActTemplate(
        "made an inbox rule[ named “{object}”] in {place|the account}'s mailbox[ ({detail})]",
        weight=95,
        left="[the inbox rule named “{object}”|an inbox rule] of {place|the account}",
    ),
    "inbox_rule_changed": ActTemplate(
        "changed [the inbox rule named “{object}”|inbox rules] in {place|the account}'s mailbox[ ({detail})]",
        weight=94,
        left="[the inbox rule named “{object}”|inbox rules] of {place|the account}",
    ),
    "mail_filter": ActTemplate("made a mail filter", weight=88, left="a mail filter"),
    "forwarding": ActTemplate(
        "set {place|the account}'s mail to go on to {whom|another address}",
        weight=97,
        left="the forwarding of {place|the account}'s mail",
    ),
    "on_behalf": ActTemplate(
        "let {whom|somebody} send on behalf of {place|the account}",
        weight=83,
        left="{whom|somebody}'s right to send on behalf of {place|the account}",
    ),
    "flow_rule": ActTemplate(
        "made a mail flow rule[ named “{object}”][ ({detail})]",
        weight=97,
        left="[the mail flow rule named “{object}”|a mail flow rule]",
    ),
    "flow_rule_changed": ActTemplate(
        "changed [the mail flow rule named “{object}”|how the organisation's mail flows][ ({detail})]",
        weight=90,
        left="[the mail flow rule named “{object}”|the mail flow]",
    ),
    "mailbox_access": ActTemplate(
        "gave {whom|somebody} full access to {place|the account}'s mailbox",
        "gave {whom|somebody} full access to {count} mailboxes: {places}",
        96,
        left="{whom|somebody}'s access to {places}",
        same=_WHOM,
    ),
    "mailbox_right": ActTemplate(
        "gave {whom|somebody} {object|rights} on {place|the account}'s mailbox",
        "gave {whom|somebody} rights on {count} mailboxes: {places}",
        70,
        left="{whom|somebody}'s rights on {places}",
        same=_WHOM,
    ),
    "send_as": ActTemplate(
        "let {whom|somebody} send mail as {place|the account}",
        "let {whom|somebody} send mail as {count} others: {places}",
        93,
        left="{whom|somebody}'s right to send as {places}",
        same=_WHOM,
    ),
    "folder_access": ActTemplate(
        "gave {whom|somebody} access to {object|a folder} of {place|the account}",
        weight=76,
        left="{whom|somebody}'s access to {object|a folder} of {place|the account}",
    ),
    "delegate": ActTemplate(
        "let another account read the mailbox", weight=94, left="a delegate of the mailbox"
    ),
    "audit_off": ActTemplate(
        "switched auditing off[ for {place}]", weight=92, left="auditing that is off[ for {place}]"
    ),
    "search": ActTemplate("searched the organisation's mail[ ({object})]", weight=82),
    "export": ActTemplate("exported mail[ ({object})]", weight=95),
    "transfer": ActTemplate(
        "had {place|the account}'s data[ in {object}] handed to {whom|another account}",
        "had the data of {count} accounts handed to {whom|another account}: {places}",
        94,
        same=_WHOM,
    ),
    "setting": ActTemplate(
        "changed the setting {object|of the organisation}",
        weight=55,
        left="the setting {object|of the organisation}",
    ),
    "read": ActTemplate(
        "read {messages}[ and synchronised {folders}][ in {place}'s mailbox]",
        "read {messages}[ and synchronised {folders}] in {mailboxes} mailboxes: {places}",
        weight=81,
        same=_NONE,
    ),
    "synchronised": ActTemplate(
        "synchronised {folders}[ of {place}'s mailbox]",
        "synchronised {folders} of {mailboxes} mailboxes: {places}",
        weight=79,
        same=_NONE,
    ),
    "opened": ActTemplate("opened the mailbox[ of {place}]", weight=40),
    "sent": ActTemplate("sent {messages}[ as {place}]", weight=81),
    "deleted": ActTemplate("deleted {messages}[ in {place}'s mailbox]", weight=65),
    "downloaded": ActTemplate("downloaded {files}", weight=64),
    "viewed": ActTemplate("opened {files}", weight=42),
    "shared": ActTemplate("shared {files} by link", weight=70),
    "signed_in": ActTemplate("signed in[ from {object}][ {times}]", weight=77),
    "refused": ActTemplate("failed to sign in[ from {object}][ {times}]", weight=35),
}
"""The acts that a story tells, by name."""

_OPTIONAL: Final = re.compile(r"\[([^\[\]|]*)(?:\|([^\[\]]*))?\]")
_FIELD: Final = re.compile(r"\{(\w+)(?:\|([^{}]*))?\}")


def fill_template(template: str, texts: Mapping[str, str]) -> str:
    """Return a template with texts filled in. `{name|other}` and `[part|other]` give the other words for an empty text."""

    def choose(found: re.Match[str]) -> str:
        part, other = found.group(1), found.group(2) or ""
        names = _FIELD.findall(part)
        return part if all(texts.get(name) or default for name, default in names) else other

    # fields are replaced in one pass, so that a text is never read as a template
    chosen = _OPTIONAL.sub(choose, template)
    filled = _FIELD.sub(lambda found: texts.get(found.group(1)) or found.group(2) or "", chosen)
    return filled.strip().removesuffix(":")
