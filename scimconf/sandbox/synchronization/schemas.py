"""Requests about the schema of a job or a template, its functions and filter operators, and parseExpression."""

from __future__ import annotations

import re

from scimconf.expressions import FUNCTIONS, ExpressionError, find, parse, to_source, walk
from scimconf.expressions import Call as FunctionCall
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    ResponseError,
    bad_request,
    not_found,
    sync_error,
    sync_path_not_found,
)
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.annotations import annotated
from scimconf.sandbox.synchronization.jobs import (
    SCHEMA,
    find_job,
    find_template,
    schedule_cycles,
    schema_of_template,
    synchronization_principal,
)
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.schema_validation import SchemaError, ValidationContext, accept_schema
from scimconf.sandbox.tenant import Tenant

# Group 2 is a number outside of strings and brackets.
_BARE_NUMBER = re.compile(r'("(?:\\.|[^"\\])*"|\[[^\]]*\])|(?<![\w&"])(-?\d+(?:\.\d+)?|&H[0-9A-Fa-f]+)(?!\w)')


# ---- the document ---------------------------------------------------------------------------------------------------


def get_job_schema(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    job = find_job(tenant, principal, request)
    document = _schema(tenant, job["id"])
    headers = {"ETag": _etag(document)} if tenant.switches.if_match == "honoured" else {}
    body = annotated(tenant, request, principal, f"jobs('{job['id']}')/schema/$entity", document)
    return GraphResponse(200, body, headers)


def put_job_schema(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    job = find_job(tenant, principal, request)
    template_schema = schema_of_template(tenant, find_template(principal, job["templateId"]))
    before = _schema(tenant, job["id"])
    tag = request.headers.get("if-match", "*")
    if tenant.switches.if_match == "honoured" and tag not in ("*", _etag(before)):
        raise ResponseError(
            412, "EmulatedPreconditionFailed", "The schema has changed: its ETag is not the one of If-Match."
        )
    try:
        context = ValidationContext(template_schema, before, tenant.switches)
        document = accept_schema(request.body, context, schema_id=job["id"], version=_version(tenant))
    except SchemaError as error:
        if tenant.switches.schema_refusal == "plain":
            raise bad_request(error.message, code=error.code) from error
        raise sync_error(400, error.code, error.message) from error
    tenant.documents.put(SCHEMA, job["id"], document)
    schedule_cycles(tenant, principal)
    return NO_CONTENT


def delete_job_schema(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Reset the schema to that of the template, including scoping filters."""
    principal = synchronization_principal(tenant, request)
    job = find_job(tenant, principal, request)
    template = schema_of_template(tenant, find_template(principal, job["templateId"]))
    tenant.documents.put(SCHEMA, job["id"], template | {"id": job["id"]})
    schedule_cycles(tenant, principal)
    return GraphResponse(int(tenant.switches.schema_deleted))


def patch_job_schema(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return a 404: the metadata contains PATCH, the service does not support it."""
    synchronization_principal(tenant, request)
    raise sync_path_not_found(request.path)


def get_template_schema(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    template = find_template(principal, request.path_parameters["template"])
    name = f"templates('{template.template_id}')/schema/$entity"
    return GraphResponse(200, annotated(tenant, request, principal, name, schema_of_template(tenant, template)))


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


# ---- functions and operators ----------------------------------------------------------------------------------------


def list_functions(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _check_owner(tenant, request)
    key = tenant.switches.catalogue_name
    value = [
        {
            key: function.name,
            "parameters": [
                {
                    "name": parameter.key,
                    "type": parameter.type,
                    "required": parameter.required,
                    "allowMultipleOccurrences": parameter.repeats,
                }
                for parameter in function.parameters
            ],
        }
        for function in FUNCTIONS.values()
    ]
    return GraphResponse(200, {"@odata.context": f"{request.base_url}/$metadata#functions", "value": value})


def list_operators(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _check_owner(tenant, request)
    value = [operator.document(tenant.switches.catalogue_name) for operator in operators_of(tenant.switches).values()]
    return GraphResponse(200, {"@odata.context": f"{request.base_url}/$metadata#filterOperators", "value": value})


def _check_owner(tenant: Tenant, request: GraphRequest) -> None:
    principal = synchronization_principal(tenant, request)
    if "job" in request.path_parameters:
        find_job(tenant, principal, request)
    else:
        find_template(principal, request.path_parameters["template"])


# ---- expressions ----------------------------------------------------------------------------------------------------


def parse_expression(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _check_owner(tenant, request)
    text = request.object_body().get("expression")
    if not isinstance(text, str):
        raise sync_error(400, "EmulatedParseError", "The property 'expression' is missing.")
    name = {"@odata.context": f"{request.base_url}/$metadata#microsoft.graph.parseExpressionResponse"}
    try:
        parsed = _parsed(text, tenant.switches)
    except ExpressionError as error:
        if tenant.switches.parse_error == "refusal":
            raise sync_error(400, "EmulatedParseError", error.message) from error
        return GraphResponse(200, name | _response(None, error.message))
    return GraphResponse(200, name | _response(parsed, None))


def _parsed(text: str, switches: Switches) -> Json:
    expression = parse(text)
    for node in walk(expression):
        if isinstance(node, FunctionCall) and find(node.name) is None:
            raise ExpressionError(f"unknown function {node.name}", text.find(node.name))
    source = to_source(expression)
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
