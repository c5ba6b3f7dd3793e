"""Declare every policy that a configuration is checked against."""

from __future__ import annotations

from seawall.posture.policies.admin_roles import ADMIN_ROLES
from seawall.posture.policies.applications import APPLICATIONS
from seawall.posture.policies.audit import AUDIT
from seawall.posture.policies.consent import CONSENT
from seawall.posture.policies.entra_settings import ENTRA_SETTINGS
from seawall.posture.policies.google_accounts import GOOGLE_ACCOUNTS
from seawall.posture.policies.google_mail import GOOGLE_MAIL
from seawall.posture.policies.mail_authentication import MAIL_AUTHENTICATION
from seawall.posture.policies.mail_flow import MAIL_FLOW
from seawall.posture.policies.mail_protection import MAIL_PROTECTION
from seawall.posture.policies.okta_settings import OKTA_SETTINGS
from seawall.posture.policies.sharepoint import SHAREPOINT
from seawall.posture.policies.sign_in import SIGN_IN
from seawall.posture.policies.teams import TEAMS
from seawall.posture.policy import BaselinePolicy

POLICIES: tuple[BaselinePolicy, ...] = (
    *SIGN_IN,
    *CONSENT,
    *ENTRA_SETTINGS,
    *ADMIN_ROLES,
    *APPLICATIONS,
    *AUDIT,
    *MAIL_FLOW,
    *MAIL_AUTHENTICATION,
    *MAIL_PROTECTION,
    *SHAREPOINT,
    *TEAMS,
    *GOOGLE_ACCOUNTS,
    *GOOGLE_MAIL,
    *OKTA_SETTINGS,
)
"""Every policy, by product."""
