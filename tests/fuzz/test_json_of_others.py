"""JSON of others: what Python's parser takes and JSON does not have is refused, wherever it is read."""

import base64
import copy
import json

import pytest

from scimconf.diagnostics import GraphError
from scimconf.documents.secrets import notifications
from scimconf.expressions import MAX_DEPTH as MAX_FUNCTIONS
from scimconf.graph.credentials import token_claims
from scimconf.graph.protocol.error_body import json_body, parse_error
from scimconf.graph.protocol.pages import raw_page
from scimconf.graph.protocol.request import Reply, Request
from scimconf.graph.protocol.retry import http_date, retry_after
from scimconf.json_types import MAX_DEPTH, UnusableJsonError, parse_json
from scimconf.plan.file import read


def nested(depth):
    return "[" * depth + "]" * depth


REFUSED = {
    "NaN is not valid in JSON": "[NaN]",
    "-Infinity is not valid in JSON": '{"a": -Infinity}',
    "a number is beyond the range of a float": "[1e999]",
    "a string has a lone surrogate, which is not a character": '["\\ud800"]',
    f"JSON is nested more than {MAX_DEPTH} levels deep": nested(MAX_DEPTH + 1),
}


@pytest.mark.parametrize(("message", "text"), REFUSED.items())
def test_what_json_does_not_have_is_refused_with_its_reason(message, text):
    for content in (text, text.encode()):
        with pytest.raises(UnusableJsonError) as caught:
            parse_json(content)
        assert str(caught.value) == message


@pytest.mark.parametrize("text", [nested(100_000), '["a\ud800"]', '{"\\udc00": 1}'], ids=["stack", "character", "key"])
def test_what_python_fails_on_later_is_refused(text):
    with pytest.raises(UnusableJsonError):
        parse_json(text)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe[\x00", b"\xed\xa0\x80", b"1" * 5000, "\ufeff1"])
def test_what_is_no_json_is_a_value_error(content):
    with pytest.raises(ValueError) as caught:
        parse_json(content)
    assert not isinstance(caught.value, UnusableJsonError)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1.5}', {"a": 1.5}),
        ('["\\ud83d\\ude00", "\\u00e9"]', ["😀", "é"]),
        (b'["\\ud83d\\ude00"]', ["😀"]),
        (b"[1e308, null, true]", [1e308, None, True]),
    ],
)
def test_valid_json_is_parsed(content, value):
    assert parse_json(content) == value


def test_the_deepest_value_can_be_copied_and_written():
    value = parse_json(nested(MAX_DEPTH))
    assert json.dumps(copy.deepcopy(value)) == nested(MAX_DEPTH)


def test_a_schema_with_the_deepest_expression_fits():
    """Eight levels from the schema to a source, three for each nested function, and the list of the innermost."""
    assert 8 + 3 * MAX_FUNCTIONS + 1 <= MAX_DEPTH


@pytest.mark.parametrize(("message", "text"), REFUSED.items())
def test_each_reader_of_answers_refuses_it(message, text):
    page, expected = f'{{"value": {text}}}', message
    with pytest.raises(GraphError, match=f"unexpected response: {expected}"):
        json_body(Request("GET", "/organization"), Reply(200, {}, page.encode()), str)
    with pytest.raises(UnusableJsonError, match=expected):
        raw_page(page.encode())
    assert parse_error({"error": {"code": "x", "message": page}}).message == page
    assert notifications([{"key": "SyncNotificationSettings", "value": page}]) == {}
    assert not token_claims(f"a.{base64.urlsafe_b64encode(page.encode()).decode()}.b").get("value")
    assert read(page, "plan.json").code == "P001"


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 01 Jan 2024 00:00:00 +9999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "1 Jan 2024 99999999999999999999:00:00 GMT",
    ],
)
def test_a_date_that_no_calendar_has_is_none(text):
    assert (http_date(text), retry_after(text, http_date("Mon, 01 Jan 2024 00:00:00 GMT"))) == (None, None)


def test_the_version_of_a_plan_is_cut_in_the_message():
    assert len(read(json.dumps({"format_version": "9" * 100_000}), "plan.json").message) < 200
