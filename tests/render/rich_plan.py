"""Sample plan for all formats: an application with every kind of change, a new application, and one without changes."""

from scimconf.diagnostics import Diagnostic, Location
from scimconf.plan import (
    Abandoned,
    Absent,
    Action,
    Address,
    ApplicationPlan,
    ApplyStatus,
    Change,
    Effect,
    Exclusive,
    FieldChange,
    Guard,
    Plan,
    Report,
    Resource,
    Result,
    StepOutcome,
    Tenant,
    Traits,
    WriteOnly,
)
from scimconf.plan.diff import diff
from scimconf.snapshot import Document, SecretRef
from scimconf.steps import Edit, NameCheck, PendingDocument, Phase, Read, Send

NAME = "writer"
LONG = (
    'Switch([department], "other", "Sales", "sales@contoso.com", "Research and Development", Join("-", "rnd", '
    '[employeeOrgData.division], ToLower([companyName], "en-GB")), "Human Resources", "hr@contoso.com")'
)
TRAITS = {"job": Traits(immutable=frozenset({"template"}))}


def address(rest, kind="attribute_mapping", application=NAME):
    return Address(application, kind, rest)


def clause(attribute, operator, value):
    return {"attribute": attribute, "operator": operator, "value": value}


def resource(kind, rest, key=None, application=NAME, **fields):
    return Resource(Address(application, kind, rest), fields, key=key)


def row(**fields):
    return {
        "match": None,
        "default": None,
        "apply": "always",
        "flow_behavior": "when_changed",
        "export_missing_references": False,
        **fields,
    }


def assignments(*rests):
    return [resource("assignment", rest) for rest in rests]


OBSERVED = [
    resource("job", "", template="customappsso"),
    resource(
        "connection",
        "",
        authentication="bearer",
        base_address="https://writer.example.com/scim/v1?flavour=old",
    ),
    resource("settings", "", scope="assigned", deletion_threshold=None, notifications="identity@example.com"),
    resource(
        "object_mapping",
        "users",
        enabled=True,
        actions=["create", "update", "delete"],
        filters=[
            {
                "name": "employees",
                "all": [clause("employeeType", "equals", "Employee"), clause("mail", "is_not_null", "")],
            }
        ],
    ),
    resource("attribute_mapping", "users/externalId", **row(source="[objectId]", match=1)),
    resource("attribute_mapping", "users/name.formatted", **row(source='Join(" ", [givenName], [surname])')),
    resource("attribute_mapping", 'users/emails[type eq "work"].value', **row(source="[mail]")),
    resource("attribute_mapping", "users/title", **row(source="[jobTitle]")),
    resource("attribute_mapping", "groups/displayName", **row(source="[displayName]")),
    resource("app_role", "member", display_name="member", description="Writer team", enabled=True),
    Resource(
        Address(NAME, "app_role", "viewer"),
        {"display_name": "viewer", "description": "Reads only", "enabled": True},
        facts={"id": "0f9a0a3f-9a11-4c43-8d5b-7c1b8a529b1d", "assignments": 3},
    ),
    resource("schedule", "", enabled=False),
    *assignments(
        "user:ada@contoso.com/member",
        "user:grace@contoso.com/member",
        "user:alan@contoso.com/admin",
        "user:alan@contoso.com/auditor",
        "group:Writer editors/member",
        "group:AP-Finance/member",
        "user:eve@contoso.com/admin",
    ),
]

