"""Map vendors' spellings of sign-in methods to the names in `schema.methods`."""

from __future__ import annotations

import re
from functools import lru_cache

from seawall.events.sign_in_methods import METHODS, Method

_SPELLINGS = {
    "sms": "mobilephone mobilesms alternatemobilephone sms textmessage text tokensms",
    "voice": "officephone mobilecall alternatemobilecall call phonecall voice tokencall",
    "email": "email emailotp tokenemail",
    "question": "securityquestion question",
    "push": "microsoftauthenticatorpush microsoftauthenticator appnotification mobileappnotification push "
            "authenticatorapp googleprompt prompt",
    "otp": "softwareonetimepasscode appcode onetimepasscode totp tokensoftwaretotp softwareoath softwareoathtoken "
           "mobileappverificationcode oathverificationcode authenticator otp oathsoftwaretoken token tokensoftware",
    "hardware_otp": "hardwareonetimepasscode hardwareoath oathhardwaretoken tokenhardware tokenhotp",
    "passwordless_app": "microsoftauthenticatorpasswordless passwordlessphonesignin phonesignin signednonce",
    "app_password": "apppassword apppasswords asp",
    "backup_code": "backupcode backupcodes",
    "tap": "temporaryaccesspass temporaryaccesspassonetime temporaryaccesspassmultiuse onetimetemporaryaccesspass",
    "qr_pin": "qrcode qrcodepin",
    "external": "externalauthmethod externalauthenticationmethod claimsprovider customotp",
    "passkey_synced": "passkeysynced",
    "passkey": "passkey passkeyfido2 webauthn",
    "security_key": "fido2 fido2securitykey fido fidosecuritykey securitykey u2f",
    "passkey_device": "passkeydevicebound passkeydeviceboundauthenticator passkeydeviceboundwindowshello",
    "hello": "windowshelloforbusiness windowshello",
    "platform": "macossecureenclavekey platformcredential macplatformcredential",
    "certificate": "x509certificate x509certificatemultifactor certificatebasedauthentication certificate smartcard",
    "password": "password cloudonlypassword passwordhashsync passthroughauthentication integratedwindowsauthentication",
}  # fmt: skip
_BY_SPELLING = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_OTHER = re.compile(r"[^a-z0-9]+")
SILENT = ("none", "unknownfuturevalue", "")


@lru_cache(maxsize=4_096)
def name_method(text: str) -> Method | None:
    """Return the method of a vendor's word, None if unknown."""
    name = _BY_SPELLING.get(plain(text))
    return METHODS[name] if name else None


def plain(text: str) -> str:
    """Return a vendor's word without case and punctuation."""
    return _OTHER.sub("", text[:120].lower())
