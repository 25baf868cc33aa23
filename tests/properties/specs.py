"""Random valid specs of the pretend tenant Contoso and an application called Writer.

A spec is drawn as a plain tree, as a user would write it. What the sandbox rejects (two sources of a matching
attribute, a role that does not exist) is not drawn; everything else is.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from scimconf.expressions import Attribute, Call, Constant, render
from scimconf.spec.model import OPERATORS

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EXTENSION = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
SOURCES = [
    "mail", "mailNickname", "givenName", "surname", "jobTitle", "department", "employeeId", "city", "country", "state",
    "preferredLanguage", "extensionAttribute1", "employeeOrgData.costCenter", "usageLocation", "accountEnabled",
]  # fmt: skip
TARGETS = [
    "title", "displayName", "nickName", "locale", "timezone", "userType", "externalId", "name.formatted",
    "name.familyName", 'emails[type eq "work"].value', 'emails[type eq "home"].value', "preferredLanguage",
    'phoneNumbers[type eq "pager"].value', 'addresses[type eq "work"].country', 'roles[primary eq "True"].value',
    f"{ENTERPRISE}:costCenter", f"{ENTERPRISE}:department", "active",
]  # fmt: skip
CUSTOM = [f"{EXTENSION}:costCenter", f"{EXTENSION}:grade.level", "badge", "roles", 'x[type eq "a b"].value', "été"]
OWN_SOURCES = ["extension_0c0a7e505a5a4c0a8b0ac0a7e5000001_badge", "extension_x_ÿ"]
APPLY = ["always", "on_create", "multi_value_add_only", "value_add_only", "attribute_add_only"]
USERS = [
    "ada@contoso.com", "grace@contoso.com", "alan@contoso.com", "tim@contoso.com", "ADA.no@contoso.com",
    "charles@contoso.com", "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com", "radia@contoso.com",
]  # fmt: skip
GROUPS = ["Writer editors", "Writer admins", "AP-Finance", "All staff"]
SECRETS = (
    "A_TOKEN",
    "A_CLIENT_SECRET",
    "A_PASSWORD",
    "EXPORTED_SCIM_TOKEN",
    "EXPORTED_CLIENT_SECRET",
    "EXPORTED_PASSWORD",
)
ENVIRON = dict.fromkeys(SECRETS, "a-value-that-works")

TEXTS = st.sampled_from(
    ["a", "none", "NO", "0010", "1.10", "null", "true", "a: b", " a ", "#x", 'say "hi"', "it's", "${x}", "[mail]", "%DomainFQDN%",
     "é \u2028", "two  spaces", "\\d+\\", "*", "-", "=1", 'Join(",", [a])', "🙂", "{a}"]
) | st.text("aé𝒳 \\\"'#:,[]{}%&*-1🙂\u00a0", min_size=1, max_size=5)  # fmt: skip
WORDS = TEXTS.map(lambda one: one.strip() or "x")
SHOWN = WORDS.map(lambda one: "x" if one == "*" else one)
"""Values of a connection. Graph shows a star in place of a masked value, so it is not drawn."""


def written(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of sections with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


# --- mappings -------------------------------------------------------------------------------------------------------


def expressions(names: list[str]) -> st.SearchStrategy[str]:
    """Return a strategy of expressions over these attributes; some have unusual spacing."""
    plain = st.sampled_from(names).map(Attribute) | TEXTS.map(Constant)
    attribute = st.sampled_from(names).map(Attribute)

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        number = st.integers(0, 9).map(lambda one: Constant(str(one)))
        return st.one_of(
            st.builds(lambda one: Call("ToLower", (one,)), inner),
            st.builds(lambda sep, *rest: Call("Join", (sep, *rest)), TEXTS.map(Constant), inner, inner, inner),
            st.builds(lambda one, a, b: Call("Mid", (one, a, b)), inner, number, number),
            st.builds(lambda one, a, b: Call("Replace", (one, a, None, None, b, None, None)), inner, TEXTS.map(Constant), TEXTS.map(Constant)),
            st.builds(lambda one, a, b, c: Call("Switch", (one, a, b, c)), attribute, st.none() | TEXTS.map(Constant), TEXTS.map(Constant), inner),
            st.builds(lambda one: Call("Coalesce", one), st.lists(inner, min_size=1, max_size=3).map(tuple)),
        )  # fmt: skip

    calls = deeper(st.recursive(plain, deeper, max_leaves=4))
    ways = [lambda text: text, lambda text: text.replace("], ", "] ,  "), lambda text: text.replace("([", "( [")]
    return st.builds(lambda call, way: way(render(call)), calls, st.sampled_from(ways))


def values(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of values: source, constant, expression, or default only."""
    return st.one_of(
        st.sampled_from(names).map(lambda one: {"source": one}),
        (TEXTS | st.just("")).map(lambda one: {"constant": one}),
        expressions(names).map(lambda one: {"expression": one}),
        TEXTS.map(lambda one: {"source": None, "default": one}),
        st.sampled_from(names).map(lambda one: {"expression": f"[{one}]"}),
    )


