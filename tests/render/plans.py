"""Plans for tests of HTML and Markdown beside `rich_plan`: with hostile values, large, and with abandoned resources."""

from dataclasses import replace

import rich_plan

from scimconf.diagnostics import Diagnostic
from scimconf.plan import (
    Abandoned,
    Action,
    Address,
    ApplicationPlan,
    Change,
    Detail,
    Effect,
    FieldChange,
    Guard,
    Plan,
    Resource,
    Tenant,
)
from scimconf.plan.diff import diff

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "entity": "&lt;b&gt; &#60;b&#62; &nbsp",
    "close details": "</details></summary></code><h1>free</h1>",
    "comment": "--> <!-- x -->",
    "mention": "@octocat @org/team",
    "mention in mail": "ada@contoso.com",
    "references": "#1 GH-1 org/repo#2 !3 ~label %4 $5 &6 octocat@1111111",
    "sha": "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    "bare link": "https://evil.example/x www.evil.example mailto:a@evil.example",
    "link": "[click](https://evil.example) ![i](https://evil.example/i.png) [a]: https://evil.example",
    "autolink": "<https://evil.example>",
    "emphasis": "**a** _b_ ~~c~~ ***",
    "fence": "``` ```` ~~~",
    "fence lines": "x\n```\n# free\n<h1>free</h1>\n\n---\n",
    "backtick": "`a` ``b``",
    "one backtick": "`",
    "only backticks": "``",
    "many backticks": "`" * 200,
    "pipe": "a | b || \\| c \\",
    "table": "a\n| --- | --- |\n| 1 | 2 |",
    "heading": "# h\n===\n",
    "quote": "> q",
    "list": "- a\n1. b\n* c",
    "emoji": ":tada: :+1:",
    "math": "$x$ $`y`$ $$z$$",
    "mermaid": '"] --> x["y"] end click g0t0 "javascript:alert(1)" %%{init: {}}%%',
    "template": "{{ 7*7 }} {% raw %}",
    "escape": "\x1b[31mred\x1b[0m",
    "bidi": "admin\u202etxt.exe",
    "surrogate": "\ud800",
    "space": "   ",
    "empty": "",
    "tail backslash": "a\\",
    "long": "x`|<" * 5_000,
}


def everywhere(value):
    """Return a plan of two applications with the value in each string."""
    address = Address(value, "attribute_mapping", f"{value}/{value}")
    details = (Detail((value, 0), value, None), Detail((value, 1), value, f"{value}!"))
    fields = (
        FieldChange(value, {value: [value]}, {value: [value, value]}, details),
        FieldChange("source", f"[{value}]", f'Join("{value}", [{value}])'),
        FieldChange("other", value, f"{value}!"),
    )
    changes = (
        Change(address, Action.UPDATE, fields=fields, reason=value, effects=frozenset(Effect)),
        Change(Address(value, value, value), Action.DELETE, fields=fields, reason=value),
        *diff([Resource(Address(value, "assignment", f"user:{value}/{value}"))], [], {}).changes,
    )
    one = ApplicationPlan(
        value,
        {"service_principal": value, value: value},
        (value,),
        changes=changes,
        unmanaged_drift=(Resource(address, facts={"id": value}),),
        unmanaged=(Resource(Address(value, value)),),
        guards=(Guard(value, value, address=address), Guard(value, value, value, 7)),
        warnings=(Diagnostic(value, value, (value, 1), hint=value), Diagnostic("", value, severity="warning")),
        abandoned=(Abandoned(address, value), Abandoned(address, "")),
        excluded_changes=1,
    )
    return Plan(Tenant(value, value), (one, one))


def large(number=5_000, applications=1):
    """Return a plan with equal numbers of mapping updates, new assignments and deleted assignments."""
    each = number // applications
    return Plan(
        rich_plan.TENANT,
        tuple(
            ApplicationPlan(f"app{index}", paths=(f"app{index}.yaml",), changes=tuple(_changes(f"app{index}", each)))
            for index in range(applications)
        ),
    )


def _changes(name, number):
    for index in range(number):
        kind, action = [
            ("attribute_mapping", Action.UPDATE),
            ("assignment", Action.CREATE),
            ("assignment", Action.DELETE),
        ][index % 3]
        before, after = f'Join(" ", [givenName], [sn{index}])', f'Join("-", [givenName], ToLower([surname{index}], ""))'
        fields = (FieldChange("source", before, after),) if kind == "attribute_mapping" else ()
        rest = f"users/a{index}" if fields else f"user:person{index}@contoso.com/member"
        effects = {Effect.RESYNC} if fields else {Effect.PROVISIONS if action is Action.CREATE else Effect.DEPROVISIONS}
        yield Change(Address(name, kind, rest), action, fields=fields, effects=frozenset(effects))


def rich():
    """Return the sample plan of `rich_plan` with an abandoned resource."""
    plan = rich_plan.sample()
    first, *others = plan.applications
    abandoned = Abandoned(rich_plan.address("users/nickName"), 'mappings.users.attributes: "nickName": {absent: true}')
    return replace(plan, applications=(replace(first, abandoned=(abandoned,)), *others))
