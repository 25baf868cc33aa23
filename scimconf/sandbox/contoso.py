"""The default tenant, Contoso: twelve users, seven groups, no application. Data only."""

from __future__ import annotations

from scimconf.sandbox.http_types import Json
from scimconf.sandbox.tenant import stable_id

TENANT_ID = "0c0a7e50-5a5a-4c0a-8b0a-c0a7e5000001"
ORGANIZATION: Json = {
    "id": TENANT_ID,
    "displayName": "Contoso",
    "countryLetterCode": "GB",
    "tenantType": "AAD",
    "verifiedDomains": [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": True,
            "isInitial": False,
            "name": "contoso.com",
            "type": "Managed",
        },
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": False,
            "isInitial": True,
            "name": "contoso.onmicrosoft.com",
            "type": "Managed",
        },
    ],
}

# alias | given name | surname | job title | department | employee type | city | country
_USERS = """
ada | Ada | Lovelace | Principal Analyst | Engineering | Employee | London | United Kingdom
grace | Grace | Hopper | Chief Engineer | Engineering | Employee | Arlington | United States
alan | Alan | Turing | Researcher | Engineering | Contractor | Manchester | United Kingdom
katherine | Katherine | Johnson | Head of Finance | Finance | Employee | Hampton | United States
mary | Mary | Jackson | Accountant | Finance | Employee | Hampton | United States
edsger | Edsger | Dijkstra | Editor | Marketing | Employee | Rotterdam | Netherlands
barbara | Barbara | Liskov | Copywriter | Marketing | Employee | Boston | United States
tim | Tim | O'Reilly | Publisher | Marketing | Contractor | Cork | Ireland
hedy | Hedy | Lamarr | Support Lead | Support | Employee | Vienna | Austria
radia | Radia | Perlman | Support Engineer | Support | Employee | Portsmouth | United States
"""
_GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Writer editors", "Writer editors", ("edsger", "barbara", "tim")),
    ("Writer admins", "Writer admins", ("ada", "grace")),
    ("AP-Finance", "AP-Finance", ("katherine", "mary")),
    ("AP-Support", "AP-Support", ("hedy", "radia")),
    ("Marketing", "Marketing/1", ("edsger", "barbara")),
    ("Marketing", "Marketing/2", ("tim",)),
    ("All staff", "All staff", ("ada", "grace", "katherine", "mary", "edsger", "barbara", "hedy", "radia")),
)


def user_id(alias: str) -> str:
    return stable_id(f"contoso/user/{alias}")


def users() -> list[Json]:
    """Return ten employees and contractors, a guest, and a disabled former employee."""
    employees = [_user(*(part.strip() for part in line.split("|"))) for line in _USERS.strip().splitlines()]
    guest = _user("linus_fabrikam.com#EXT#", "Linus", "Torvalds", "Consultant", "Engineering", "Guest", "Portland", "")
    guest |= {
        "id": user_id("linus"),
        "userPrincipalName": "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "mail": "linus@fabrikam.com",
        "userType": "Guest",
    }
    former_employee = _user(
        "charles", "Charles", "Babbage", "Engineer", "Engineering", "Employee", "London", "United Kingdom"
    )
    return [*employees, guest, former_employee | {"accountEnabled": False}]


def groups() -> list[tuple[Json, list[str]]]:
    """Return the groups with the ids of their members. Two groups have the same name."""
    return [
        ({"id": stable_id(f"contoso/group/{key}"), "displayName": name, "description": name}, [*map(user_id, members)])
        for name, key, members in _GROUPS
    ]


def _user(*columns: str) -> Json:
    alias, given_name, surname, title, department, employee_type, city, country = columns
    return {
        "id": user_id(alias),
        "userPrincipalName": f"{alias}@contoso.com",
        "displayName": f"{given_name} {surname}",
        "givenName": given_name,
        "surname": surname,
        "jobTitle": title,
        "department": department,
        "employeeType": employee_type,
        "employeeId": f"E{sum(map(ord, alias)):05d}",
        "city": city,
        "country": country or None,
        "mail": f"{alias}@contoso.com",
        "mailNickname": alias.split("#", 1)[0],
        "preferredLanguage": "en-GB",
        "companyName": "Contoso",
    }
