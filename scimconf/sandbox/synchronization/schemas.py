"""Requests about the schema of a job or a template, its directories, functions and operators, and parseExpression."""

from __future__ import annotations

import re

from scimconf.expressions import FUNCTIONS, ExpressionError, Function
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphResponse,
    Json,
    ResponseError,
    bad_request,
    not_found,
    sync_error,
    sync_path_not_found,
)
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.call import SCHEMA, SyncCall
from scimconf.sandbox.synchronization.jobs import schedule_cycles, schema_of_template
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.schema_validation import SchemaError, ValidationContext, accept_schema
from scimconf.sandbox.synchronization.service_expressions import parsed_expression
from scimconf.sandbox.synchronization.templates import ProvisioningTemplate
from scimconf.sandbox.tenant import Tenant

# Group 2 is a number outside of strings and brackets.
_BARE_NUMBER = re.compile(r'("(?:\\.|[^"\\])*"|\[[^\]]*\])|(?<![\w&"])(-?\d+(?:\.\d+)?|&H[0-9A-Fa-f]+)(?!\w)')


# ---- the document ---------------------------------------------------------------------------------------------------


def get_schema(call: SyncCall) -> GraphResponse:
    """Return the schema of a job or a template; that of a job has an ETag if the service evaluates it."""
    name, document = _owned_schema(call)
    has_tag = call.switches.if_match == "honoured" and "job" in call.request.path_parameters
    return call.response(f"{name}/$entity", document, headers={"ETag": _etag(document)} if has_tag else {})


def put_schema(call: SyncCall) -> GraphResponse:
    job = call.job()
    template_schema = schema_of_template(call.tenant, call.principal, call.template(job["templateId"]))
    before = _schema(call.tenant, job["id"])
    tag = call.request.headers.get("if-match", "*")
    if call.switches.if_match == "honoured" and tag not in ("*", _etag(before)):
        message = "The schema has changed: its ETag is not the one of If-Match."
        raise ResponseError(412, "EmulatedPreconditionFailed", message)
    try:
        context = ValidationContext(template_schema, before, call.switches)
        document = accept_schema(call.request.body, context, schema_id=job["id"], version=_version(call.tenant))
    except SchemaError as error:
        if call.switches.schema_refusal == "plain":
            raise bad_request(error.message, code=error.code) from error
        raise sync_error(400, error.code, error.message) from error
    call.tenant.documents.put(SCHEMA, job["id"], document)
    JobState(call.tenant.store, job["id"]).request_initial_cycle()
    schedule_cycles(call)
    return NO_CONTENT


def delete_schema(call: SyncCall) -> GraphResponse:
    """Reset the schema to that of the template, including scoping filters."""
    job = call.job()
    template = schema_of_template(call.tenant, call.principal, call.template(job["templateId"]))
    call.tenant.documents.put(SCHEMA, job["id"], template | {"id": job["id"]})
    JobState(call.tenant.store, job["id"]).request_initial_cycle()
    schedule_cycles(call)
    return GraphResponse(int(call.switches.schema_deleted))


def patch_schema(call: SyncCall) -> GraphResponse:
    """Return a 404: the metadata contains PATCH, the service does not support it."""
    raise sync_path_not_found(call.request.path)


def _owned_schema(call: SyncCall) -> tuple[str, Json]:
    """Return the path and the document of the schema of a job or a template."""
    owner = call.owner()
    if isinstance(owner, ProvisioningTemplate):
        return f"templates('{owner.template_id}')/schema", schema_of_template(call.tenant, call.principal, owner)
    return f"jobs('{owner['id']}')/schema", _schema(call.tenant, owner["id"])


def _schema(tenant: Tenant, job_id: str) -> Json:
    document = tenant.documents.get(SCHEMA, job_id)
    if document is None:
        raise not_found(job_id)
    return document


def _etag(document: Json) -> str:
    return f'W/"{document.get("version")}"'


