"""Declare the exports of Google Workspace: the Policy API and the Directory API.

Fields: docs.cloud.google.com, "REST Resource: policies" and "Settings available in the API"; developers.google.com, Directory
API, users.
"""

from __future__ import annotations

from seawall.posture.exports.export import Export, words

GOOGLE = (
    Export(
        "google_policies",
        "settings of Google Workspace",
        "GET https://cloudidentity.googleapis.com/v1/policies?pageSize=100, all pages",
        "scope https://www.googleapis.com/auth/cloud-identity.policies.readonly",
        words("setting"),
        words("policyquery customer"),
        keeps=words("setting policyquery type"),
        product="Google Workspace",
    ),
    Export(
        "google_users",
        "users of Google Workspace",
        "GET https://admin.googleapis.com/admin/directory/v1/users?customer=my_customer&maxResults=500, all pages",
        "scope https://www.googleapis.com/auth/admin.directory.user.readonly",
        words("primaryemail isadmin"),
        keeps=words("primaryemail isadmin isdelegatedadmin suspended isenrolledin2sv isenforcedin2sv"),
        product="Google Workspace",
    ),
)
