"""Who is affected: what the kinds' changes do to people, counted for a plan and shown one by one in a preview.

`sides` is the mapping of users before and after a plan, `source` a user as expressions see one. On these stand `impact`
(numbers behind a plan's effects) and `preview` (every person, with `roster`, `rows`, `resource` and `summary`).
"""