def _version(tenant: Tenant) -> str:
    fraction = tenant.now().microsecond * 10
    return f"Date:{tenant.stamp()[:-1]}.{fraction:07d}Z, ActivityId:{tenant.new_id('activity')}"


# ---- directory definitions ------------------------------------------------------------------------------------------


def list_directories(call: SyncCall) -> GraphResponse:
    name, schema = _owned_schema(call)
    return call.response(f"{name}/directories", {"value": schema.get("directories") or []})


def count_directories(call: SyncCall) -> GraphResponse:
    return call.count(len(_owned_schema(call)[1].get("directories") or []))


def get_directory(call: SyncCall) -> GraphResponse:
    name, schema = _owned_schema(call)
    return call.response(f"{name}/directories/$entity", _directory(call, schema))


def discover(call: SyncCall) -> GraphResponse:
    """Return a 400: no template of the sandbox has a directory that can be discovered."""
    name = _directory(call, _owned_schema(call)[1])["name"]
    raise sync_error(400, "EmulatedNotDiscoverable", f"Directory '{name}' cannot be discovered.")


def _directory(call: SyncCall, schema: Json) -> Json:
    key = call.request.path_parameters["directory"]
    for directory in schema.get("directories") or []:
        if directory.get("id") == key:
            document: Json = directory
            return document
    raise sync_error(404, "EmulatedDirectoryNotFound", f"There is no directory '{key}'.")


# ---- functions and operators ----------------------------------------------------------------------------------------


def list_functions(call: SyncCall) -> GraphResponse:
    return _catalogue(call, "functions", [_function(function, call.switches) for function in FUNCTIONS.values()])


def list_operators(call: SyncCall) -> GraphResponse:
    operators = operators_of(call.switches).values()
    return _catalogue(call, "filterOperators", [row.document(call.switches.catalogue_name) for row in operators])


def _catalogue(call: SyncCall, name: str, rows: list[Json]) -> GraphResponse:
    call.owner()
    return GraphResponse(200, {"@odata.context": f"{call.request.base_url}/$metadata#{name}", "value": rows})


def _function(function: Function, switches: Switches) -> Json:
    parameters = [
        {
            "name": parameter.key,
            "type": parameter.type,
            "required": parameter.required,
            "allowMultipleOccurrences": parameter.repeats,
        }
        for parameter in function.parameters
    ]
    return {switches.catalogue_name: function.name, "parameters": parameters}


# ---- expressions ----------------------------------------------------------------------------------------------------


def parse_expression(call: SyncCall) -> GraphResponse:
    call.owner()
    text = call.request.object_body().get("expression")
    if not isinstance(text, str):
        raise sync_error(400, "EmulatedParseError", "The property 'expression' is missing.")
    name = {"@odata.context": f"{call.request.base_url}/$metadata#microsoft.graph.parseExpressionResponse"}
    try:
        parsed = _parsed(text, call.switches)
    except ExpressionError as error:
        if call.switches.parse_error == "refusal":
            raise sync_error(400, "EmulatedParseError", error.message) from error
        return GraphResponse(200, name | _response(None, error.message))
    return GraphResponse(200, name | _response(parsed, None))


def _parsed(text: str, switches: Switches) -> Json:
    source = parsed_expression(text, switches)
    return _numbers_quoted(source) if switches.expression_numbers == "quoted" else source


def _response(parsed: Json | None, failure: str | None) -> Json:
    error: Json | None = None
    if failure is not None:
        error = {"code": "EmulatedParseError", "message": failure, "target": None, "details": [], "innerError": None}
    return {
        "error": error,
        "evaluationSucceeded": False,
        "evaluationResult": [],
        "parsedExpression": parsed,
        "parsingSucceeded": parsed is not None,
    }


def _numbers_quoted(source: Json) -> Json:
    text = _BARE_NUMBER.sub(lambda match: match[1] or f'"{match[2]}"', source["expression"])
    parameters = [{**parameter, "value": _numbers_quoted(parameter["value"])} for parameter in source["parameters"]]
    return {**source, "expression": text, "parameters": parameters}
