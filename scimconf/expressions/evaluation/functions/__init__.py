"""One small pure function for each function of the catalogue, and what each takes.

Those that choose which of their arguments to look at (IIF, Switch, Coalesce, SelectUniqueValue) are in `control_flow`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scimconf.expressions.evaluation.arguments import (
    ArgumentConverter,
    anything,
    elements,
    flowing,
    moment,
    roles,
    text,
    text_or_null,
    texts,
    whole,
)
from scimconf.expressions.evaluation.functions import dates, diacritics, lists, replacing, strings, values
from scimconf.expressions.evaluation.functions.words import split, word
from scimconf.expressions.evaluation.values import TypedValue


@dataclass(frozen=True, slots=True)
class FunctionImplementation:
    """How a function is run: what its arguments are taken as, how many may be left out at which places.

    `rest` takes all arguments behind the others; a `told` function is given the circumstances first.
    """

    run: Callable[..., Any]
    takes: tuple[ArgumentConverter, ...] = ()
    optional: frozenset[int] = frozenset()
    rest: ArgumentConverter | None = None
    told: bool = False


def _strict(
    run: Callable[..., Any], *takes: ArgumentConverter, optional: tuple[int, ...] = (), told: bool = False
) -> FunctionImplementation:
    return FunctionImplementation(run, takes, frozenset(optional), told=told)


def flat(value: TypedValue) -> tuple[str, ...]:
    """One of Join's sources: a list is all of its values, nothing is none."""
    if value.__class__ is str:
        return (value,)
    if value is None:
        return ()
    return texts(value) if isinstance(value, tuple) else (text(value),)


def _trimmable(value: TypedValue) -> TypedValue:
    return value if isinstance(value, tuple) else text(value)


def _other(value: TypedValue) -> replacing.FallbackAttribute:
    return replacing.FallbackAttribute(text_or_null(value))


def _replace(source: str | None, *asked: Any) -> str:
    wanted = replacing.ReplaceArguments(*asked)
    return replacing.replace(text(source) if wanted.other is None else source or "", wanted)


IMPLEMENTATIONS: Mapping[str, FunctionImplementation] = MappingProxyType(
    {
        "Append": _strict(strings.append, text, text),
        "AppRoleAssignmentsComplex": _strict(lists.all_roles, roles),
        "AssertiveAppRoleAssignmentsComplex": _strict(lists.asserted_roles, roles),
        "BitAnd": _strict(values.bit_and, whole, whole),
        "CBool": _strict(values.c_bool, anything),
        "CDate": _strict(dates.c_date, anything),
        "ConvertFromBase64": _strict(values.from_base64, text, text, optional=(1,)),
        "ConvertToBase64": _strict(values.to_base64, text),
        "ConvertToUTF8Hex": _strict(values.to_hex, text),
        "Count": _strict(lists.count, elements),
        "CStr": _strict(values.as_text, text),
        "DateAdd": _strict(dates.date_add, text, whole, moment),
        "DateDiff": _strict(dates.date_diff, text, moment, moment),
        "DateFromNum": _strict(dates.date_from_num, whole),
        "DefaultDomain": _strict(values.default_domain, told=True),
        "Error": _strict(values.fail, text),
        "FormatDateTime": _strict(dates.format_date_time, text, text, text, text, optional=(1,), told=True),
        "Guid": _strict(values.guid, told=True),
        "IgnoreFlowIfNullOrEmpty": _strict(values.ignore_if_empty, flowing),
        "InStr": _strict(strings.in_str, text, text, whole, text, optional=(2, 3)),
        "IsNull": _strict(values.is_null, anything),
        "IsNullOrEmpty": _strict(values.is_null_or_empty, anything),
        "IsPresent": _strict(values.is_present, anything),
        "Item": _strict(lists.item, texts, whole),
        "Join": FunctionImplementation(strings.join, (text,), rest=flat),
        "Left": _strict(strings.left, text_or_null, whole),
        "Len": _strict(strings.length, text_or_null),
        "Mid": _strict(strings.mid, text, whole, whole, optional=(2,)),
        "NormalizeDiacritics": _strict(diacritics.normalize_diacritics, text),
        "Not": _strict(values.negation, anything),
        "Now": _strict(dates.now, told=True),
        "NumFromDate": _strict(dates.num_from_date, anything),
        "PCase": _strict(strings.p_case, text, text, optional=(1,)),
        "RandomString": _strict(values.random_string, whole, whole, whole, whole, whole, text, optional=(5,)),
        "Redact": _strict(values.redact, flowing),
        "RemoveDuplicates": _strict(lists.remove_duplicates, texts),
        "Replace": _strict(_replace, text_or_null, text, text, text, text, _other, text, optional=(1, 2, 3, 4, 5, 6)),
        "SingleAppRoleAssignment": _strict(lists.single_role, roles),
        "Split": _strict(split, text, text, optional=(1,)),
        "StripSpaces": _strict(strings.strip_spaces, text),
        "ToLower": _strict(strings.to_lower, text, text, optional=(1,)),
        "ToUpper": _strict(strings.to_upper, text, text, optional=(1,)),
        "Trim": _strict(strings.trim, _trimmable),
        "Word": _strict(word, text_or_null, whole, text),
    }
)

UNDESCRIBED = frozenset({"AppRoleAssignments", "Contains", "CRef", "IsNothing", "Prepend"})
"""Functions that a list or an example names, and no text describes."""

FOREIGN = frozenset({"DNComponent", "StringFromSid"})
"""Functions that cloud sync's reference describes, of references and bytes that applications do not have."""
