"""Who is affected by a plan: estimates for each change, and previews of single users.

`projection` is the provisioning state before and after a plan, `user_attributes` a user as expressions read it. Built on
these, `estimates` counts the users of each effect and `preview` evaluates single users (with `assignees`,
`compiled_mappings`, `scim_resource` and `preview_summary`). `mapping_tests` runs the tests of a spec.
"""
