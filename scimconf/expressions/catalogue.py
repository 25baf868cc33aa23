"""The catalogue of functions, used by the printer, the source trees, the evaluation, the lint and the sandbox.

The service has its own names for parameters (`Find`, `switchValue`); the documentation uses others, and no published
table lists the service's names completely. `keys_seen` is true if ours occur in a published response or source tree;
the others are assumed to be `source` or the documented name. A tree with other keys is still read, see
`sources.from_source`. The authority for a tenant is GET …/schema/functions. The rows are in `functions.txt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, cast

ParameterType: TypeAlias = Literal["String", "Integer", "Reference", "Binary", "Boolean", "DateTime"]
ResultType: TypeAlias = Literal["String", "Integer", "Boolean", "DateTime", "Reference", "List", "Any", "Nothing"]
Dialect: TypeAlias = Literal["application", "cloud-sync", "graph"]

_LEARN = "https://learn.microsoft.com/"

# The pages that the rows are taken from, and the dialect that each page documents.
PAGES: Mapping[str, tuple[Dialect, str]] = {
    "reference": ("application", _LEARN + "entra/identity/app-provisioning/functions-for-customizing-application-data"),
    "attributes": ("application", _LEARN + "entra/identity/app-provisioning/customize-application-attributes"),
    "cloud-sync": ("cloud-sync", _LEARN + "entra/identity/hybrid/cloud-sync/reference-expressions"),
    "graph": ("graph", _LEARN + "graph/api/synchronization-synchronizationschema-functions"),
}


class Parameter(NamedTuple):
    """One parameter. An `infix` one has no argument of its own: it holds the operator or right side of a comparison."""

    key: str
    type: ParameterType
    required: bool
    repeats: bool
    infix: bool = False


class Function(NamedTuple):
    """One function. `dialect` is who documents it; `graph` means that only Graph's list of functions has it.

    `slots` are the parameters with a fixed position among the arguments of a text; `repeating` is the last one, if it
    takes all further arguments.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ResultType
    doc: str
    source: str
    dialect: Dialect
    keys_seen: bool
    slots: tuple[Parameter, ...]
    repeating: Parameter | None

    def parameter(self, position: int) -> Parameter | None:
        """Return the parameter of the argument at a position (from 0); None if there are too many arguments."""
        return self.slots[position] if position < len(self.slots) else self.repeating


def _parameter(spec: str) -> Parameter:
    key, _, kind = spec.rstrip("?*~").partition(":")
    marks = spec[len(spec.rstrip("?*~")) :]
    required = "?" not in marks and "~" not in marks
    return Parameter(key, cast("ParameterType", kind or "String"), required, "*" in marks, "~" in marks)


def _function(row: str) -> Function:
    """Return the function of a row of `functions.txt`, whose head describes the columns."""
    signature, result, page, keys, doc = row.split(" | ")
    name, *specs = signature.split()
    dialect, source = PAGES[page]
    parameters = tuple(map(_parameter, specs))
    slots = tuple(parameter for parameter in parameters if not (parameter.repeats or parameter.infix))
    repeating = next((parameter for parameter in parameters if parameter.repeats), None)
    kind, published = cast("ResultType", result), keys == "published"
    return Function(name, parameters, kind, doc, source, dialect, published, slots, repeating)


_ROWS = [row for row in Path(__file__).with_name("functions.txt").read_text("utf-8").splitlines() if row[0] != "#"]
FUNCTIONS: Mapping[str, Function] = MappingProxyType({function.name: function for function in map(_function, _ROWS)})

_SPELLINGS: Mapping[str, str] = MappingProxyType({name.lower(): name for name in FUNCTIONS})


def spelling(name: str) -> str:
    """Return the catalogue's spelling of a name that differs from it in case at most; other names unchanged.

    The reference calls the syntax case-sensitive, but guides for live applications have `Instr`, so that the service
    knows the function in either case, or refuses the spelling.
    """
    return _SPELLINGS.get(name.lower(), name)


def find(name: str) -> Function | None:
    """Return the function of this name, or None. Names are case-sensitive, as the documentation says of the syntax."""
    return FUNCTIONS.get(name)
