"""Tell which accounts are administrators: those that were seen to do what only an administrator can."""

from __future__ import annotations

import numpy as np

from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.detection.rules.rule import OperationSpellings
from seawall.events.coded_batch import Bools, pair_keys
from seawall.events.grouping import Rows

ADMINISTRATION = (
    "Add member to role", "Add eligible member to role", "Add member to role completed (PIM activation)",
    "Add eligible member to role in PIM completed (permanent)", "Remove member from role",
    "Add conditional access policy", "Update conditional access policy", "Delete conditional access policy",
    "Update policy", "Delete policy", "Update authorization policy",
    "Set federation settings on domain", "Set domain authentication", "Add unverified domain", "Verify domain",
    "Set company information", "Set directory feature on tenant",
    "Admin registered security info", "Admin updated security info", "Admin deleted security info",
    "Disable Strong Authentication", "Reset user password", "Delete user",
    "New-TransportRule", "Set-TransportRule", "Remove-TransportRule", "New-InboundConnector", "New-OutboundConnector",
    "New-JournalRule", "Set-AdminAuditLogConfig", "Set-MailboxAuditBypassAssociation", "Set-OrganizationConfig",
    "New-ManagementRoleAssignment", "Add-RoleGroupMember", "Set-RemoteDomain", "Add-MailboxPermission",
    "New-ComplianceSearch", "Start-ComplianceSearch", "New-ComplianceSearchAction", "New-MailboxExportRequest",
    "user.session.access_admin_app", "user.account.privilege.grant", "user.account.privilege.revoke",
    "group.privilege.grant", "user.mfa.factor.reset_all", "user.lifecycle.create", "user.lifecycle.deactivate",
    "policy.lifecycle.create", "policy.lifecycle.update", "policy.rule.add", "policy.rule.update", "zone.create",
    "zone.update", "application.policy.sign_on.update", "system.api_token.create", "system.idp.lifecycle.create",
    "ASSIGN_ROLE", "UNASSIGN_ROLE", "CREATE_ROLE", "GRANT_ADMIN_PRIVILEGE", "GRANT_DELEGATED_ADMIN_PRIVILEGES",
    "CREATE_USER", "DELETE_USER", "SUSPEND_USER", "CHANGE_PASSWORD", "CHANGE_APPLICATION_SETTING",
    "CREATE_APPLICATION_SETTING", "CHANGE_GMAIL_SETTING", "CREATE_GMAIL_SETTING", "TURN_OFF_2_STEP_VERIFICATION",
    "UNENROLL_USER_FROM_STRONG_AUTH", "ENFORCE_STRONG_AUTHENTICATION", "AUTHORIZE_API_CLIENT_ACCESS",
    "ADD_TO_TRUSTED_OAUTH2_APPS",
)  # fmt: skip
"""Operations that succeed for administrators alone, as the vendors spell them."""

_SPELLINGS = OperationSpellings(ADMINISTRATION)


def find_administrators(behaviour: BehaviourDetector, groups: BehaviourGroups, rows: Rows) -> Bools:
    """Return which of the groups `rows` are of an administrator's account, bool (k,).

    An account is one if it did one of the operations on this day, or on an earlier day that is still remembered.

    Misses: administrators whose logs begin after their last such operation, and roles that were given and never used.
    """
    day, batch = groups.day, groups.day.batch
    actor = day.actor[rows]
    names = batch.vocabularies["activity_name"]
    spelt = _SPELLINGS.find(names)
    if not spelt:
        return np.zeros(len(rows), bool)
    found = np.isin(actor, batch.actor[day.gained & batch.one_of("activity_name", spelt)])
    earlier = behaviour.counts["activity"].account
    for code in names.matches(spelt).tolist():
        found |= earlier.find(pair_keys(actor, np.full(len(actor), code, np.int32)))[1]
    return np.asarray(found)
