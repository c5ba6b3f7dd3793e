"""List Entra's sign-in results (AADSTS numbers) with Microsoft's texts; all rooms take their sets of numbers from here.

Microsoft warns that numbers and texts may change, and names `https://login.microsoftonline.com/error` as the current
source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Meaning = Literal[
    "interrupted", "enrolment", "second-factor-failed", "wrong-password", "no-account", "password-expired", "account-disabled",
    "locked", "policy", "application-credential", "none-of-these",
]  # fmt: skip
"""Meaning of a result.

- `interrupted`: the sign-in is not decided yet.
- `enrolment`: it stopped because no second factor was registered.
- `none-of-these`: numbers that older versions took for a denied prompt, listed with their true text.
"""

REFERENCE: Final = "entra-docs: identity-platform/reference-error-codes (April 2024)"
OPERATIONS: Final = "entra-docs: architecture/security-operations-user-accounts (2023)"
LOOKUP: Final = "https://login.microsoftonline.com/error"
UNDOCUMENTED: Final = "seen in sign-in logs; not in Microsoft's list"


@dataclass(frozen=True, slots=True)
class EntraCode:
    """Hold a result: its number, Microsoft's name and text (empty if it has none), its meanings here, and the source."""

    number: str
    name: str
    meanings: tuple[Meaning, ...]
    text: str
    source: str = REFERENCE


CODES: Final = (
    EntraCode("16000", "InteractionRequired", ("interrupted",),
              "User account doesn't exist in tenant and can't access the application in that tenant."),
    EntraCode("16001", "UserAccountSelectionInvalid", ("interrupted",),
              "The user selects on a tile that the session select logic has rejected."),
    EntraCode("16003", "SsoUserAccountNotFoundInResourceTenant", ("interrupted",),
              "The user hasn't been explicitly added to the tenant."),
    EntraCode("50034", "UserAccountNotFound", ("no-account",),
              "To sign into this application, the account must be added to the directory."),
    EntraCode("50053", "IdsLocked", ("locked",),
              "The account is locked because the user tried to sign in too many times with an incorrect user ID or "
              "password. Or, sign-in was blocked because it came from an IP address with malicious activity."),
    EntraCode("50055", "InvalidPasswordExpiredPassword", ("interrupted", "password-expired"),
              "The password is expired."),
    EntraCode("50056", "", ("wrong-password",),
              "Invalid or null password: password doesn't exist in the directory for this user."),
    EntraCode("50057", "UserDisabled", ("account-disabled",),
              "The user account is disabled."),
    EntraCode("50058", "UserInformationNotProvided", ("interrupted",),
              "Session information isn't sufficient for single-sign-on."),
    EntraCode("50059", "MissingTenantRealmAndNoUserInformationProvided", ("interrupted",),
              "Tenant-identifying information wasn't found in either the request or implied by any provided "
              "credentials."),
    EntraCode("50072", "UserStrongAuthEnrollmentRequiredInterrupt", ("interrupted", "enrolment"),
              "User needs to enroll for second factor authentication (interactive)."),
    EntraCode("50074", "UserStrongAuthClientAuthNRequiredInterrupt", ("interrupted",),
              "Strong authentication is required and the user did not pass the MFA challenge."),
    EntraCode("50076", "UserStrongAuthClientAuthNRequired", ("interrupted",),
              "The user must use multifactor authentication to access the resource."),
    EntraCode("50079", "UserStrongAuthEnrollmentRequired", ("interrupted", "enrolment"),
              "The user is required to use multifactor authentication."),
    EntraCode("50088", "", ("none-of-these",),
              "Limit on telecom MFA calls reached. Please try again in a few minutes."),
    EntraCode("50097", "DeviceAuthenticationRequired", ("interrupted",),
              "Device authentication is required."),
    EntraCode("50125", "PasswordResetRegistrationRequiredInterrupt", ("interrupted",),
              "Sign-in was interrupted because of a password reset or password registration entry."),
    EntraCode("50126", "InvalidUserNameOrPassword", ("wrong-password",),
              "Error validating credentials due to invalid username or password."),
    EntraCode("50127", "BrokerAppNotInstalled", ("interrupted",),
              "User needs to install a broker app to gain access to this content."),
    EntraCode("50129", "DeviceIsNotWorkplaceJoined", ("interrupted",),
              "Workplace join is required to register the device."),
    EntraCode("50133", "SsoArtifactRevoked", ("none-of-these",),
              "The session isn't valid due to password expiration or recent password change."),
    EntraCode("50140", "KmsiInterrupt", ("interrupted",),
              "This error occurred due to \"Keep me signed in\" interrupt when the user was signing-in."),
    EntraCode("50143", "", ("interrupted",),
              "Session is invalid because user tenant doesn't match the domain hint due to different resource."),
    EntraCode("50144", "InvalidPasswordExpiredOnPremPassword", ("interrupted", "password-expired"),
              "User's Active Directory password has expired."),
    EntraCode("50158", "ExternalSecurityChallenge", ("interrupted",),
              "External security challenge was not satisfied."),
    EntraCode("50187", "DeviceInformationNotProvided", ("interrupted",),
              "The service failed to perform device authentication."),
    EntraCode("50199", "CmsiInterrupt", ("interrupted",),
              "For security reasons, user confirmation is required for this request."),
    EntraCode("50203", "", ("interrupted",),
              "", UNDOCUMENTED),
    EntraCode("50206", "", ("interrupted",),
              "", UNDOCUMENTED),
    EntraCode("51006", "ForceReauthDueToInsufficientAuth", ("interrupted",),
              "Integrated Windows authentication is needed."),
    EntraCode("52004", "DelegationDoesNotExistForLinkedIn", ("interrupted",),
              "The user has not provided consent for access to LinkedIn resources."),
    EntraCode("53000", "DeviceNotCompliant", ("policy",),
              "Conditional Access policy requires a compliant device, and the device isn't compliant."),
    EntraCode("53001", "DeviceNotDomainJoined", ("policy",),
              "Conditional Access policy requires a domain joined device, and the device isn't domain joined."),
    EntraCode("53002", "ApplicationUsedIsNotAnApprovedApp", ("policy",),
              "The app used isn't an approved app for Conditional Access."),
    EntraCode("53003", "BlockedByConditionalAccess", ("policy",),
              "Access has been blocked by Conditional Access policies."),
    EntraCode("65001", "DelegationDoesNotExist", ("interrupted",),
              "The user or administrator hasn't consented to use the application."),
    EntraCode("70044", "", ("interrupted",),
              "", UNDOCUMENTED),
    EntraCode("81010", "DesktopSsoAuthTokenInvalid", ("interrupted",),
              "Seamless SSO failed because the user's Kerberos ticket has expired or is invalid."),
    EntraCode("81012", "DesktopSsoMismatchBetweenTokenUpnAndChosenUpn", ("interrupted",),
              "The user trying to sign in is different from the user signed into the device."),
    EntraCode("81014", "", ("interrupted",),
              "", UNDOCUMENTED),
    EntraCode("90094", "AdminConsentRequired", ("interrupted",),
              "Administrator consent is required."),
    EntraCode("90095", "AdminConsentRequiredRequestAccess", ("interrupted",),
              "An interrupt that appears when the user is told they need to ask the admin for consent."),
    EntraCode("500121", "", ("second-factor-failed",),
              "Authentication failed during strong authentication request.", OPERATIONS),
    EntraCode("500131", "", ("none-of-these",),
              "Assertion audience does not match the Client app presenting the assertion.", LOOKUP),
    EntraCode("530032", "BlockedByConditionalAccessOnSecurityPolicy", ("policy",),
              "The tenant admin has configured a security policy that blocks this request."),
    EntraCode("700027", "", ("application-credential",),
              "Client assertion failed signature validation."),
    EntraCode("7000215", "", ("application-credential",),
              "Invalid client secret is provided."),
    EntraCode("7000222", "InvalidClientSecretExpiredKeysProvided", ("application-credential",),
              "The provided client secret keys are expired."),
    EntraCode("9002341", "", ("interrupted",),
              "The user is required to permit Single Sign-On (SSO)."),
)  # fmt: skip


