"""Policies on Gmail (GWS.GMAIL)."""

from __future__ import annotations

from collections.abc import Callable

from seawall.posture.google_settings import flag_is, judge_setting, read_settings
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, verdict
from seawall.posture.values import read_flag

_NEEDS = ("google_policies",)


def _mail_flag(
    setting: str, field: str, *, wanted: bool, bad: str, good: str
) -> Callable[[Configuration], PolicyVerdict]:
    """Return a check of one flag of Gmail."""

    def check(configuration: Configuration) -> PolicyVerdict:
        return judge_setting(configuration, f"gmail.{setting}", flag_is(field, wanted=wanted), bad, good)

    return check


def _check_old_clients(configuration: Configuration) -> PolicyVerdict:
    wrong, seen = [], 0
    for setting, field in (
        ("gmail.imap_access", "enableimapaccess"),
        ("gmail.pop_access", "enablepopaccess"),
    ):
        for where, value in read_settings(configuration, setting).items():
            flag = read_flag(value.get(field))
            seen += flag is not None
            wrong += [f"{where}: {setting}"] if flag else []
    if not seen:
        return verdict("cannot say", "the export has no settings of IMAP and POP")
    return configuration.judge_offenders(
        "google_policies", wrong, "mail can be read by IMAP or POP", "IMAP and POP are off"
    )


_ATTACHMENTS, _LINKS = "email_attachment_safety", "links_and_external_images"
_NONE = " No catalogued incident used it."
GOOGLE_MAIL = (
    BaselinePolicy(
        "GWS.GMAIL.1.1v1",
        "Mail is not delegated",
        "Users cannot give others access to their mailbox.",
        "should",
        _NEEDS,
        _mail_flag(
            "mail_delegation",
            "enableMailDelegation",
            wanted=False,
            bad="users may delegate their mail",
            good="mail delegation is off",
        ),
        "An attacker cannot make himself a delegate to keep the access." + _NONE,
        "Clear Let users delegate access to their mailbox under Gmail, User settings.",
    ),
    BaselinePolicy(
        "GWS.GMAIL.5.1v1",
        "Encrypted attachments of strangers are stopped",
        "Gmail protects against encrypted attachments from untrusted senders.",
        "shall",
        _NEEDS,
        _mail_flag(
            _ATTACHMENTS,
            "enableEncryptedAttachmentProtection",
            wanted=True,
            bad="encrypted attachments arrive",
            good="encrypted attachments are stopped",
        ),
        "A program that steals sessions does not arrive in an archive with a password.",
        "Enable protection against encrypted attachments under Gmail, Safety, Attachments.",
        ("context-ai",),
    ),
    BaselinePolicy(
        "GWS.GMAIL.5.2v1",
        "Attachments with scripts are stopped",
        "Gmail protects against attachments with scripts from untrusted senders.",
        "shall",
        _NEEDS,
        _mail_flag(
            _ATTACHMENTS,
            "enableAttachmentWithScriptsProtection",
            wanted=True,
            bad="attachments with scripts arrive",
            good="attachments with scripts are stopped",
        ),
        "A program that steals sessions does not arrive as a script.",
        "Enable protection against attachments with scripts under Gmail, Safety, Attachments.",
        ("context-ai",),
    ),
    BaselinePolicy(
        "GWS.GMAIL.6.1v1",
        "Shortened links are opened by Gmail first",
        "Gmail identifies what lies behind shortened links.",
        "shall",
        _NEEDS,
        _mail_flag(
            _LINKS,
            "enableShortenerScanning",
            wanted=True,
            bad="shortened links are not examined",
            good="shortened links are examined",
        ),
        "A phishing site does not hide behind a short link.",
        "Enable Identify links behind shortened URLs under Gmail, Safety, Links and external images.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "GWS.GMAIL.6.3v1",
        "Readers are warned of untrusted links",
        "Gmail warns before a link to an untrusted domain opens.",
        "shall",
        _NEEDS,
        _mail_flag(
            _LINKS,
            "enableAggressiveWarningsOnUntrustedLinks",
            wanted=True,
            bad="untrusted links open without a warning",
            good="untrusted links open after a warning",
        ),
        "The click on a fresh phishing site meets a warning.",
        "Enable the warning prompt under Gmail, Safety, Links and external images.",
        ("tycoon-2fa", "code-of-conduct"),
    ),
    BaselinePolicy(
        "GWS.GMAIL.8.1v1",
        "Users do not import mail",
        "Users cannot import mail and contacts from elsewhere.",
        "shall",
        _NEEDS,
        _mail_flag(
            "user_email_uploads",
            "enableMailAndContactsImport",
            wanted=False,
            bad="users may import mail",
            good="users cannot import mail",
        ),
        "Prepared messages do not enter past the filters." + _NONE,
        "Clear user email uploads under Gmail, Setup.",
    ),
    BaselinePolicy(
        "GWS.GMAIL.9.1v1",
        "IMAP and POP are off",
        "Mail is not read by IMAP or POP.",
        "shall",
        _NEEDS,
        _check_old_clients,
        "A stolen grant or password does not copy the whole mailbox by an old protocol.",
        "Disable POP and IMAP under Gmail, End user access.",
        ("salesloft-drift",),
    ),
    BaselinePolicy(
        "GWS.GMAIL.11.1v1",
        "Mail is not forwarded automatically",
        "Users cannot forward their mail automatically.",
        "should",
        _NEEDS,
        _mail_flag(
            "auto_forwarding",
            "enableAutoForwarding",
            wanted=False,
            bad="users may forward their mail automatically",
            good="automatic forwarding is off",
        ),
        "The attacker cannot have copies sent to himself when the session ends.",
        "Clear Allow users to automatically forward incoming email under Gmail, End user access.",
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "GWS.GMAIL.12.1v1",
        "Users do not send by other servers",
        "Users cannot name an outbound gateway of their own.",
        "shall",
        _NEEDS,
        _mail_flag(
            "per_user_outbound_gateway",
            "allowUsersToUseExternalSmtpServers",
            wanted=False,
            bad="users may send by other servers",
            good="users send by Google's servers alone",
        ),
        "Mail that leaves by another server leaves no record here." + _NONE,
        "Clear per-user outbound gateways under Gmail, End user access.",
    ),
    BaselinePolicy(
        "GWS.GMAIL.15.1v1",
        "Suspicious mail is examined longer",
        "Gmail delays suspicious messages for a closer examination.",
        "shall",
        _NEEDS,
        _mail_flag(
            "enhanced_pre_delivery_message_scanning",
            "enableImprovedSuspiciousContentDetection",
            wanted=True,
            bad="suspicious mail is delivered at once",
            good="suspicious mail is examined before delivery",
        ),
        "A wave of new phishing is recognised before it arrives.",
        "Enable enhanced pre-delivery message scanning under Gmail, Spam, Phishing and Malware.",
        ("code-of-conduct",),
    ),
)
"""Policies on Gmail."""
