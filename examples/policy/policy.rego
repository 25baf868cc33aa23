# What a team lets its pipeline apply, over the JSON of a plan, in the language of Open Policy Agent.
#
#   scimconf plan --format json apps/writer > plan.json
#   opa eval --fail-defined --format pretty --data policy.rego --input plan.json 'data.scimconf.refused[_]'
#
# Every sentence in `refused` is a reason to stop; an empty set lets the plan through. The numbers are yours to change, and
# so are the hours: `--data` with a file {"policy": {"removals": 20}} sets another number without touching this file.
package scimconf

import rego.v1

default removals := 10

removals := data.policy.removals

# Who may change what: addresses are NAME:kind/scope/rest, and `*` does not cross a slash.
frozen := {"*:app_role/**", "*:connection"}

changes contains change if some change in input.applications[_].changes

refused contains sprintf("format %v is not 1.x", [input.format_version]) if {
	not startswith(input.format_version, "1.")
}

refused contains sprintf("%s destroys something: %s", [change.address, change.action]) if {
	some change in changes
	"destroys" in change.effects
}

refused contains sprintf("%d assignments would be removed, and %d are the most", [count(removed), removals]) if {
	removed := {change.address |
		some change in changes
		change.kind == "assignment"
		change.action == "delete"
	}
	count(removed) > removals
}

refused contains sprintf("%s is changed by hand only", [change.address]) if {
	some change in changes
	some pattern in frozen
	glob.match(pattern, ["/", ":"], change.address)
}

refused contains sprintf("%s is closed: %s", [guard.id, guard.message]) if {
	some guard in input.applications[_].guards
	guard.opened_by == ""
}

# Nothing that touches people outside of working hours (UTC), or at the weekend.
refused contains "outside of working hours people are left alone" if {
	some change in changes
	some effect in ["destroys", "narrows"]
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