def numbers(*meanings: Meaning) -> tuple[str, ...]:
    """Return the numbers of the results with one of the meanings, in order."""
    return tuple(one.number for one in CODES if not {*meanings}.isdisjoint(one.meanings))


TEXTS: Final = {one.number: one.text for one in CODES if one.text}
NAMES: Final = {one.name: one.number for one in CODES if one.name}

PROMPT_DENIED: Final = "prompt-denied"
"""`status_code` of a second-factor prompt that was not accepted, if the vendor has no number for it."""

MISTAKEN: Final = "500121 (no denial)"
"""`status_code` of a second factor that failed although nobody denied a prompt: a mistyped code, an unreachable phone.

Entra has one number for such failures and for denials; only the details of the result distinguish them.
"""

NOT_GIVEN: Final = (*numbers("second-factor-failed"), PROMPT_DENIED)
"""Codes of a second factor that was demanded and not given: declined, unanswered, or failed for an unknown reason."""

NO_DENIAL: Final = (
    "authentication in-progress", "duplicate authentication attempt", "entered incorrect code", "invalid authentication",
    "invalid mobile app verification code", "invalid verification code", "misconfiguration", "phone call went to voicemail",
    "phone number has an invalid format", "service error", "unable to reach the user's phone",
    "unable to send the mobile app notification",
    "user doesn't have any verification methods registered", "user entered incorrect", "user is blocked", "user not found",
    "verification code already used", "never entered the verification code",
)  # fmt: skip
"""Texts in the details if no prompt was denied (entra-docs: authentication/howto-mfa-reporting, March 2025).

Denials say `user declined the authentication`, `user didn't respond to mobile app notification`, `user hung up the phone
call`, or report fraud.
"""


def factor_code(code: str, detail: str | None) -> str:
    """Return the status code of a result: its number, or `MISTAKEN` if the details show that no prompt was denied."""
    said = (detail or "").lower().replace("\u2019", "'")
    is_mistake = code in numbers("second-factor-failed") and any(one in said for one in NO_DENIAL)
    return MISTAKEN if is_mistake else code