DESIRED = [
    resource("job", "", template="scim"),
    resource(
        "connection",
        "",
        authentication="bearer",
        base_address="https://app.writer.com/api/scim/v2",
        secret_token=WriteOnly("WRITER_SCIM_TOKEN"),
    ),
    resource("settings", "", scope="all", deletion_threshold=50),
    resource(
        "target_attribute",
        "users/urn:custom:params:scim:schemas:extension:writer:2.0:User",
        type="string",
        multivalued=False,
        required=False,
        references=[],
    ),
    resource(
        "object_mapping",
        "users",
        enabled=True,
        actions=["create", "update"],
        filters=[
            {
                "name": "employees",
                "all": [
                    clause("employeeType", "equals", "Contractor"),
                    clause("mail", "is_not_null", ""),
                    clause("userPrincipalName", "not_matches", r"^(adm|svc|test)-.*@contoso\.onmicrosoft\.com$"),
                ],
            }
        ],
    ),
    resource("attribute_mapping", "users/externalId", **row(source="[mailNickname]", match=2)),
    resource("attribute_mapping", "users/name.formatted", **row(source=LONG)),
    resource(
        "attribute_mapping",
        "users/urn:custom:params:scim:schemas:extension:writer:2.0:User",
        **row(source="[appRoleAssignments]"),
    ),
    resource("attribute_mapping", "users/name.familyName", **row(source="[surname]")),
    resource("attribute_mapping", "users/userType", **row(source='"Member"')),
    resource("attribute_mapping", "users/timezone", **row(source=None, default="Europe/Berlin")),
    resource("app_role", "admin", display_name="admin", description="Writer organisation admin", enabled=True),
    resource("schedule", "", enabled=True),
    *assignments(
        "user:ada@contoso.com/admin",
        "user:grace@contoso.com/admin",
        "user:grace@contoso.com/auditor",
        "user:王小明@contoso.com/member",
        "group:R&D %2F Europe/member",
    ),
    Exclusive(address("user:ada@contoso.com", "assignment")),
    Exclusive(address("user:grace@contoso.com", "assignment")),
    Exclusive(address("user:alan@contoso.com", "assignment")),
    Absent(address("users/title")),
    Absent(address("viewer", "app_role")),
]

EFFECTS = {
    "job": {Effect.DATA_LOSS, Effect.RESYNC},
    "connection": {Effect.ENDPOINT, Effect.CREDENTIALS, Effect.DIALECT},
    "object_mapping/users": {Effect.DEPROVISIONS, Effect.RESYNC},
    "attribute_mapping/users/externalId": {Effect.DEPROVISIONS, Effect.PROVISIONS, Effect.RESYNC},
    "attribute_mapping/users/name.formatted": {Effect.RESYNC},
    "attribute_mapping/users/timezone": {Effect.RESYNC},
    "attribute_mapping/users/title": {Effect.DATA_LOSS},
    "app_role/viewer": {Effect.DATA_LOSS, Effect.DEPROVISIONS},
    "schedule": {Effect.PROVISIONS},
    "settings": {Effect.PROVISIONS, Effect.RESYNC},
}


def with_effects(change):
    effects = EFFECTS.get(change.address.local, set())
    if change.kind == "attribute_mapping":
        effects = {*effects, Effect.RESYNC}
    if change.kind == "assignment":
        effects = {Effect.PROVISIONS} if change.action is Action.CREATE else {Effect.DEPROVISIONS}
    return Change(
        change.address, change.action, change.before, change.after, change.fields, frozenset(effects), change.reason
    )