@st.composite
def rows(draw: Any, names: list[str]) -> Any:
    """Draw an attribute mapping of any form; a string alone is a source."""
    if draw(st.integers(0, 9)) == 0:
        return {"absent": True}
    row = draw(values(names))
    row |= draw(
        written(
            default=TEXTS,
            apply=st.sampled_from(APPLY),
            flow_behavior=st.sampled_from(["when_changed", "always"]),
            export_missing_references=st.booleans(),
        )
    )
    return row["source"] if list(row) == ["source"] and draw(st.booleans()) else row


def definitions() -> st.SearchStrategy[dict[str, Any]]:
    raw = written(
        flowNullValues=st.booleans(),
        defaultValue=st.none() | TEXTS,
        metadata=st.lists(st.builds(lambda text: {"key": "Extra", "value": text}, TEXTS), max_size=1),
        apiExpressions=st.just([]),
    )
    return written(
        type=st.sampled_from(["string", "integer", "boolean", "reference", "binary", "datetime"]),
        multivalued=st.booleans(),
        required=st.booleans(),
        case_exact=st.booleans(),
        mutability=st.sampled_from(["read_write", "read_only", "immutable", "write_only"]),
        references=st.lists(st.sampled_from(["User", ENTERPRISE]), max_size=1),
        raw=raw,
    )


@st.composite
def clauses(draw: Any, names: list[str]) -> dict[str, Any]:
    word = draw(st.sampled_from(sorted(OPERATORS)))
    spelling = draw(st.sampled_from([word, *OPERATORS[word].spellings]))
    clause = {"attribute": draw(st.sampled_from(names)), "operator": spelling}
    if OPERATORS[word].unary:
        return clause
    if word in ("matches", "not_matches"):
        return {**clause, "value": draw(st.sampled_from(["^a$", ".*[0-9]{2}.*", "(?<n>a|b)", "\\d+"]))}
    if word.startswith("greater_than"):
        return {**clause, "value": str(draw(st.integers(-9, 10**12)))}
    return {**clause, "value": draw(TEXTS | st.sampled_from(["True", "false"]))}


def filters(names: list[str]) -> st.SearchStrategy[list[Any]]:
    one = st.fixed_dictionaries({"name": WORDS, "all": st.lists(clauses(names), min_size=1, max_size=3)})
    return st.lists(one, max_size=3)


