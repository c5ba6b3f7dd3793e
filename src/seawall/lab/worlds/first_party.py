"""The provider's own applications and resources, by id."""

from __future__ import annotations

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
GRAPH = "00000003-0000-0000-c000-000000000000"
RESOURCE_NAMES = {
    EXCHANGE: "Office 365 Exchange Online",
    GRAPH: "Microsoft Graph",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams Services",
}
APP_NAMES = {
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": "Microsoft Office",
    "5d661950-3475-41cd-a2c3-d671a3162bc1": "Microsoft Outlook",
    "9199bf20-a13f-4107-85dc-02114787ef48": "One Outlook Web",
    EXCHANGE: "Office 365 Exchange Online",
    "27922004-5251-4030-b22d-91ecd9a37ea4": "Outlook Mobile",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264": "Microsoft Teams",
    "4765445b-32c6-49b0-83e6-1d93765276ca": "OfficeHome",
    "ab9b8c07-8f02-4f72-87fa-80105867a763": "OneDrive SyncEngine",
    "f8d98a96-0999-43f5-8af3-69971c7bb423": "Apple Internet Accounts",
    "9e5f94bc-e8a4-4e73-b8be-63364c29d753": "Mozilla Thunderbird",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
    "14d82eec-204b-4c2f-b7e8-296a70dab67e": "Microsoft Graph Command Line Tools",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Microsoft Azure CLI",
    "fb78d390-0c51-40cd-8e17-fdbfab77341b": "Microsoft Exchange REST API Based Powershell",
    "de8bc8b5-d9f9-48b1-a8ad-b748da725064": "Graph Explorer",
    "00b41c95-dab0-4487-9791-b9d2c32c80f2": "Office 365 Management",
    "29d9ed98-a469-4536-ade2-f981bc1d605e": "Microsoft Authentication Broker",
    "872cd9fa-d31f-45e0-9eab-6e460a02d1f1": "Visual Studio",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Microsoft Azure PowerShell",
    "aebc6443-996d-45c2-90f0-388ff96faa56": "Visual Studio Code",
    "22098786-6e16-43cc-a27d-191a01a1e3b5": "Microsoft To-Do client",
    "66375f6b-983f-4c2c-9701-d680650f588f": "Microsoft Planner",
    "26a7ee05-5602-4d76-a7ba-eae8b7b67941": "Windows Search",
    "ecd6b820-32c2-49b6-98a6-444530e5a77a": "Microsoft Edge",
    "e9b154d0-7658-433b-bb25-6b8e0a8a7c59": "Outlook Lite",
    "57336123-6e14-4acc-8dcf-287b6088aa28": "Microsoft Whiteboard Client",
}
DEVELOPER_APPS = (
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "aebc6443-996d-45c2-90f0-388ff96faa56",
    "872cd9fa-d31f-45e0-9eab-6e460a02d1f1",
)
"""Clients of developers, which sign in with codes that an owner can be talked into passing on."""
FAMILY_APPS = (
    "22098786-6e16-43cc-a27d-191a01a1e3b5",
    "66375f6b-983f-4c2c-9701-d680650f588f",
    "26a7ee05-5602-4d76-a7ba-eae8b7b67941",
    "ecd6b820-32c2-49b6-98a6-444530e5a77a",
    "e9b154d0-7658-433b-bb25-6b8e0a8a7c59",
    "57336123-6e14-4acc-8dcf-287b6088aa28",
    "27922004-5251-4030-b22d-91ecd9a37ea4",
)
"""Programs of the provider that an account may begin to use without any consent."""


PRINCIPALS = {
    "00000001-0000-0000-c000-000000000000": "Azure ESTS Service",
    "00000002-0000-0000-c000-000000000000": "Windows Azure Active Directory",
    GRAPH: "Microsoft Graph",
    EXCHANGE: "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "00000004-0000-0ff1-ce00-000000000000": "Skype for Business Online",
    "00000007-0000-0ff1-ce00-000000000000": "Microsoft Exchange Online Protection",
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe": "Microsoft Teams Services",
}
"""Applications of the provider that act as themselves, for maintenance of the directory."""
