"""Cost of the evaluator: the default mappings for many users, compared with the same functions written by hand.

Ratios as in `bench.py`: both sides run alternately, and the result is the median. As a script it exits with 1 if a
limit is exceeded.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scimconf.expressions import parse
from scimconf.expressions.evaluation import EvaluationContext, compile_expression

USERS = 100_000
RUNS = 5
LIMIT = 10.0
DIRECT = (
    *("userPrincipalName", "displayName", "jobTitle", "mail", "preferredLanguage", "givenName", "surname"),
    *("physicalDeliveryOfficeName", "streetAddress", "city", "state", "postalCode", "country", "telephoneNumber"),
    *("mobile", "facsimileTelephoneNumber", "mailNickname", "employeeId", "department", "manager"),
)
ACTIVE = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
FORMATTED = 'Join(" ", [givenName], [surname])'
MAPPINGS = (*(f"[{name}]" for name in DIRECT), ACTIVE, FORMATTED)

HARDER = (
    'ToLower(Join("@", NormalizeDiacritics(StripSpaces(Join(".", [givenName], [surname]))), "contoso.com"), )',
    r'Replace([telephoneNumber], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", , "${phoneNumber}", , )',
    'IIF([department] = "Sales", [jobTitle], Left([displayName], 8))',
)


def by_hand(name: str) -> Callable[[dict[str, Any]], str | None]:
    def read(user: dict[str, Any]) -> str | None:
        return user.get(name)

    return read


def active(user: dict[str, Any]) -> str | None:
    deleted = user.get("IsSoftDeleted")
    if deleted == "False":
        return "True"
    if deleted == "True":
        return "False"
    return None


def formatted(user: dict[str, Any]) -> str:
    return " ".join(part for part in (user.get("givenName"), user.get("surname")) if part)


def make_users(count: int) -> list[dict[str, Any]]:
    """Return generated users; each attribute is missing for one user in ten."""
    dice = random.Random(20)
    users = []
    for number in range(count):
        user = {name: f"{name} {number}" for name in DIRECT if dice.random() > 0.1}
        user["telephoneNumber"] = f"+49 {number:010}"
        user["IsSoftDeleted"] = "True" if dice.random() < 0.05 else "False"
        users.append(user)
    return users


def seconds(functions: list[Callable[..., Any]], users: list[dict[str, Any]], *context: Any) -> float:
    begin = time.perf_counter()
    for user in users:
        for function in functions:
            function(user, *context)
    return time.perf_counter() - begin


def ratios(users: list[dict[str, Any]]) -> list[float]:
    """Return the sorted ratios of the evaluator's time to the time of the functions written by hand."""
    context = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC))
    ours = [compile_expression(parse(text)) for text in MAPPINGS]
    theirs: list[Callable[..., Any]] = [*map(by_hand, DIRECT), active, formatted]
    for user in users[:1000]:
        mine = [
            function(user, context) if name != FORMATTED or formatted(user) else ""
            for name, function in zip(MAPPINGS, ours, strict=True)
        ]
        assert mine == [function(user) for function in theirs]
    seconds(ours, users[:1000], context), seconds(theirs, users[:1000])
    return sorted(seconds(ours, users, context) / seconds(theirs, users) for _ in range(RUNS))


def main() -> int:
    users = make_users(USERS)
    found = ratios(users)
    middle = statistics.median(found)
    title = f"{len(MAPPINGS)} default mappings over {USERS:,} users against functions by hand"
    print(f"{title}: {middle:.2f}x (from {found[0]:.2f}x to {found[-1]:.2f}x, at most {LIMIT}x)")
    context = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC))
    floor = seconds([by_hand("mail")], users)
    for text in HARDER:
        print(
            f"  {text[:48]}…: {seconds([compile_expression(parse(text))], users, context) / floor:.0f} reads of an attribute"
        )
    return 0 if middle <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
