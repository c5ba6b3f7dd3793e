"""List the labels that Google's admin console gives events, by plain name, with the events' types and names in the Reports API.

Labels and names are those of the pages on activity events of the Reports API. The labels of Gmail's events stand for the
numbers of `event_info.mail_event_type`.
"""

from __future__ import annotations

from collections.abc import Mapping

from seawall.events.consoles.columns import plain_name


def _by_label(events: Mapping[tuple[str, ...], tuple[str, str | int]]) -> dict[str, tuple[str, str | int]]:
    """Return events by each of their labels; the API's own name is one too."""
    found: dict[str, tuple[str, str | int]] = {}
    for labels, event in events.items():
        for label in (*labels, *([event[1]] if isinstance(event[1], str) else [])):
            found[plain_name(label)] = event
    return found


LOGIN = _by_label({
    ("Successful login", "Login success"): ("login", "login_success"),
    ("Failed login", "Failed login attempt", "Login failure"): ("login", "login_failure"),
    ("Login challenge",): ("login", "login_challenge"),
    ("Login verification",): ("login", "login_verification"),
    ("Logout",): ("login", "logout"),
    ("Sensitive action allowed", "Risky, sensitive action allowed"): ("login", "risky_sensitive_action_allowed"),
    ("Sensitive action blocked", "Risky, sensitive action_blocked"): ("login", "risky_sensitive_action_blocked"),
    ("Suspicious login", "Suspicious login blocked"): ("account_warning", "suspicious_login"),
    ("Suspicious login (less secure app)", "Suspicious login from less secure app blocked"): (
        "account_warning",
        "suspicious_login_less_secure_app",
    ),
    ("Suspicious programmatic login", "Suspicious programmatic login blocked"): (
        "account_warning",
        "suspicious_programmatic_login",
    ),
    ("Leaked password",): ("account_warning", "account_disabled_password_leak"),
    ("User suspended",): ("account_warning", "account_disabled_generic"),
    ("User suspended (spam)",): ("account_warning", "account_disabled_spamming"),
    ("User suspended (spam through relay)",): ("account_warning", "account_disabled_spamming_through_relay"),
    ("User suspended (suspicious activity)",): ("account_warning", "account_disabled_hijacked"),
    ("User signed out due to suspicious session cookie",): (
        "account_warning",
        "user_signed_out_due_to_suspicious_session_cookie",
    ),
    ("Passkey enrolled",): ("account_warning", "passkey_enrolled"),
    ("Passkey removed",): ("account_warning", "passkey_removed"),
    ("Government-backed attack", "Government attack warning"): ("attack_warning", "gov_attack_warning"),
    ("2-step verification enroll",): ("2sv_change", "2sv_enroll"),
    ("2-step verification disable",): ("2sv_change", "2sv_disable"),
    ("Account password change",): ("password_change", "password_edit"),
    ("Account recovery email change",): ("recovery_info_change", "recovery_email_edit"),
    ("Account recovery phone change",): ("recovery_info_change", "recovery_phone_edit"),
    ("Account recovery secret question/answer change",): ("recovery_info_change", "recovery_secret_qa_edit"),
    ("Advanced Protection enroll",): ("titanium_change", "titanium_enroll"),
    ("Advanced Protection unenroll",): ("titanium_change", "titanium_unenroll"),
    ("Out of domain email forwarding enabled",): ("email_forwarding_change", "email_forwarding_out_of_domain"),
})  # fmt: skip

TOKEN = _by_label({
    ("Authorize", "Grant"): ("auth", "authorize"),
    ("Revoke",): ("auth", "revoke"),
    ("Request",): ("auth", "request"),
    ("API call", "Activity"): ("auth", "activity"),
})  # fmt: skip

DRIVE = _by_label({
    **{(name,): ("access", name) for name in (
        "view", "edit", "download", "create", "upload", "delete", "trash", "untrash", "rename", "move", "copy", "print",
        "preview", "source_copy", "add_to_folder", "remove_from_folder",
    )},
    ("Change document visibility",): ("acl_change", "change_document_visibility"),
    ("Change access scope",): ("acl_change", "change_document_access_scope"),
    ("User sharing permissions change", "Change user access"): ("acl_change", "change_user_access"),
    ("Change owner",): ("acl_change", "change_owner"),
    ("Change editors' access",): ("acl_change", "change_acl_editors"),
    ("Shared drive membership change",): ("acl_change", "shared_drive_membership_change"),
    ("Shared drive settings change",): ("acl_change", "shared_drive_settings_change"),
})  # fmt: skip

GMAIL = _by_label({
    (label,): ("delivery_type", number) for label, number in (
        ("Send", 1), ("Receive", 2), ("User spam classification", 3), ("Late spam classification", 4), ("Quarantine", 5),
        ("Release from quarantine", 6), ("Open", 7), ("Mark unread", 8), ("Reply", 9), ("Forward", 10), ("Autoforward", 11),
        ("Move to inbox", 12), ("Move to trash", 13), ("Move out of trash", 14), ("Link click", 15),
        ("Attachment link click", 16), ("Attachment download", 17), ("Attachment save to drive", 18),
        ("Drive items saved to drive", 19), ("Archive", 26), ("Delete", 27), ("Attachment preview", 28), ("Draft", 29),
        ("Bounce", 30), ("View", 31), ("Download", 32), ("Message content accessed", 33),
    )
})  # fmt: skip
