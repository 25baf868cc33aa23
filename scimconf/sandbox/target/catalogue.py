"""The kinds of targets, with the table of the faulty ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scimconf.sandbox.target.faults import groups, matching, protocol, users
from scimconf.sandbox.target.messages import Middleware

FAULTY = "faulty:"
ENTRA = "Entra"
"""The fault was reported with requests of Microsoft Entra or of Microsoft's validator."""
OTHER = "other clients"
"""The fault was reported with another client, or without the name of the client."""


class TargetError(Exception):
    """The target cannot be started; the message says why."""


@dataclass(frozen=True, slots=True)
class TargetFault:
    """A fault of real SCIM servers.

    `behavior` says what the server does, and `consequence` what Microsoft Entra then does. `evidence` is ENTRA or OTHER.
    `middleware` returns the fault with a state of its own.
    """

    id: str
    title: str
    behavior: str
    consequence: str
    evidence: str
    middleware: Callable[[], Middleware]


def _always(middleware: Middleware) -> Callable[[], Middleware]:
    """Return the function of a fault without state."""
    return lambda: middleware


FAULTS: tuple[TargetFault, ...] = (
    TargetFault(
        "B01",
        "excludedAttributes is ignored",
        "GET of groups returns `members` although `excludedAttributes=members` asks for a group without them.",
        "adds a member with `Replace members`, which removes all other members",
        ENTRA,
        _always(groups.members_never_excluded),
    ),
    TargetFault(
        "B02",
        "removal of one member removes all",
        "`Remove` of `members` ignores its value, and removes every member.",
        "logs success; the group is empty",
        ENTRA,
        _always(groups.removal_of_all_members),
    ),
    TargetFault(
        "B03",
        "removal of a member by value is refused",
        "`Remove` of `members` with a value is answered with 400.",
        "retries the removal in later cycles; the former member keeps the access",
        ENTRA,
        _always(groups.removal_by_value_refused),
    ),
    TargetFault(
        "B04",
        "operations with capital letters are refused",
        "`Add`, `Replace` and `Remove` are answered with 400; only lower case is accepted.",
        "fails to update every user and group",
        ENTRA,
        _always(protocol.capital_operations_refused),
    ),
    TargetFault(
        "B05",
        '"False" is true',
        'A PATCH of `active` with the text "False" enables the user, since every text that is not empty counts as true.',
        "logs success; a disabled user stays active",
        ENTRA,
        _always(users.text_is_true),
    ),
    TargetFault(
        "B06",
        "active is hidden and cannot be added",
        "GET of users does not return `active`, and `Add` of `active` is answered with 400.",
        "sends `Add` instead of `Replace`, since the attribute seems to be absent, and fails to disable users",
        ENTRA,
        _always(users.active_hidden_and_not_added),
    ),
    TargetFault(
        "B07",
        "externalId of a group cannot be added",
        "`Add` of `externalId` on a group is answered with 400.",
        "fails to update a group that existed before, in each cycle",
        ENTRA,
        _always(groups.external_id_not_added),
    ),
    TargetFault(
        "B08",
        "an absent element is an error",
        'A path such as `addresses[type eq "work"].locality` is answered with 400 noTarget if there is no such address.',
        "loses the whole PATCH; the user is never updated",
        ENTRA,
        _always(protocol.no_target),
    ),
    TargetFault(
        "B09",
        "unsupported attributes are an error",
        "A user with `phoneNumbers`, `addresses` or `preferredLanguage` is answered with 400.",
        "fails to create or update the user",
        ENTRA,
        _always(users.unsupported_attributes_refused),
    ),
    TargetFault(
        "B10",
        "compound keys without a path are ignored",
        "In an operation without a path, keys such as `name.givenName` and those with a URN change nothing; the answer is 2xx.",
        "logs success; nothing was changed (dialect aadOptscim062020)",
        ENTRA,
        _always(protocol.compound_keys_ignored),
    ),
    TargetFault(
        "B11",
        "paths with a URN are refused",
        "A path that begins with `urn:` is answered with 400 invalidPath.",
        "fails to update attributes of extensions, and the manager",
        ENTRA,
        _always(protocol.urn_paths_refused),
    ),
    TargetFault(
        "B12",
        "the manager as text is refused",
        "The id of a manager as a string is answered with 400; an object with `value` is expected.",
        "fails to set the manager",
        ENTRA,
        _always(users.manager_as_text_refused),
    ),
    TargetFault(
        "B13",
        "the manager is returned as text",
        "GET of users returns the manager as a string in place of an object with `value`.",
        "cannot read the user: `We are not able to deserialize the resource received from your SCIM endpoint`",
        ENTRA,
        _always(users.manager_returned_as_text),
    ),
    TargetFault(
        "B14",
        "filters on externalId are refused",
        "`externalId eq` is answered with 400 invalidFilter.",
        "cannot match users where externalId is the matching attribute; quarantine",
        ENTRA,
        _always(matching.external_id_filter_refused),
    ),
    TargetFault(
        "B15",
        "filters fail",
        "A filter of users on anything except `userName` is answered with 500.",
        "cannot match the user, and does not create it",
        ENTRA,
        _always(matching.filter_fails),
    ),
    TargetFault(
        "B16",
        "no match is 404",
        "A filter that no user matches is answered with 404 in place of an empty list.",
        "fails the test of the connection; quarantine",
        ENTRA,
        _always(matching.no_match_is_not_found),
    ),
    TargetFault(
        "B17",
        "no groups",
        "Every request to `/Groups` is answered with 404.",
        "fails the test of the connection, even if no groups are provisioned",
        ENTRA,
        _always(groups.no_groups),
    ),
    TargetFault(
        "B18",
        "eq means contains",
        "A filter with `eq` matches every value that contains the text.",
        "gets several matches, and cannot match the object",
        OTHER,
        _always(matching.equal_means_contains),
    ),
    TargetFault(
        "B19",
        "hidden accounts keep their user names",
        "A deleted user stays as an account that no filter shows, and whose user name is answered with 409.",
        "gets 409 in each cycle, and never links the user",
        ENTRA,
        users.HiddenAccounts,
    ),
    TargetFault(
        "B20",
        "users conflict by e-mail address",
        "A new user with the e-mail address of another is answered with 409, without a scimType.",
        "gets 409 in each cycle, since the match by user name finds nothing",
        OTHER,
        _always(users.conflict_by_mail),
    ),
    TargetFault(
        "B21",
        "no PATCH",
        "Every PATCH is answered with 405.",
        "fails every update",
        ENTRA,
        _always(protocol.patch_not_allowed),
    ),
    TargetFault(
        "B22",
        "requests without User-Agent are blocked",
        "A request without the header User-Agent is answered with 403 and an HTML page.",
        "fails the test of the connection; the log does not show the page",
        ENTRA,
        _always(protocol.user_agent_required),
    ),
    TargetFault(
        "B23",
        "PATCH does not find users",
        "PATCH of a user is answered with 404, although lists contain the user.",
        "fails to update the user",
        ENTRA,
        _always(protocol.patched_user_not_found),
    ),
    TargetFault(
        "B24",
        "PATCH changes nothing",
        "Every PATCH is answered with 200, and changes nothing.",
        "logs success; the application differs from then on",
        ENTRA,
        _always(protocol.patch_without_effect),
    ),
    TargetFault(
        "B25",
        "disabled users disappear",
        "A disabled user is in no list, and GET and PATCH are answered with 404.",
        "creates the user again, or gets 409; cannot enable it",
        OTHER,
        _always(users.disabled_users_disappear),
    ),
    TargetFault(
        "B26",
        "members need a type",
        "A new member without `type` is answered with 400.",
        "fails to add members, since only `value` is sent",
        ENTRA,
        _always(groups.members_need_type),
    ),
    TargetFault(
        "B27",
        "a new name empties the group",
        "`replace` without a path on a group removes the members that it does not name.",
        "logs success; the members are lost (dialect aadOptscim062020)",
        ENTRA,
        _always(groups.rename_empties_members),
    ),
    TargetFault(
        "B28",
        "all groups are the first group",
        "Creation of a second group changes the first, and returns its id.",
        "writes the members of all groups into one",
        ENTRA,
        _always(groups.all_groups_are_the_first),
    ),
    TargetFault(
        "B29",
        "Microsoft's URN of groups is refused",
        "A group whose `schemas` contains Microsoft's `…ADSCIM/2.0/Group` is answered with 400.",
        "fails to create groups",
        ENTRA,
        _always(groups.microsofts_urn_refused),
    ),
    TargetFault(
        "B30",
        "overlapping changes of members get lost",
        "A PATCH of members reads the group, waits 0.25 s or for another PATCH of the group, and writes all members.",
        "logs success; members that were added at the same time are missing until a restart",
        ENTRA,
        groups.LostMembers,
    ),
    TargetFault(
        "B31",
        "at most 100 members",
        "After a PATCH a group has at most 100 members; the others are dropped.",
        "logs success; members are lost",
        OTHER,
        _always(groups.members_beyond_the_limit_dropped),
    ),
    TargetFault(
        "B32",
        '"True" as primary is refused',
        'A role with `primary` as the text "True" is answered with 400.',
        "fails to create the user",
        ENTRA,
        _always(users.primary_as_text_refused),
    ),
    TargetFault(
        "B33",
        "user names are compared with case",
        "`userName eq` does not match a user name in other case, which conflicts nevertheless.",
        "does not match the user, and gets 409",
        OTHER,
        _always(matching.user_name_with_case),
    ),
    TargetFault(
        "B34",
        "duplicates are created",
        "A second user with the same user name is created.",
        "gets two matches in the next cycle, and cannot match the user",
        OTHER,
        users.Duplicates,
    ),
    TargetFault(
        "B35",
        "other content types",
        "Responses have the type application/json, and errors are plain text.",
        "fails in Microsoft's validator; the log does not show the reason of an error",
        ENTRA,
        _always(protocol.plain_json),
    ),
    TargetFault(
        "B36",
        "the user name differs later",
        "The response to a creation has the user name as it was sent, later responses the part before the `@`.",
        "updates the user in each cycle",
        OTHER,
        _always(users.user_name_shortened),
    ),
    TargetFault(
        "B37",
        "filters of groups are refused",
        "A filter of groups is answered with 400 invalidFilter.",
        "cannot match groups",
        OTHER,
        _always(groups.group_filter_refused),
    ),
    TargetFault(
        "B38",
        "an e-mail address is required",
        "A new user without `emails` is answered with 400.",
        "fails to create users without `mail` in the source",
        ENTRA,
        _always(users.emails_required),
    ),
    TargetFault(
        "B39",
        "filters with a boolean are ignored",
        "A path such as `emails[primary eq true].value` changes nothing; the answer is 2xx.",
        "sends the same change in each cycle",
        ENTRA,
        _always(protocol.boolean_filters_ignored),
    ),
    TargetFault(
        "B40",
        "errors do not name the attribute",
        "Phone numbers must have the form +15550100 and countries two letters; otherwise 400 without the name of the attribute.",
        "fails to create the user; the log does not show why",
        ENTRA,
        _always(users.business_rules_without_a_name),
    ),
    TargetFault(
        "B41",
        "a second disable is refused",
        "A PATCH that disables a disabled user is answered with 409 `User must be Active.`",
        "retries in later cycles",
        ENTRA,
        _always(users.second_disable_refused),
    ),
    TargetFault(
        "B42",
        "lists of groups have no members",
        "GET of `/Groups` returns groups without `members`; GET of one group returns them.",
        "provisions as usual; Microsoft's tests of members fail",
        OTHER,
        _always(groups.lists_without_members),
    ),
    TargetFault(
        "B43",
        "few requests are accepted",
        "More than 20 requests in a second are answered with 429 and Retry-After.",
        "fails many objects of an initial cycle; quarantine",
        ENTRA,
        protocol.RateLimit,
    ),
    TargetFault(
        "B44",
        "an absent member cannot be removed",
        "Removal of a member that the group does not have is answered with 404.",
        "retries in later cycles",
        ENTRA,
        _always(groups.removal_of_an_absent_member_refused),
    ),
    TargetFault(
        "B45",
        "overlapping creations are 500",
        "If two creations of one user overlap, the later one is answered with 500 in place of 409. A creation takes 0.25 s.",
        "logs an error of the server",
        OTHER,
        users.RacingCreations,
    ),
    TargetFault(
        "B46",
        "a user is created and the answer is 503",
        "If the creations of two users overlap, the later user is created, answered with 503, and hidden from filters.",
        "gets 409 in later cycles, and never links the user",
        OTHER,
        users.CommittedAndUnavailable,
    ),
    TargetFault(
        "B47",
        "users are listed several times",
        "A list contains a user once for each group of the user, and `totalResults` counts each.",
        "gets several matches, and cannot match the user",
        OTHER,
        _always(matching.users_listed_for_each_group),
    ),
    TargetFault(
        "B48",
        "an account is taken over by e-mail address",
        "Creation of a user with the e-mail address of another changes that account, and returns its id.",
        "links the user to an account of another user",
        OTHER,
        _always(users.account_adopted_by_mail),
    ),
    TargetFault(
        "B49",
        "a wrong token is 500",
        "A missing or wrong token and an unknown path are answered with 500 in place of 401 and 404.",
        "logs an error of the server in place of invalid credentials",
        OTHER,
        _always(protocol.errors_are_500),
    ),
    TargetFault(
        "B51",
        "disabled users cannot be enabled",
        "A PATCH that enables a disabled user is answered with 400 `Invalid SCIM patch request`.",
        "retries in later cycles; a restored user cannot sign in",
        ENTRA,
        _always(users.enabling_refused),
    ),
    TargetFault(
        "B52",
        "only active can be changed",
        "A PATCH of a user with anything except `replace` of `active` is answered with 400.",
        "fails every update of a user's attributes",
        OTHER,
        _always(users.only_active_is_changed),
    ),
)
NOT_OF_A_SERVER = {
    "B50": "`accountEnabled` is mapped to `active` in place of `IsSoftDeleted`, so that an unassigned user is not disabled: "
    "a mistake in the mapping, which no server can show",
}
"""Known faults without a target, with the reason."""


def faults_of(kind: str) -> tuple[TargetFault, ...]:
    """Return the faults of a kind of target; raise TargetError if there is no such kind."""
    if kind in ("strict", "tolerant"):
        return ()
    fault_id = kind.removeprefix(FAULTY)
    faults = tuple(fault for fault in FAULTS if fault.id == fault_id)
    if kind.startswith(FAULTY) and faults:
        return faults
    reason = f". {fault_id} is no fault of a server: {NOT_OF_A_SERVER[fault_id]}" if fault_id in NOT_OF_A_SERVER else ""
    raise TargetError(
        f"unknown target {kind!r}. Write strict, tolerant or faulty:ID with an ID from B01 to B52{reason}"
    )
