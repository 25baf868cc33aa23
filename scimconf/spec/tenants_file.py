"""The tenants file, `scimconf.toml`: how to sign in to each tenant, for the specs of several tenants."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.suggestions import suggest

Identifier = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")
]


class TenantEntry(BaseModel):
    """How to sign in to one tenant; what is missing comes from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    auth: Literal["environment", "workload", "managed", "cli", "device_code"] = Field(
        description="The sign-in method, as for `--auth`."
    )
    cloud: Literal["public", "us-government", "us-dod", "china"] | None = Field(
        default=None, description="The Microsoft cloud, as for `--cloud`."
    )
    tenant_id: Identifier | None = Field(
        default=None, description="The id of the tenant; a spec may name the tenant by it."
    )
    client_id: Identifier | None = Field(default=None, description="The app registration that signs in.")
    apply_client_id: Identifier | None = Field(
        default=None, description="The app registration that signs in for `apply`, if it is another one."
    )


class TenantsFile(BaseModel):
    """`scimconf.toml`: a table for each tenant, by the name that specs write as `tenant`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    tenants: dict[str, TenantEntry] = Field(default={}, description="How to sign in, by tenant.")


def read(content: bytes, path: str) -> TenantsFile:
    """Return the content of a tenants file; raise DiagnosticsError with the line of each error (S001, S321)."""
    try:
        text = content.decode("utf-8")
        return TenantsFile.model_validate(tomllib.loads(text))
    except UnicodeDecodeError:
        diagnostics = [Diagnostic("S001", "cannot be read: it is not UTF-8", location=Location(path))]
    except tomllib.TOMLDecodeError as error:
        diagnostics = [_syntax_error(str(error), path)]
    except ValidationError as error:
        diagnostics = list(_errors(error, text, path))
    raise DiagnosticsError(diagnostics)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors that check TOML."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TenantsFile.model_json_schema()}


def _syntax_error(message: str, path: str) -> Diagnostic:
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    text, line, column = (match[1], int(match[2]), int(match[3])) if match else (message, 0, 0)
    hint = 'A tenant is a table: [tenants."contoso.com"].'
    return Diagnostic(
        "S321", f"not TOML: {text[:1].lower()}{text[1:]}", location=Location(path, line, column), hint=hint
    )


def _errors(error: ValidationError, text: str, path: str) -> Iterator[Diagnostic]:
    for detail in error.errors(include_url=False, include_input=False):
        keys = tuple(part for part in detail["loc"] if isinstance(part, str))
        message, hint = _explained(keys[-1] if keys else "", detail)
        yield Diagnostic("S321", message, keys, Location(path, _line(text, keys)), hint)


def _explained(key: str, detail: Any) -> tuple[str, str]:
    """Return message and hint of an error of pydantic."""
    if detail["type"] == "extra_forbidden":
        known = ("tenants", *TenantEntry.model_fields)
        match = suggest(key, known)
        return f'unknown key "{key}"', f"Did you mean {match}?" if match else f"Keys: {', '.join(known[1:])}."
    if detail["type"] == "missing":
        return f"`{key}` is missing", f'Add it, such as {key} = "workload".'
    if detail["type"] == "literal_error":
        return "the value is not allowed", f"Write {detail['ctx']['expected']}."
    if detail["type"] == "string_pattern_mismatch":
        return "the value is not an id", "Write the id as 00000000-0000-0000-0000-000000000000."
    return detail["msg"][:1].lower() + detail["msg"][1:], 'A tenant is a table: [tenants."contoso.com"].'


def _line(text: str, keys: Sequence[str]) -> int:
    """Return the line of the last key that can be found, searching each key below the one before; 0 if there is none."""
    number = 0
    lines = text.split("\n")
    for key in keys:
        name = re.compile(rf'(^|[\[.\s"\']){re.escape(key)}($|[\].\s"\'=])')
        number = next((index for index in range(number, len(lines)) if name.search(lines[index])), number)
    return number + 1 if keys else 0
