"""The rows of the catalogue: signature, type of the result, page that documents it, and a one-sentence description.

A signature is the function's name and the service's keys of its parameters: `key:Type` (a String without a type); `?`
is optional, `*` repeats, `~` holds part of a comparison. IIF has such parameters: its text has three arguments, its tree
has `one, four, five` and, for `a = "0"`, the operator and the right side as `two` and `three`.

Positions count from 1 in all functions. `AssertiveAppRoleAssignmentsComplex` is documented on a page beside the
reference; `AppRoleAssignments`, `IsNothing` and `Prepend` are only in Graph's list of functions; `Contains` and `CRef`
only in examples of cloud sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LEARN = "https://learn.microsoft.com/"
_A, _E, _C, _G = "application", "extra", "cloud-sync", "graph"

# The pages that the rows are taken from, and the dialect that each page documents.
PAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        _A: ("application", _LEARN + "entra/identity/app-provisioning/functions-for-customizing-application-data"),
        _E: ("application", _LEARN + "entra/identity/app-provisioning/customize-application-attributes"),
        _C: ("cloud-sync", _LEARN + "entra/identity/hybrid/cloud-sync/reference-expressions"),
        _G: ("graph", _LEARN + "graph/api/synchronization-synchronizationschema-functions"),
    }
)

# Functions whose keys are in Graph's published response of /schema/functions (2017), in published schemas or in the guide
# of cloud sync. That response has three parameters of FormatDateTime; dateTimeStyle is from newer trees and the reference.
SEEN_KEYS = frozenset(
    {
        *("Append", "AppRoleAssignments", "BitAnd", "CBool", "DefaultDomain", "Error", "FormatDateTime", "IIF"),
        *("IsNothing", "Item", "Join", "Left", "Mid", "Not", "Prepend", "Replace", "SingleAppRoleAssignment"),
        *("Split", "StripSpaces", "Switch", "Trim"),
    }
)

ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("Append source suffix", "String", _A, "Appends the suffix to the source."),
    ("AppRoleAssignments source", "List", _G, "Returns the names of all roles."),
    ("AppRoleAssignmentsComplex source", "List", _A, "Returns all roles, to be added to those in the target."),
    ("AssertiveAppRoleAssignmentsComplex source", "List", _E, "Returns all roles, to replace those in the target."),
    ("BitAnd left:Integer right:Integer", "Integer", _A, "Returns the bitwise AND of two numbers (&HF is hex)."),
    ("CBool source", "Boolean", _A, "Returns False for zero or a false comparison, otherwise True."),
    ("CDate source", "DateTime", _A, "Converts a string to a date in UTC."),
    ("Coalesce source*", "String", _A, "Returns the first value that is not null."),
    ("Contains source value", "Integer", _C, "Returns the position of the first value that contains a string."),
    ("ConvertFromBase64 source encoding?", "String", _C, "Decodes a base64 string."),
    ("ConvertToBase64 source", "String", _A, "Encodes the UTF-16 bytes of a string as base64."),
    ("ConvertToUTF8Hex source", "String", _A, "Encodes the UTF-8 bytes of a string as hexadecimal digits."),
    ("Count source", "Integer", _A, "Returns the number of values in a list."),
    ("CRef source", "Reference", _C, "Converts a distinguished name to a reference."),
    ("CStr source", "String", _A, "Converts a number, a reference or a boolean to a string."),
    ("DateAdd interval value:Integer dateTime:DateTime", "DateTime", _A, "Adds a number of intervals to a date."),
    ("DateDiff interval date1:DateTime date2:DateTime", "Integer", _A, "Counts the intervals from date1 to date2."),
    ("DateFromNum value:Integer", "DateTime", _A, "Converts an Active Directory file time to a date."),
    ("DefaultDomain", "String", _A, "Returns the default verified domain of the tenant."),
    ("DNComponent source:Reference index:Integer", "String", _C, "Returns one component of a distinguished name."),
    ("Error message", "Nothing", _C, "Fails the object with a message."),
    ("FormatDateTime source dateTimeStyle? inputFormat outputFormat", "String", _A, "Converts the format of a date."),
    ("Guid", "String", _A, "Generates a new GUID at each evaluation."),
    ("IgnoreFlowIfNullOrEmpty source", "Any", _A, "Does not change the target if the value is null or empty."),
    ("IIF one two~ three~ four five?", "Any", _A, "Returns one of two values, depending on a condition."),
    ("InStr source value start:Integer? compareType?", "Integer", _A, "Returns the position of one string in another."),
    ("IsNothing source:Boolean", "Boolean", _G, "Returns whether there is no value."),
    ("IsNull source", "Boolean", _A, "Returns whether the attribute is null."),
    ("IsNullOrEmpty source", "Boolean", _A, "Returns whether the attribute is null or empty."),
    ("IsPresent source", "Boolean", _A, "Returns whether the attribute is neither null nor empty."),
    ("IsString source", "Boolean", _A, "Returns whether the value is a string."),
    ("Item source index:Integer", "String", _A, "Returns one value of a list, by its position."),
    ("Join separator source*", "String", _A, "Joins values with a separator."),
    ("Left source length:Integer", "String", _A, "Returns a number of characters from the start of a string."),
    ("Len source", "Integer", _A, "Returns the length of a string."),
    ("Mid source start:Integer length:Integer", "String", _A, "Returns characters from the middle of a string."),
    ("NormalizeDiacritics source", "String", _A, "Replaces letters with diacritics by plain letters, such as é by e."),
    ("Not source:Boolean", "Boolean", _A, "Returns False for True, and True for anything else."),
    ("Now", "DateTime", _A, "Returns the current date and time in UTC."),
    ("NumFromDate value:DateTime", "Integer", _A, "Converts a date to an Active Directory file time."),
    ("PCase source wordSeparators?", "String", _A, "Capitalizes each word of a string."),
    ("Prepend prefix source", "String", _G, "Prepends the prefix to the source."),
    (
        "RandomString length:Integer minimumNumbers:Integer minimumSpecialCharacters:Integer minimumCapital:Integer minimumLowerCase:Integer charactersToAvoid?",
        "String",
        _A,
        "Generates a new random string at each evaluation.",
    ),
    ("Redact source", "String", _A, "Hides the value in the provisioning logs."),
    ("RemoveDuplicates source", "List", _A, "Removes duplicate values from a list."),
    (
        "Replace source Find? RegularExpression? RegularExpressionGroupName? Replacement? ReplacementPropertyName? Template?",
        "String",
        _A,
        "Replaces a string or the matches of a regular expression; the arguments that are present select the mode.",
    ),
    ("SelectUniqueValue source*", "String", _A, "Returns the first value that is not yet used in the target system."),
    ("SingleAppRoleAssignment source", "String", _A, "Returns the name of the assigned role."),
    ("Split source delimiter?", "List", _A, "Splits a string into a list at each delimiter."),
    ("StringFromSid source:Binary", "String", _C, "Converts a binary security identifier to a string."),
    ("StripSpaces source", "String", _A, "Removes all spaces."),
    ("Switch source defaultValue? switchValue?*", "Any", _A, "Returns the value of the key that equals the source."),
    ("ToLower source culture?", "String", _A, "Converts a string to lowercase."),
    ("ToUpper source culture?", "String", _A, "Converts a string to uppercase."),
    ("Trim source", "String", _C, "Removes white space from both ends of a string."),
    ("Word source wordNumber:Integer delimiters", "String", _A, "Returns one word of a string, by its position."),
)
