"""The implementations of the functions, each a small pure function, and the conversion of its arguments.

Functions that do not evaluate all of their arguments (IIF, Switch, Coalesce, SelectUniqueValue) are in `control_flow`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from scimconf.expressions.dotnet import casing, intervals
from scimconf.expressions.evaluation.arguments import (
    ArgumentConverter,
    to_any,
    to_datetime,
    to_integer,
    to_list,
    to_optional_string,
    to_roles,
    to_string,
    to_strings,
    unchanged,
)
from scimconf.expressions.evaluation.functions import dates, lists, strings, values, words
from scimconf.expressions.evaluation.values import TypedValue


class FunctionImplementation(NamedTuple):
    """A function and the converters of its arguments; `optional` are the positions that may be empty.

    `rest` converts all further arguments. If `with_context` is true, the function gets the EvaluationContext first.
    """

    run: Callable[..., Any]
    converters: tuple[ArgumentConverter, ...] = ()
    optional: frozenset[int] = frozenset()
    rest: ArgumentConverter | None = None
    with_context: bool = False


def _strict(
    run: Callable[..., Any], *converters: ArgumentConverter, optional: tuple[int, ...] = (), with_context: bool = False
) -> FunctionImplementation:
    return FunctionImplementation(run, converters, frozenset(optional), with_context=with_context)


def _to_values(value: TypedValue) -> tuple[str, ...]:
    """Return the values of a source of Join: all values of a list, none for null."""
    if value is None:
        return ()
    return to_strings(value) if isinstance(value, tuple) else (to_string(value),)


def _to_fallback(value: TypedValue) -> tuple[str | None]:
    return (to_optional_string(value),)


IMPLEMENTATIONS: Mapping[str, FunctionImplementation] = MappingProxyType(
    {
        "Append": _strict(strings.append, to_string, to_string),
        "AppRoleAssignmentsComplex": _strict(partial(lists.role_objects, name_key="displayName"), to_roles),
        "AssertiveAppRoleAssignmentsComplex": _strict(partial(lists.role_objects, name_key="display"), to_roles),
        "BitAnd": _strict(operator.and_, to_integer, to_integer),
        "CBool": _strict(values.c_bool, to_any),
        "CDate": _strict(dates.c_date, to_any),
        "ConvertFromBase64": _strict(values.from_base64, to_string, to_string, optional=(1,)),
        "ConvertToBase64": _strict(values.to_base64, to_string),
        "ConvertToUTF8Hex": _strict(values.to_hex, to_string),
        "Count": _strict(len, to_list),
        "CStr": _strict(str, to_string),
        "DateAdd": _strict(intervals.add, to_string, to_integer, to_datetime),
        "DateDiff": _strict(intervals.between, to_string, to_datetime, to_datetime),
        "DateFromNum": _strict(dates.date_from_num, to_integer),
        "DefaultDomain": _strict(values.default_domain, with_context=True),
        "Error": _strict(values.fail, to_string),
        "FormatDateTime": _strict(dates.format_date_time, *(to_string,) * 4, optional=(1, 2), with_context=True),
        "Guid": _strict(values.guid, with_context=True),
        "IgnoreFlowIfNullOrEmpty": _strict(values.ignore_if_empty, unchanged),
        "InStr": _strict(strings.in_str, to_string, to_string, to_integer, to_string, optional=(2, 3)),
        "IsNull": _strict(values.is_null, to_any),
        "IsNullOrEmpty": _strict(values.is_null_or_empty, to_any),
        "IsPresent": _strict(values.is_present, to_any),
        "Item": _strict(lists.item, to_strings, to_integer),
        "Join": FunctionImplementation(strings.join, (to_string,), rest=_to_values),
        "Left": _strict(strings.left, to_optional_string, to_integer),
        "Len": _strict(strings.length, to_optional_string),
        "Mid": _strict(strings.mid, to_string, to_integer, to_integer, optional=(2,)),
        "NormalizeDiacritics": _strict(words.normalize_diacritics, to_string),
        "Not": _strict(values.negation, to_any),
        "Now": _strict(dates.now, with_context=True),
        "NumFromDate": _strict(dates.num_from_date, to_any),
        "PCase": _strict(words.p_case, to_string, to_string, optional=(1,)),
        "RandomString": _strict(values.random_string, *(to_integer,) * 5, to_string, optional=(5,)),
        "Redact": _strict(unchanged, unchanged),
        "RemoveDuplicates": _strict(lists.remove_duplicates, to_strings),
        "Replace": _strict(
            strings.replace,
            *(to_optional_string, *(to_string,) * 4, _to_fallback, to_string),
            optional=(1, 2, 3, 4, 5, 6),
        ),
        "SingleAppRoleAssignment": _strict(lists.single_role, to_roles),
        "Split": _strict(words.split, to_string, to_string, optional=(1,)),
        "StripSpaces": _strict(strings.strip_spaces, to_string),
        "ToLower": _strict(casing.lower, to_string, to_string, optional=(1,)),
        "ToUpper": _strict(casing.upper, to_string, to_string, optional=(1,)),
        "Trim": _strict(strings.trim, to_any),
        "Word": _strict(words.word, to_optional_string, to_integer, to_string),
    }
)

CLOUD_SYNC_ONLY = frozenset({"DNComponent", "StringFromSid"})
"""Functions that only cloud sync's reference describes, for references and bytes that applications do not have."""

UNDOCUMENTED = frozenset({"AppRoleAssignments", "Contains", "CRef", "IsNothing", "Prepend"})
"""Functions that a list or an example names, but no page describes."""