def writer():
    result = diff(DESIRED, OBSERVED, TRAITS)
    left = [address(f"users/left{number}") for number in range(13)]
    return ApplicationPlan(
        name=NAME,
        ids={
            "app_id": "4f7c1a90-0b1c-4d5e-8f90-112233445566",
            "service_principal": "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
            "job": "customappsso.4f7c1a900b1c4d5e8f90112233445566.9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        },
        paths=("examples/base.yaml", "examples/writer/scimconf.yaml"),
        digest="sha256:1f2e",
        fingerprint="sha256:3d4c",
        changes=tuple(map(with_effects, result.changes)),
        unmanaged_drift=(resource("assignment", "user:mallory@contoso.com/admin"), resource("app_role", "auditor")),
        unmanaged=(*result.unmanaged, *map(Resource, left)),
        guards=(
            Guard("scope-widened", "all users of the directory would be provisioned, not only those who are assigned"),
            Guard(
                "matching-changed",
                "users would be matched by another value; users who no longer match would be created again",
                address=address("users/externalId"),
            ),
            Guard(
                "mass-removal",
                "3 of 6 users would lose their last role",
                "guard_exemptions[0] in the spec (CHG-1234)",
                count=3,
            ),
        ),
        warnings=(
            Diagnostic(
                "W401",
                "single sign-on is not SAML",
                ("application", "single_sign_on"),
                Location("scimconf.yaml", 7, 3),
                "Set it up in the portal.",
                "warning",
            ),
            Diagnostic("W402", "needs WRITER_SCIM_TOKEN", ("connection", "secret_token"), severity="warning"),
        ),
        excluded_changes=2,
        abandoned=(
            Abandoned(address("users/department"), "mappings.users.attributes.department: {absent: true}"),
            Abandoned(address("", "settings"), "provisioning.deletion_threshold: none"),
        ),
    )


def figma():
    """Return the plan of an application that does not exist yet."""
    desired = [
        resource("application", "", application="figma", display_name="Figma", from_template="custom"),
        resource("schedule", "", application="figma", enabled=False),
        resource("assignment", "group:Designers/editor", application="figma"),
    ]
    return ApplicationPlan(
        name="figma",
        paths=("examples/figma/scimconf.yaml",),
        complete=False,
        changes=diff(desired, [], {}).changes,
        guards=(Guard("application-created", "the application does not exist and would be created"),),
    )


def idle():
    return ApplicationPlan(
        name="idle", ids={"service_principal": "aaaaaaaa-3b7d-4bad-9bdd-2b0d7b3dcb6d"}, paths=("idle.yaml",)
    )


TENANT = Tenant("11111111-2222-3333-4444-555555555555", "contoso.com", ("contoso.com",))


def sample():
    return Plan(TENANT, (writer(), figma(), idle()), {"only": [], "allow": []})


SCHEMA = Document("schema", "/servicePrincipals/{service_principal}/synchronization/jobs/{job}/schema", written="put")
SECRETS = Document("secrets", "/servicePrincipals/{service_principal}/synchronization/secrets", written="put_values")


def steps():
    users = address("users/externalId")
    formatted = address("users/name.formatted")
    connection = address("", "connection")
    ada = address("user:ada@contoso.com/admin", "assignment")
    job = "/servicePrincipals/{service_principal}/synchronization/jobs/{job}"
    return [
        NameCheck(
            Phase.START,
            (address("", "schedule"),),
            "check that no other application is named Writer",
            Document("service_principals", "/servicePrincipals"),
            Document("registrations", "/applications"),
        ),
        Send(Phase.START, (address("", "schedule"),), "start provisioning", "POST", f"{job}/start"),
        Send(Phase.STOP, (address("", "schedule"),), "pause provisioning", "POST", f"{job}/pause"),
        Edit(
            Phase.BUILD,
            (users,),
            "set the mapping to externalId",
            SCHEMA,
            "set_mapping",
            ("users", "externalId"),
            row(source="[mailNickname]"),
        ),
        Send(
            Phase.BUILD,
            (connection,),
            "try the new credentials",
            "POST",
            f"{job}/validateCredentials",
            {
                "templateId": "{template}",
                "credentials": PendingDocument("secrets"),
                "extra": (SecretRef("env", "WRITER_SCIM_TOKEN"), 1),
            },
        ),
        Edit(
            Phase.BUILD,
            (formatted,),
            "set the mapping to name.formatted",
            SCHEMA,
            "set_mapping",
            ("users", "name.formatted"),
            expression=LONG,
        ),
        Edit(
            Phase.BUILD,
            (connection,),
            "set SecretToken",
            SECRETS,
            "set_value",
            ("SecretToken",),
            SecretRef("key_vault", "token", "https://v.vault.azure.net"),
        ),
        Read(Phase.BUILD, (users,), "wait for the schema", SCHEMA, "mapping_holds", ("users", "externalId")),
        Send(
            Phase.BUILD,
            (ada,),
            "assign user:ada@contoso.com/admin",
            "POST",
            "/servicePrincipals/{service_principal}/appRoleAssignedTo",
            {"principalId": "{user:ada}", "appRoleId": "{role:admin}", "resourceId": "{service_principal}"},
            outputs=(("assignment", "id"),),
        ),
        Send(
            Phase.CLEAR,
            (ada,),
            "unassign user:ada@contoso.com/member",
            "DELETE",
            "/servicePrincipals/{service_principal}/appRoleAssignedTo/{row}",
        ),
    ]


def reports():
    done = [
        StepOutcome(Result.DONE, (address(f"users/a{number}"),), f"set the mapping to a{number}")
        for number in range(25)
    ]
    failed = StepOutcome(
        Result.FAILED,
        (address("user:ada@contoso.com/admin", "assignment"),),
        "assign user:ada@contoso.com/admin",
        "POST /servicePrincipals/9b1deb4d/appRoleAssignedTo answered 403 Authorization_RequestDenied: Insufficient "
        "privileges to complete the operation. (request id 7c1b8a52-9b1d-4c43-8d5b-0f9a0a3f9a11)",
        "Grant the identity AppRoleAssignment.ReadWrite.All with admin consent, then sign in again.",
    )
    skipped = StepOutcome(
        Result.SKIPPED,
        (address("user:ada@contoso.com/member", "assignment"),),
        "unassign user:ada@contoso.com/member",
        "because an earlier step failed",
    )
    unconfirmed = StepOutcome(Result.UNCONFIRMED, (address("member", "app_role"),), "set the role member")
    nameless = StepOutcome(Result.SKIPPED, (), "start provisioning", "because an earlier step failed")
    skips = [
        StepOutcome(
            Result.SKIPPED,
            (address(f"users/b{number}"),),
            "set the mapping",
            "because provisioning could not be paused first",
        )
        for number in range(21)
    ]
    return (
        Report(
            NAME,
            (*done, failed, skipped, unconfirmed, nameless),
            wrote=True,
            history_entry="/history/writer/1",
            warnings=("provisioning stays paused",),
            error="1 step failed",
            status=ApplyStatus.PARTIALLY_APPLIED,
        ),
        Report(
            "figma",
            (StepOutcome(Result.DONE, (address("", "application", "figma"),), "create the application"),),
            wrote=True,
        ),
        Report(
            "many",
            tuple(skips),
            diagnostics=(Diagnostic("K503", "not an attribute", ("mappings", "users")),),
            status=ApplyStatus.INVALID,
        ),
        Report("idle"),
    )


def diagnostics():
    file = "examples/writer/scimconf.yaml"
    return [
        Diagnostic(
            "S305", "listed twice", ("assignments", "users", 2), Location(file, 31, 5), "Remove one of the two."
        ),
        Diagnostic(
            "S102",
            "not an attribute of the target",
            ("mappings", "users", "attributes", "titel"),
            Location(file, 2, 7),
            'Did you mean "title"?',
        ),
        Diagnostic(
            "W410",
            "the display name is Writer editors, not Writers",
            ("assignments", "groups", 0, "name"),
            Location(file, 28, 7),
            severity="warning",
        ),
        Diagnostic("S001", "cannot be read", (), Location("missing.yaml")),
        Diagnostic("S900", "no subscription?"),
    ]


def small():
    """Return a plan of one application with one change."""
    change = Change(Address("small", "schedule"), Action.UPDATE, fields=(FieldChange("enabled", False, True),))
    return Plan(applications=(ApplicationPlan("small", changes=(change,)),))
