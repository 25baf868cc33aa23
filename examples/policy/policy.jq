# What a team lets its pipeline apply, over the JSON of a plan, with nothing but jq.
#
#   scimconf plan --format json apps/writer > plan.json
#   jq --raw-output --from-file policy.jq plan.json        # a sentence a line; none lets the plan through
#   test -z "$(jq --raw-output --from-file policy.jq plan.json)"
#
# The numbers are yours to change; `--argjson removals 20` sets another one without touching this file, and
# `--argjson now 1767614400` another time.

($ARGS.named.removals // 10) as $removals
| ($ARGS.named.now // now | gmtime) as [$year, $month, $day, $hour, $minute, $second, $weekday]
| ($hour >= 7 and $hour < 17 and $weekday >= 1 and $weekday <= 5) as $working_hours
| [.applications[].changes[]] as $changes
| [$changes[] | select(.kind == "assignment" and .action == "delete")] as $removed

| (select(.format_version | startswith("1.") | not) | "format \(.format_version) is not 1.x"),

  ($changes[] | select(.effects | index("destroys")) | "\(.address) destroys something: \(.action)"),

  (select($removed | length > $removals) | "\($removed | length) assignments would be removed, and \($removals) are the most"),

  # Who may change what: addresses are NAME:kind/scope/rest.
  ($changes[] | select(.address | test("^[^:]*:(app_role/|connection$)")) | "\(.address) is changed by hand only"),

  (.applications[].guards[] | select(.opened_by == "") | "\(.id) is closed: \(.message)"),

  # Nothing that touches people outside of working hours (UTC), or at the weekend.
  (select(($working_hours | not) and any($changes[].effects[]; . == "destroys" or . == "narrows"))
    | "outside of working hours people are left alone")
