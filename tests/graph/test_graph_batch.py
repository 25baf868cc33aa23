"""`$batch`: order, steps that fail, steps that are throttled, batches that are lost."""

import json

import httpx

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.client import Answer, Request
from scimconf.graph.secrets import SecretValue


def add(number):
    path = "/servicePrincipals/{service_principal}/appRoleAssignedTo"
    return Request("POST", path, {"service_principal": "1"}, body={"principalId": str(number)})


def look(number):
    return Request("GET", "/users/{user}", {"user": f"u{number}@x"}, {"$select": "id"})


class Service:
    """Answers each step by `judge(step, times)`, backwards, since Graph does not keep their order."""

    def __init__(self, judge):
        self.judge = judge
        self.times = {}
        self.batches = []

    def __call__(self, request):
        assert request.url.path == "/v1.0/$batch"
        steps = json.loads(request.content)["requests"]
        self.batches.append(steps)
        return httpx.Response(200, json={"responses": [self.answer(step) for step in reversed(steps)]})

    def answer(self, step):
        key = (step["url"], json.dumps(step.get("body")))
        self.times[key] = self.times.get(key, 0) + 1
        status, body, headers = self.judge(step, self.times[key])
        return {"id": step["id"], "status": status, "headers": headers, "body": body}


def batch(fake, judge, requests, **options):
    service = Service(judge)
    fake.answers(service)
    return fake.run(lambda graph: graph.batch(requests), **options), service


def echo(step, _times):
    return 201, {"was": step.get("body") or step["url"]}, {}


def refused(code="Code", **headers):
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return {"error": {"code": code, "message": "Said so."}}, named


def test_batch_sends_20_requests_at_once_and_returns_results_in_order(fake):
    results, service = batch(fake, echo, [add(number) for number in range(45)])
    assert [result.body["was"]["principalId"] for result in results] == [str(number) for number in range(45)]
    assert sorted(len(steps) for steps in service.batches) == [5, 20, 20]


def test_batch_sends_relative_urls_and_bodies_without_dependencies(fake):
    _, service = batch(fake, echo, [add(7), look(1)])
    assert service.batches == [
        [
            {
                "id": "0",
                "method": "POST",
                "url": "/servicePrincipals/1/appRoleAssignedTo",
                "headers": {"Content-Type": "application/json"},
                "body": {"principalId": "7"},
            },
            {"id": "1", "method": "GET", "url": "/users/u1%40x?%24select=id"},
        ]
    ]


def test_batch_reveals_a_secret_in_the_bytes_only(fake):
    results, _ = batch(fake, echo, [Request("POST", "/x", body={"token": SecretValue("hush")})])
    assert results[0].body == {"was": {"token": "hush"}}


def test_batch_returns_a_result_for_each_request(fake):
    def judge(step, _times):
        if step["body"]["principalId"] == "1":
            body, headers = refused("Request_BadRequest", request_id="step-1")
            return 400, body, headers
        return 201, {"id": "x"}, {}

    results, _ = batch(fake, judge, [add(0), add(1), add(2)])
    assert [type(result) for result in results] == [Answer, GraphError, Answer]
    error = results[1]
    assert (error.status, error.code, error.message) == (400, "Request_BadRequest", "Said so.")
    assert (error.method, error.path) == ("POST", "/servicePrincipals/1/appRoleAssignedTo")
    assert error.request_id == "step-1"


def test_batch_adds_a_permission_hint_to_a_refused_request(fake):
    body, headers = refused("Authorization_RequestDenied")
    results, _ = batch(fake, lambda _step, _times: (403, body, headers), [add(0)])
    assert "AppRoleAssignment.ReadWrite.All" in results[0].hint


def test_batch_retries_only_throttled_requests_after_the_longest_wait(fake):
    def judge(step, times):
        number = int(step["body"]["principalId"])
        if number in {1, 2} and times == 1:
            body, headers = refused("TooManyRequests", retry_after=str(10 * number))
            return 429, body, headers
        return 201, {"number": number}, {}

    results, service = batch(fake, judge, [add(number) for number in range(4)])
    assert [result.body["number"] for result in results] == [0, 1, 2, 3]
    assert [[step["id"] for step in steps] for steps in service.batches] == [["0", "1", "2", "3"], ["1", "2"]]
    assert fake.slept == [20]
    assert fake.told == [(20, "throttled")]


def test_batch_returns_an_error_for_a_request_that_stays_throttled(fake):
    body, headers = refused("TooManyRequests", retry_after="1")
    results, service = batch(fake, lambda _step, _times: (429, body, headers), [add(0)], throttled=3)
    assert len(service.batches) == 3
    assert (results[0].status, results[0].retry_after) == (429, 1)


def test_batch_retries_uncertain_requests_only_if_repeatable(fake):
    def judge(_step, times):
        return (504, None, {}) if times == 1 else (200, {"times": times}, {})

    results, _ = batch(fake, judge, [look(1), add(1)])
    assert results[0].body == {"times": 2}
    assert (results[1].status, results[1].code) == (504, "UnknownError")


def test_batch_error_says_whether_an_earlier_attempt_may_have_taken_effect(fake):
    def judge(_step, times):
        return (504 if times == 1 else 403, *refused())

    requests = [Request("DELETE", "/x/{id}", {"id": "1"})]
    results, _ = batch(fake, judge, requests)
    assert [(result.status, result.lost_attempt) for result in results] == [(403, True)]


def test_batch_treats_a_missing_result_as_lost(fake):
    fake.answers(fake.ok({"responses": [{"id": "0", "status": 204}]}))
    results = fake.run(lambda graph: graph.batch([add(0), add(1)]))
    assert results[0].status == 204
    assert isinstance(results[1], TransportError)
    assert "has no result for this request" in str(results[1])


def test_batch_treats_malformed_results_as_lost(fake):
    fake.answers(fake.ok({"responses": [{"id": "x", "status": 200}, {"id": "0", "status": "200"}]}))
    (result,) = fake.run(lambda graph: graph.batch([add(0)]))
    assert isinstance(result, TransportError)
    fake.answers(fake.ok([]))
    (result,) = fake.run(lambda graph: graph.batch([add(0)]))
    assert isinstance(result, TransportError)


def test_batch_does_not_retry_a_lost_batch_of_writes(fake):
    fake.answers(httpx.ReadTimeout("slow"))
    results = fake.run(lambda graph: graph.batch([add(0), add(1)]))
    assert len(fake.requests) == 1
    assert [type(result) for result in results] == [TransportError, TransportError]
    assert results[0].path == "/servicePrincipals/1/appRoleAssignedTo"


def test_batch_retries_a_lost_batch_of_reads(fake):
    fake.answers(httpx.ReadTimeout("slow"), Service(echo))
    results = fake.run(lambda graph: graph.batch([look(0), look(1)]))
    assert [result.status for result in results] == [201, 201]


def test_batch_returns_the_error_of_a_refused_batch_for_its_requests_only(fake):
    service = Service(echo)

    def handler(request):
        first = json.loads(request.content)["requests"][0]
        if first["body"]["principalId"] == "20":
            return httpx.Response(400, json={"error": {"code": "BadRequest", "message": "no"}})
        return service(request)

    fake.answers(handler)
    results = fake.run(lambda graph: graph.batch([add(number) for number in range(41)]))
    assert [result.status for result in results] == [201] * 20 + [400] * 20 + [201]
    assert results[20].path == "/servicePrincipals/1/appRoleAssignedTo"


def test_batch_of_no_requests_sends_nothing(fake):
    assert fake.run(lambda graph: graph.batch([])) == []
