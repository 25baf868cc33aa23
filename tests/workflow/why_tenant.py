"""A tenant for `why`: the application Desk with a filter, one role for each user and a required title; and others that differ."""

from dataclasses import replace

from tenant_fixture import Rehearsal

from scimconf.sandbox.reach import Destination

DESK = "Desk"
SECRETS = {"BaseAddress": "https://desk.example.com/scim", "SecretToken": "secret", "SyncAll": "false"}


def scope(name, attribute, value):
    clause = {"sourceOperandName": attribute, "operatorName": "EQUALS", "targetOperand": {"values": [value]}}
    return {"groups": [{"name": name, "clauses": [clause]}]}


ROLE = 'roles[primary eq "True"].value'
EDITS = [
    {"scope": scope("Employees", "employeeType", "Employee")},
    {"target": ROLE, "source": "SingleAppRoleAssignment([appRoleAssignments])"},
    {"remove": "title"},
    {"attribute": {"name": "nickName", "type": "String", "required": True}},
    {"target": "nickName", "source": "[jobTitle]"},
]
MAILROOM = {
    "template": "scim",
    "state": "Active",
    "edits": [{"target": "userName", "source": "[mail]", "matchingPriority": 1}],
}
JOB = {"template": "scim", "state": "Active", "edits": EDITS}
ROLES = [{"value": "agent", "displayName": "agent"}, {"value": "lead", "displayName": "lead"}]


def user(name, **properties):
    return {
        "userPrincipalName": f"{name}@contoso.com",
        "displayName": name.title(),
        "givenName": name.title(),
        "surname": "Example",
        "mail": f"{name}@contoso.com",
        "mailNickname": name,
        "employeeType": "Employee",
        "jobTitle": "Agent",
        **properties,
    }


def application(name, job, assigned, **more):
    rows = [
        {("group" if who.startswith("group:") else "user"): who.removeprefix("group:"), "role": "agent"}
        for who in assigned
    ]
    return {
        "displayName": name, "template": "custom", "roles": ROLES, "roles_only": True, "assignments": rows,
        "jobs": [job] if job else [], "secrets": SECRETS, **more,
    }  # fmt: skip


TENANT = {
    "base": "empty",
    "users": [
        user("ada"), user("grace"), user("mary"), user("tim"),
        user("hedy"),
        user("nina"),
        user("fred", employeeType="Contractor"),
        user("olga", accountEnabled=False),
        user("rosa", jobTitle=None),
        user("dora"), user("dora2", displayName="Dora"),
        user("o'brien"),
        user("guest", userPrincipalName="linus_fabrikam.com#EXT#@contoso.com", mail="linus@fabrikam.com", userType="Guest"),
        user("zoe"), user("rolf"), user("lara", department="Lab"), user("nomail", mail=None),
    ],
    "groups": [
        {"displayName": "Core", "members": ["nina@contoso.com"]},
        {"displayName": "Inner", "members": ["group:Core"]},
        {"displayName": "Other", "members": ["zoe@contoso.com"]},
        {"displayName": "Staff", "members": ["grace@contoso.com", "group:Inner", "group:Other"]},
        {"displayName": "Rule", "members": ["tim@contoso.com"], "groupTypes": ["DynamicMembership"]},
    ],
    "applications": [
        application(
            "Desk", JOB,
            ["ada@contoso.com", "mary@contoso.com", "group:Staff", "group:Rule", "fred@contoso.com", "olga@contoso.com",
             "rosa@contoso.com", "dora@contoso.com", "linus_fabrikam.com#EXT#@contoso.com"],
        ),
        application("Idle", JOB | {"state": "Disabled"}, ["ada@contoso.com"]),
        application("Mailroom", MAILROOM, ["ada@contoso.com", "nomail@contoso.com"]),
        application("Closed", {"template": "scim", "state": "Active", "edits": [{"flowTypes": "Update,Delete"}]}, ["nina@contoso.com"]),
        application("Off", {"template": "scim", "state": "Active", "edits": [{"enabled": False}]}, ["nina@contoso.com"]),
        application(
            "Everyone", {"template": "scim", "state": "Active", "edits": [{"scope": scope("Lab", "department", "Lab")}]}, [],
            secrets=SECRETS | {"SyncAll": "true"},
        ),
        application("Roleless", {"template": "scim", "state": "Active"}, [], roles=[], assignments=[{"user": "rolf@contoso.com"}]),
        application("Bare", None, ["ada@contoso.com"]),
    ],
}  # fmt: skip


def built(target):
    """Return the tenant whose applications send to a target."""
    tenant = Rehearsal(TENANT)
    return routed(tenant, target)


def routed(tenant, target):
    reach = tenant.service.tenant.reach
    tenant.service.tenant.reach = replace(reach, target=Destination(target.url, target.token))
    return tenant
