# A policy for what a pipeline may apply, evaluated on the JSON of a plan with jq only.
#
#   scimconf plan --format json apps/writer > plan.json
#   jq --raw-output --from-file policy.jq plan.json        # one reason per line; no output accepts the plan
#   test -z "$(jq --raw-output --from-file policy.jq plan.json)"
#
# Adapt the numbers. `--argjson removals 20` sets another limit without editing this file,
# `--argjson now 1767614400` another time.

($ARGS.named.removals // 10) as $removals
| ($ARGS.named.now // now | gmtime) as [$year, $month, $day, $hour, $minute, $second, $weekday]
| ($hour >= 7 and $hour < 17 and $weekday >= 1 and $weekday <= 5) as $working_hours
| [.applications[].changes[]] as $changes
| [$changes[] | select(.kind == "assignment" and .action == "delete")] as $removed

| (select(.format_version | startswith("2.") | not) | "format \(.format_version) is not 2.x"),

  ($changes[] | select(.effects | index("data_loss")) | "\(.address) loses data: \(.action)"),

  (select($removed | length > $removals) | "\($removed | length) assignments would be deleted; the limit is \($removals)"),

  # Protected addresses: addresses are NAME:kind/scope/rest.
  ($changes[] | select(.address | test("^[^:]*:(app_role/|connection$)")) | "\(.address) may be changed by hand only"),

  (.applications[].guards[] | select(.allowed_by == null) | "guard \(.id) blocks: \(.message)"),

  # No deprovisioning and no data loss outside working hours (UTC) or at the weekend.
  (select(($working_hours | not) and any($changes[].effects[]; . == "data_loss" or . == "deprovisions"))
    | "users may be disabled or data lost outside working hours")
