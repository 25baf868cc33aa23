# A policy for what a pipeline may apply, evaluated on the JSON of a plan with Open Policy Agent.
#
#   scimconf plan --format json apps/writer > plan.json
#   opa eval --fail-defined --format pretty --data policy.rego --input plan.json 'data.scimconf.refused[_]'
#
# Every sentence in `refused` is a reason to stop; an empty set accepts the plan. Adapt the numbers and the hours:
# `--data` with a file {"policy": {"removals": 20}} sets another limit without editing this file.
package scimconf

import rego.v1

default removals := 10

removals := data.policy.removals

# Protected addresses: they are NAME:kind/scope/rest, and `*` does not cross a slash.
frozen := {"*:app_role/**", "*:connection"}

changes contains change if some change in input.applications[_].changes

refused contains sprintf("format %v is not 2.x", [input.format_version]) if {
	not startswith(input.format_version, "2.")
}

refused contains sprintf("%s loses data: %s", [change.address, change.action]) if {
	some change in changes
	"data_loss" in change.effects
}

refused contains sprintf("%d assignments would be deleted; the limit is %d", [count(removed), removals]) if {
	removed := {change.address |
		some change in changes
		change.kind == "assignment"
		change.action == "delete"
	}
	count(removed) > removals
}

refused contains sprintf("%s may be changed by hand only", [change.address]) if {
	some change in changes
	some pattern in frozen
	glob.match(pattern, ["/", ":"], change.address)
}

refused contains sprintf("guard %s blocks: %s", [guard.id, guard.message]) if {
	some guard in input.applications[_].guards
	guard.allowed_by == null
}

# No deprovisioning and no data loss outside working hours (UTC) or at the weekend.
refused contains "users may be disabled or data lost outside working hours" if {
	some change in changes
	some effect in ["data_loss", "deprovisions"]
	effect in change.effects
	not working_hours
}

working_hours if {
	[hour, _, _] := time.clock(now)
	hour >= 7
	hour < 17
	not time.weekday(now) in {"Saturday", "Sunday"}
}

now := data.policy.now

now := time.now_ns() if not data.policy.now