@st.composite
def users(draw: Any) -> dict[str, Any]:
    """Draw the mapping of users: custom attributes on both sides, any rows, one or several matching attributes."""
    custom = draw(st.dictionaries(st.sampled_from([*CUSTOM, "title"]), definitions(), max_size=3))
    own = draw(st.dictionaries(st.sampled_from(OWN_SOURCES), definitions(), max_size=1))
    names = [*SOURCES, *own]
    attributes = draw(st.dictionaries(st.sampled_from([*TARGETS, *custom]), rows(names), max_size=6))
    unlisted = draw(st.sampled_from(["keep", "keep", "report", "delete"]))
    matching = draw(st.sampled_from(["live", "live", "listed", "moved"]))
    if matching == "listed" or unlisted == "delete":
        attributes["userName"] = {"source": draw(st.sampled_from(["userPrincipalName", "mail"])), "match": 1}
    elif matching == "moved":
        attributes["userName"] = {"source": "userPrincipalName", "match": 2}
        attributes["externalId"] = {"source": "mailNickname", "match": 1}
    section: dict[str, Any] = {"unlisted": unlisted, "attributes": attributes}
    section |= draw(
        written(
            enabled=st.booleans(),
            actions=st.lists(st.sampled_from(["create", "update", "delete"]), unique=True),
            filters=filters(names),
        )
    )
    if draw(st.booleans()):
        del section["unlisted"]
    if unlisted == "delete":
        section["unlisted"] = "delete"
    more = {"target_attributes": custom, "source_attributes": own}
    return section | {key: value for key, value in more.items() if value}


@st.composite
def groups(draw: Any) -> dict[str, Any]:
    attributes = draw(
        st.dictionaries(st.just("externalId"), rows(["objectId", "mailNickname", "displayName"]), max_size=1)
    )
    section = draw(
        written(
            enabled=st.booleans(),
            actions=st.lists(st.sampled_from(["create", "update", "delete"]), unique=True),
            filters=filters(["displayName", "mail", "securityEnabled"]),
        )
    )
    return {**section, **({"attributes": attributes} if attributes else {})}


@st.composite
def mappings(draw: Any) -> dict[str, Any]:
    """Draw mappings of users, under the name `users` or a custom name, and of groups."""
    found = {}
    if draw(st.integers(0, 4)):
        named = draw(st.sampled_from(["users", "users", "users", "people"]))
        selected = {"source": "User", "target": ENTERPRISE} if named == "people" else {}
        found[named] = {**selected, **draw(users())}
    if draw(st.booleans()):
        found["groups"] = draw(groups())
    return found


# --- roles and assignments ------------------------------------------------------------------------------------------

ROLE_VALUES = st.sampled_from(["admin", "~a/b", "%41", "User", "x~y", "[w]", "A" * 120, "1", "none", "a:b"]) | st.text(
    "abcXYZ019!#$%&'()*+,-./:;<=>?@[]^_`{|}~", min_size=1, max_size=4
).filter(lambda value: not value.startswith("."))


@st.composite
def roles(draw: Any) -> list[dict[str, Any]]:
    """Draw roles with and without a value; no two have the same name in an assignment."""
    found: dict[str, dict[str, Any]] = {}
    for value in draw(st.lists(ROLE_VALUES, max_size=3, unique=True)):
        found[value] = {"value": value, **draw(written(display_name=WORDS, description=WORDS, enabled=st.booleans()))}
    for name in draw(st.lists(st.sampled_from(["User", "Reader of é", "msiam", "~x"]), max_size=1)):
        found[f"~{name}"] = {"display_name": name, **draw(written(description=WORDS))}
    for role in found.values():
        if draw(st.integers(0, 5)) == 0:
            role["allowed_members"] = draw(st.sampled_from([["users", "applications"], ["applications"]]))
    return list(found.values())


def assignable(listed: list[dict[str, Any]]) -> list[str]:
    """Return the roles that users can have, as a spec names them."""
    return [
        str(one.get("value") or f"~{one['display_name']}")
        for one in listed
        if one.get("enabled", True) and "users" in one.get("allowed_members", ["users"])
    ]


@st.composite
def assignments(draw: Any, names: list[str]) -> dict[str, Any]:
    role_names = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    section: dict[str, Any] = {"unlisted": draw(st.sampled_from(["keep", "report", "delete"]))}
    user_names = draw(st.lists(st.sampled_from([one for one in USERS if ".no@" not in one]), max_size=3, unique=True))
    group_names = draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True))
    for key, name, principals in (("users", "user", user_names), ("groups", "name", group_names)):
        entries = [{name: one, **_role_keys(draw(role_names))} for one in principals]
        if entries and draw(st.integers(0, 5)) == 0:
            entries[0] = {name: principals[0], "absent": True}
        if entries:
            section[key] = entries
    return section | draw(
        written(
            protect=st.lists(st.sampled_from([{"group": "AP-*"}, {"user": "*@contoso.com"}, {"role": "*"}]), max_size=2)
        )
    )


