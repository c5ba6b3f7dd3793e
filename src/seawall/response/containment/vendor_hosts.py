"""Build the vendor hosts from the settings: base URLs, and access tokens for what a plan needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seawall.response.containment.settings import ContainmentSettings
from seawall.response.containment.values import Vendor
from seawall.response.containment.vendors import VendorHost
from seawall.response.errors import RespondInvalid
from seawall.vendor_api.access.google import GoogleAccess
from seawall.vendor_api.access.microsoft import MicrosoftAccess, certificate_credential
from seawall.vendor_api.access.okta import ApiToken, PrivateKeyAccess
from seawall.vendor_api.client import VendorAccess, VendorClient
from seawall.vendor_api.clouds import GOOGLE, GRAPH
from seawall_base.clock import Clock
from seawall_base.http_client import ForeignHost, HttpClient
from seawall_base.secret_file import secret_of

GMAIL: Final = "https://gmail.googleapis.com"
VARIABLES: Final = {
    "microsoft": "SEAWALL_RESPOND_MICROSOFT_SECRET",
    "google": "SEAWALL_RESPOND_GOOGLE_KEY",
    "okta": "SEAWALL_RESPOND_OKTA_SECRET",
    "gate": "SEAWALL_GATE_ADMIN_TOKEN",
}
"""Environment variables that hold a secret if no file is named."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A fixed token without expiry. It cannot be renewed after a refusal."""

    token: str

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the Authorization header."""
        del method, url
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self) -> None:
        """Do nothing: a fixed token cannot be renewed."""


@dataclass(frozen=True, slots=True)
class ConfiguredVendors:
    """All vendors that the settings configure."""

    settings: ContainmentSettings
    clock: Clock

    def __call__(self, vendor: Vendor, service: str, subject: str, scope: str) -> VendorHost:
        """Return the host of a vendor's service, acting as `subject`, with a token for `scope`.

        Raises RespondInvalid or CollectInvalid.
        """
        if getattr(self.settings, vendor) is None:
            raise RespondInvalid(
                f"no access to {vendor} is configured",
                fix=f"add a table [{vendor}] to the file of --config: `seawall respond begin` writes one to fill in",
            )
        if vendor == "microsoft":
            return self._microsoft()
        if vendor == "google":
            return self._google(service, subject, scope)
        return self._okta(scope) if vendor == "okta" else self._gate()

    def _microsoft(self) -> VendorHost:
        about = self.settings.microsoft
        assert about is not None  # noqa: S101 - looked at above
        if about.cloud not in GRAPH:
            raise RespondInvalid("microsoft.cloud is not a known cloud", fix=f"one of {', '.join(GRAPH)}")
        cloud = GRAPH[about.cloud]
        credential: Any = _secret(about.certificate or about.secret_file, "microsoft")
        if about.certificate:
            credential = certificate_credential(credential)
        login_base = about.base_url or cloud.login
        login = VendorClient(_http_client(login_base), None, self.clock)
        access = MicrosoftAccess(
            about.client_id,
            about.tenant,
            cloud.login,
            f"{cloud.api}/.default",
            credential,
            login,
            login_base,
        )
        return _host((about.base_url or cloud.api) + "/v1.0", access)

    def _google(self, service: str, subject: str, scope: str) -> VendorHost:
        about = self.settings.google
        assert about is not None  # noqa: S101 - looked at above
        login_base = about.base_url or GOOGLE.login
        login = VendorClient(_http_client(login_base), None, self.clock)
        is_gmail = service == "gmail"
        access = GoogleAccess(
            _secret(about.key_file, "google"),
            subject or about.administrator,
            login,
            f"{login_base}/token",
            (scope,),
        )
        return _host(about.base_url or (GMAIL if is_gmail else GOOGLE.api), access)

    def _okta(self, scope: str) -> VendorHost:
        about = self.settings.okta
        assert about is not None  # noqa: S101 - looked at above
        base = about.base_url or f"https://{about.domain}"
        access: VendorAccess
        if about.client_id:
            login = VendorClient(_http_client(base), None, self.clock)
            access = PrivateKeyAccess(
                _secret(about.key_file, "okta"),
                about.client_id,
                base,
                login,
                self.clock,
                about.key_id,
                dpop=about.dpop,
                scopes=(scope,),
            )
        else:
            access = ApiToken(_secret(about.token_file, "okta"))
        return _host(base, access)

    def _gate(self) -> VendorHost:
        about = self.settings.gate
        assert about is not None  # noqa: S101 - looked at above
        return _host(about.url.rstrip("/"), StaticToken(_secret(about.token_file, "gate")))


def _secret(file: str, vendor: Vendor) -> str:
    return secret_of(Path(file) if file else None, VARIABLES[vendor], f"a file in [{vendor}]")


def _host(base: str, access: VendorAccess) -> VendorHost:
    return VendorHost(base, _http_client(base), access)


def _http_client(url: str) -> HttpClient:
    try:
        return HttpClient(url)
    except ForeignHost:
        raise RespondInvalid(
            "a URL in the settings is neither https:// nor this machine itself", fix="https://host"
        ) from None
