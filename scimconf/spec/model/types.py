"""The types behind the paths of a spec: for messages, and for the order of keys when a spec is written."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from scimconf.diagnostics import SpecPath
from scimconf.spec.model import Spec
from scimconf.spec.model.access import Assignment
from scimconf.spec.model.base import Section


def type_at(path: SpecPath) -> Any:
    """Return the type of the value at a path: a Section, or an annotation without its metadata; None if unknown."""
    annotation: Any = Spec
    for part in path:
        annotation = _member(annotation, part)
    return annotation


def keys_at(path: SpecPath) -> list[str]:
    """Return the keys that a spec may have at a path, its own before inherited ones; none where the user chooses them."""
    section = type_at(path)
    if not is_section(section):
        return []
    inherited = [name for base in section.__bases__ for name in getattr(base, "model_fields", ())]
    names = [name for name in section.model_fields if name not in (*inherited, "imported")]
    more = ["extends"] if section is Spec else ["role"] if issubclass(section, Assignment) else []
    return [*names, *more, *inherited]


def values_at(path: SpecPath) -> tuple[str, ...]:
    """Return the values that a field allows, if it is a boolean or one of several words."""
    annotation = type_at(path)
    if annotation is bool:
        return ("true", "false")
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _member(annotation: Any, part: str | int) -> Any:
    """Return the type of a field of a section, or of the values of a mapping or a list."""
    if is_section(annotation):
        field = annotation.model_fields.get(part)
        return _bare(field.annotation) if field is not None else None
    arguments = get_args(annotation)
    return _bare(arguments[1 if get_origin(annotation) is dict else 0]) if arguments else None


def _bare(annotation: Any) -> Any:
    """Return a type without metadata; of a union, the last member that is not None."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        members = get_args(annotation)
        is_union = get_origin(annotation) is not Annotated
        annotation = [member for member in members if member is not NoneType][-1] if is_union else members[0]
    return annotation
