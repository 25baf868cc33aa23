"""A tenant with thirty applications that were set up by hand in the portal, one unlike the other."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "../../etc/passwd",
    "CON",
    "Writer",
    "writer!",
    "\U0001f680",
    "=cmd()|' /C calc'!A0",
    "Ünïcode Überall",
    "a\\b:c*d?",
    "`code` | <script> @everyone",
    "x" * 110,
)
"""Display names that are paths, devices, equal but for case and signs, emoji, formulas, markup, or long."""
GALLERY = (
    ("Zoom", "zoom", {"Oauth2AccessToken": "made-by-hand", "Oauth2RefreshToken": "made-by-hand", "SyncAll": "false"}),
    (
        "Salesforce",
        "SfOutDelta",
        {"UserName": "admin@contoso.com", "Password": "made-by-hand", "SecretToken": "made-by-hand"},
    ),
    ("Zendesk", "zendesk", {"UserName": "admin", "Password": "made-by-hand", "Domain": "contoso"}),
    ("Slack", "Slack", {"BaseAddress": "https://slack.example.com/scim", "SecretToken": "made-by-hand"}),
    ("Fieldbook", "fieldbook", {"BaseAddress": "https://fieldbook.example.com/scim", "SecretToken": "made-by-hand"}),
)
"""Applications of the gallery: name, template of the job, and the stored keys."""
URL = "https://app{number}.example.com/scim/v2"
NOTIFY = '{"Enabled":true,"Recipients":"%s","DeleteThresholdEnabled":true,"DeleteThresholdValue":%d}'
SCOPE = {
    "categoryFilterGroups": [],
    "groups": [],
    "inputFilterGroups": [
        {
            "name": "Employees",
            "clauses": [
                {
                    "operatorName": "EQUALS",
                    "sourceOperandName": "department",
                    "targetOperand": {"values": ["Engineering"]},
                }
            ],
        }
    ],
}
EDITS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"target": "title", "source": "[department]"}],
    [{"remove": "title"}, {"remove": "preferredLanguage"}],
    [{"target": "displayName", "source": 'Join(" ", [givenName], [surname])', "flowType": "ObjectAddOnly"}],
    [{"attribute": {"name": "urn:ietf:params:scim:schemas:extension:acme:2.0:User:tag"}},
     {"target": "urn:ietf:params:scim:schemas:extension:acme:2.0:User:tag", "source": "[employeeId]"}],
    [{"scope": SCOPE}],
    [{"object": "Group", "enabled": False}],
    [{"flowTypes": "Add, Update"}],
)  # fmt: skip
ROLES = [{"value": "admin", "displayName": "Admin"}, {"value": "member", "displayName": "Member"}]
ASSIGNMENTS: tuple[list[dict[str, str]], ...] = (
    [],
    [{"user": "ada@contoso.com", "role": "admin"}, {"user": "grace@contoso.com", "role": "member"}],
    [{"group": "Writer editors", "role": "member"}],
    [{"group": "All staff", "role": "admin"}, {"user": "hedy@contoso.com", "role": "member"}],
)
MAILS = ("identity@contoso.com", "nobody@contoso.com", "ops@vendor.example", "charles@contoso.com")


def credentials(number: int) -> dict[str, str]:
    """Return the connection: a token, a client, a user name with a password, or nothing yet."""
    url = URL.format(number=number)
    return (
        {"BaseAddress": url, "SecretToken": "made-by-hand"},
        {
            "BaseAddress": url,
            "AuthenticationType": "OAuth2ClientCredentialsGrant",
            "Oauth2TokenExchangeUri": f"https://app{number}.example.com/token",
            "Oauth2ClientId": f"client-{number}",
            "Oauth2ClientSecret": "made-by-hand",
        },
        {"BaseAddress": url, "UserName": "admin", "Password": "made-by-hand"},
        {},
    )[number % 4]


def application(number: int) -> dict[str, Any]:
    """Return the application with a number, as a tenant file describes it."""
    name = HOSTILE[number] if number < len(HOSTILE) else f"Application {number}"
    settings = {"SyncAll": "true" if number % 7 == 6 else "false"}
    if number % 3:
        settings["SyncNotificationSettings"] = NOTIFY % (MAILS[number % 4], 100 + number)
    return {
        "displayName": name,
        "template": "custom",
        "roles": ROLES,
        "assignments": ASSIGNMENTS[number % 4],
        "secrets": {**credentials(number), **settings},
        "jobs": [{"edits": EDITS[number % 8], "state": "Active" if number % 8 in (0, 2, 3, 4) else "Disabled"}],
    }


def tenant(count: int = 30) -> dict[str, Any]:
    """Return the tenant: `count` applications with jobs, and two without: for single sign-on only, and a registration."""
    custom = [application(number) for number in range(count - len(GALLERY))]
    gallery = [
        {"displayName": name, "template": name, "jobs": [{"template": template}], "secrets": secrets}
        for name, template, secrets in GALLERY
    ]
    others = [{"displayName": "Sign-on only", "template": "custom"}, {"displayName": "Script", "template": None}]
    return {"applications": [*custom, *gallery, *others]}
