"""Declare the exports of Google Workspace: the Policy API and the Directory API.

Fields: docs.cloud.google.com, "REST Resource: policies" and "Settings available in the API"; developers.google.com, Directory
API, users.
"""

from __future__ import annotations

from seawall.posture.exports.export import Export, words
from seawall.vendor_api.clouds import GOOGLE as CLOUD
from seawall.vendor_api.configuration_addresses import GOOGLE_ADDRESSES, GOOGLE_IDENTITY

GOOGLE = (
    Export(
        "google_policies",
        "settings of Google Workspace",
        f"GET {GOOGLE_IDENTITY}{GOOGLE_ADDRESSES['google_policies'].paths[0]}, all pages",
        f"scope {GOOGLE_ADDRESSES['google_policies'].permission}",
        words("setting"),
        words("policyquery customer"),
        keeps=words("setting policyquery type"),
        product="Google Workspace",
    ),
    Export(
        "google_users",
        "users of Google Workspace",
        f"GET {CLOUD.api}{GOOGLE_ADDRESSES['google_users'].paths[0]}, all pages",
        f"scope {GOOGLE_ADDRESSES['google_users'].permission}",
        words("primaryemail isadmin"),
        keeps=words("primaryemail isadmin isdelegatedadmin suspended isenrolledin2sv isenforcedin2sv"),
        product="Google Workspace",
    ),
)