def _role_keys(listed: list[str]) -> dict[str, Any]:
    return {"role": listed[0]} if len(listed) == 1 else {"roles": listed}


# --- connection and settings ----------------------------------------------------------------------------------------


@st.composite
def connections(draw: Any) -> dict[str, Any]:
    rotation = draw(st.sampled_from([{}, {"rotation": "2026-11"}, {"rotation": "a=b c"}]))
    address = draw(
        st.sampled_from(
            ["https://app.example.com/scim", "https://app.example.com:8443/v2?aadOptscim062020", "https://x.y"]
        )
    )
    authentication = draw(
        st.sampled_from(["bearer", "bearer", "oauth2_client_credentials", "other", "entra_token", "plain"])
    )
    section: dict[str, Any] = {"base_address": address}
    if authentication != "plain":
        section = {"authentication": authentication, **section}
    if authentication in ("bearer", "plain"):
        section["secret_token"] = {"env": "A_TOKEN", **rotation}
    if authentication == "oauth2_client_credentials":
        section["oauth2"] = {
            "token_url": "https://login.example.com/token",
            "client_id": draw(SHOWN),
            "client_secret": {"env": "A_CLIENT_SECRET", **rotation},
        }
    if authentication == "other":
        section["other"] = {"UserName": draw(SHOWN), "Password": {"env": "A_PASSWORD", **rotation}}
    if authentication == "bearer" and draw(st.booleans()):
        section["other"] = {"CompanyId": draw(SHOWN)}
    return section


def provisioning(*, connected: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"enabled": st.booleans() if connected else st.just(False)},
        optional={
            "scope": st.sampled_from(["assigned", "all"]),
            "notifications": st.sampled_from([{"email": "none"}, {"email": "it@contoso.com"}]),
            "deletion_threshold": st.sampled_from(["none", 1, 500, 12345]),
            "skip_out_of_scope_deletions": st.booleans(),
        },
    )


# --- the whole ------------------------------------------------------------------------------------------------------


@st.composite
def specs(draw: Any) -> dict[str, Any]:
    """Draw the tree of a spec. Only the sections that it contains are managed, so each may be missing."""
    tree: dict[str, Any] = {
        "version": 1,
        "name": "writer",
        "tenant": "contoso.com",
        "application": {"display_name": "Writer", "create": {"from_template": "custom"}},
    }
    if draw(st.booleans()):
        tree["job"] = {"template": "scim"}
    connected = draw(st.integers(0, 3)) > 0
    if connected:
        tree["connection"] = draw(connections())
    tree["provisioning"] = draw(provisioning(connected=connected))
    mapped = draw(mappings())
    if mapped:
        tree["mappings"] = mapped
    listed = draw(roles())
    if listed or draw(st.booleans()):
        tree["app_roles"] = {"roles": listed, **draw(written(unlisted=st.sampled_from(["keep", "report", "delete"])))}
    if draw(st.integers(0, 3)) == 0 and "people" not in mapped and "roles" not in _rows_of(mapped):
        ways = [{"source": "appRoleAssignments"}, {"expression": "SingleAppRoleAssignment([appRoleAssignments])"}]
        tree["role_attribute"] = {
            "target": "urn:custom:params:scim:schemas:extension:writer:2.0:User",
            **draw(st.sampled_from(ways if tree["provisioning"].get("scope") == "assigned" else ways[:1])),
            **draw(written(apply=st.sampled_from(APPLY))),
        }
    offered = assignable(listed)
    if offered and draw(st.integers(0, 3)):
        tree["assignments"] = draw(assignments(offered))
    return tree


def _rows_of(mapped: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = mapped.get("users", {}).get("attributes", {})
    return rows
