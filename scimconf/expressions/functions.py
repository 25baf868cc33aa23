"""The catalogue's rows: what the functions are called, what they take, what they give, in one sentence each.

A signature is the name and its parameters by the engine's keys: `key:Type`, a String where no type is said; `?` may be
left out, `*` may repeat, `~` is filled by a comparison. IIF shows why the last one exists: the text has three
arguments, the tree has `one, four, five` and, for `a = "0"`, the operator and the right side as `two` and `three`.

Positions count from 1 in all of these functions. `AssertiveAppRoleAssignmentsComplex` stands on a page next to
the reference; `AppRoleAssignments`, `IsNothing` and `Prepend` only in Graph's own list of functions; `Contains` and
`CRef` only in cloud sync's examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LEARN = "https://learn.microsoft.com/"
_A, _E, _C, _G = "application", "extra", "cloud-sync", "graph"

# Where the rows' facts stand, and which dialect that page speaks of.
PAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        _A: ("application", _LEARN + "entra/identity/app-provisioning/functions-for-customizing-application-data"),
        _E: ("application", _LEARN + "entra/identity/app-provisioning/customize-application-attributes"),
        _C: ("cloud-sync", _LEARN + "entra/identity/hybrid/cloud-sync/reference-expressions"),
        _G: ("graph", _LEARN + "graph/api/synchronization-synchronizationschema-functions"),
    }
)

# Read in Graph's published answer of /schema/functions (2017), in published schemas and in the cloud sync how-to. Of
# FormatDateTime that answer knows three parameters; dateTimeStyle is from newer trees and from the reference.
SEEN_KEYS = frozenset(
    {
        *("Append", "AppRoleAssignments", "BitAnd", "CBool", "DefaultDomain", "Error", "FormatDateTime", "IIF"),
        *("IsNothing", "Item", "Join", "Left", "Mid", "Not", "Prepend", "Replace", "SingleAppRoleAssignment"),
        *("Split", "StripSpaces", "Switch", "Trim"),
    }
)

ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("Append source suffix", "String", _A, "Puts the suffix behind the source."),
    ("AppRoleAssignments source", "List", _G, "Gives the names of all roles that are assigned."),
    (
        "AppRoleAssignmentsComplex source",
        "List",
        _A,
        "Gives all assigned roles as objects, added to those at the target.",
    ),
    (
        "AssertiveAppRoleAssignmentsComplex source",
        "List",
        _E,
        "Gives all assigned roles as objects, in place of those at the target.",
    ),
    ("BitAnd left:Integer right:Integer", "Integer", _A, "Keeps the bits that are set in both numbers; takes &H hex."),
    ("CBool source", "Boolean", _A, "Is True for anything but zero and for a comparison that holds."),
    ("CDate source", "DateTime", _A, "Reads a text as a point in time, in UTC."),
    ("Coalesce source*", "String", _A, "Gives the first of its values that is there."),
    ("Contains source value", "Integer", _C, "Gives the place of the first value of a list that contains a text."),
    ("ConvertFromBase64 source encoding?", "String", _C, "Turns base64 back into the text that it encodes."),
    ("ConvertToBase64 source", "String", _A, "Encodes the text's UTF-16 bytes as base64."),
    ("ConvertToUTF8Hex source", "String", _A, "Encodes the text's UTF-8 bytes as hexadecimal digits."),
    ("Count source", "Integer", _A, "Counts the values of a list."),
    ("CRef source", "Reference", _C, "Turns a distinguished name into a reference."),
    ("CStr source", "String", _A, "Turns a number, a reference or a boolean into text."),
    ("DateAdd interval value:Integer dateTime:DateTime", "DateTime", _A, "Moves a date by a number of intervals."),
    (
        "DateDiff interval date1:DateTime date2:DateTime",
        "Integer",
        _A,
        "Counts the intervals from the first date to the second; less than zero if the second is earlier.",
    ),
    ("DateFromNum value:Integer", "DateTime", _A, "Reads an Active Directory file time as a date."),
    ("DefaultDomain", "String", _A, "Gives the tenant's default verified domain."),
    ("DNComponent source:Reference index:Integer", "String", _C, "Picks a component of a distinguished name."),
    ("Error message", "Nothing", _C, "Stops the object with a message."),
    (
        "FormatDateTime source dateTimeStyle? inputFormat outputFormat",
        "String",
        _A,
        "Reads a date in one .NET format and writes it in another.",
    ),
    ("Guid", "String", _A, "Makes up a new GUID at each evaluation."),
    ("IgnoreFlowIfNullOrEmpty source", "Any", _A, "Leaves the target alone where the value is null or empty."),
    ("IIF one two~ three~ four five?", "Any", _A, "Gives one of two values, by a condition."),
    (
        "InStr source value start:Integer? compareType?",
        "Integer",
        _A,
        "Gives the place of one text in another, 0 where it is absent.",
    ),
    ("IsNothing source:Boolean", "Boolean", _G, "Says whether there is no value."),
    ("IsNull source", "Boolean", _A, "Says whether the attribute is absent."),
    ("IsNullOrEmpty source", "Boolean", _A, "Says whether the attribute is absent or empty."),
    ("IsPresent source", "Boolean", _A, "Says whether there is a value that is not empty."),
    ("IsString source", "Boolean", _A, "Says whether the value is a text."),
    ("Item source index:Integer", "String", _A, "Picks one value of a list."),
    ("Join separator source*", "String", _A, "Puts its values together, with the separator between them."),
    ("Left source length:Integer", "String", _A, "Takes so many characters from the start."),
    ("Len source", "Integer", _A, "Counts the characters of a text."),
    ("Mid source start:Integer length:Integer", "String", _A, "Takes a stretch out of a text."),
    ("NormalizeDiacritics source", "String", _A, "Replaces letters with marks by letters without, such as é by e."),
    ("Not source:Boolean", "Boolean", _A, "Turns True into False, and anything else into True."),
    ("Now", "DateTime", _A, "Gives the present moment in UTC."),
    ("NumFromDate value:DateTime", "Integer", _A, "Writes a date as an Active Directory file time."),
    ("PCase source wordSeparators?", "String", _A, "Writes each word with a capital and small letters."),
    ("Prepend prefix source", "String", _G, "Puts the prefix before the source."),
    (
        "RandomString length:Integer minimumNumbers:Integer minimumSpecialCharacters:Integer minimumCapital:Integer minimumLowerCase:Integer charactersToAvoid?",
        "String",
        _A,
        "Makes up a text of a given length and mixture at each evaluation.",
    ),
    ("Redact source", "String", _A, "Keeps the value out of the provisioning logs."),
    ("RemoveDuplicates source", "List", _A, "Keeps one of each value of a list."),
    (
        "Replace source Find? RegularExpression? RegularExpressionGroupName? Replacement? ReplacementPropertyName? Template?",
        "String",
        _A,
        "Replaces a text or what a regular expression matches; which arguments are there chooses the mode.",
    ),
    ("SelectUniqueValue source*", "String", _A, "Gives the first of its values that nobody has at the target yet."),
    ("SingleAppRoleAssignment source", "String", _A, "Gives the name of the one role that is assigned."),
    ("Split source delimiter?", "List", _A, "Cuts a text into a list at each delimiter."),
    ("StringFromSid source:Binary", "String", _C, "Writes a binary security identifier as text."),
    ("StripSpaces source", "String", _A, "Removes all spaces."),
    (
        "Switch source defaultValue? switchValue?*",
        "Any",
        _A,
        "Gives the value behind the first key that is the source.",
    ),
    ("ToLower source culture?", "String", _A, "Writes a text in small letters."),
    ("ToUpper source culture?", "String", _A, "Writes a text in capitals."),
    ("Trim source", "String", _C, "Removes white space at both ends."),
    ("Word source wordNumber:Integer delimiters", "String", _A, "Picks one word of a text."),
)
