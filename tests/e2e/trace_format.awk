# SPDX-License-Identifier: Apache-2.0
# The tables of docs/trace-format.md from the headers: every kind of event with its fields, every enumeration.
# -v wanted="enum…": in this order; files: event.c first, for the kinds, then headers.

function trim(text) {
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

# What stands in a comment on the line; '' where there is none.
function comment(line) {
	if (!match(line, /\/\*.*/))
		return ""
	line = substr(line, RSTART + 2)
	sub(/\*\/.*/, "", line)
	gsub(/\|/, "\\|", line)
	return trim(line)
}

FILENAME ~ /event\.c$/ {
	if (match($0, /vgpu_field [a-z_]+_fields/)) {
		list = substr($0, RSTART + 11, RLENGTH - 11)
		sub(/ /, "", list)
	}
	rest = $0
	while (match(rest, /F(IELD)?\([0-9]+, [A-Z0-9]+, [a-z_, ]+, [01]\)/)) {
		count = split(substr(rest, RSTART, RLENGTH), part, /[(),] */)
		rest = substr(rest, RSTART + RLENGTH)
		fields[list] = fields[list] sprintf("%s%s %s %s", fields[list] ? ", " : "", part[2], part[count - 2], tolower(part[3]))
	}
	if (match($0, /VGPU_EVENT_[A-Z_]+\] = KIND\(/)) {
		split($0, part, /"/)
		name = substr($0, RSTART, RLENGTH)
		sub(/\].*/, "", name)
		sub(/.*", /, "")
		sub(/\).*/, "")
		kind_name[name] = part[2]
		kind_fields[name] = $0
	}
	next
}

/^struct [a-z_]+ \{/ {
	part_of = $2
	sub(/^vgpu_event_/, "", part_of)
}

# Which member holds values of an enumeration.
/^\t[a-z0-9_ ]+;.*enum vgpu_/ {
	member = $0
	sub(/;.*/, "", member)
	sub(/.* /, "", member)
	text = $0
	while (match(text, /enum vgpu_[a-z_]+/)) {
		of = substr(text, RSTART + 5, RLENGTH - 5)
		text = substr(text, RSTART + RLENGTH)
		users[of] = users[of] (users[of] ? ", " : "") "`" part_of "." member "`"
	}
}

/^enum [a-z_]+ \{/ {
	enumeration = $2
	next_value = 0
	above[enumeration] = before ~ /\*\// ? comment(before) : ""
	next
}
enumeration && /^\}/ {
	enumeration = ""
}
enumeration && /^\t[A-Z][A-Z0-9_]*( = [^,]+)?,/ {
	line = trim($0)
	name = line
	sub(/[ ,].*/, "", name)
	value = line
	if (line ~ /^[A-Z0-9_]+ = /) {
		sub(/^[A-Z0-9_]+ = /, "", value)
		sub(/,.*/, "", value)
	} else {
		value = next_value
	}
	if (value ~ /^[0-9]+$/)
		next_value = value + 1
	if (value ~ /^1 << [0-9]+$/)
		value = "bit " substr(value, 6)
	rows[enumeration] = rows[enumeration] sprintf("| %s | `%s` | %s |\n", value, name, comment(line))
	if (enumeration == "vgpu_event_kind" && name in kind_name)
		kinds = kinds sprintf("| %s | %s | %s |\n", value, kind_name[name], fields[kind_fields[name]])
}
/^#define VGPU_B(LOB|PF_PARAM)_[A-Z]+[ \t]+0xf[a-f0-9]/ {
	blobs = blobs sprintf("| %s | `%s` | %s |\n", $3, $2, comment($0))
}
{
	before = $0
}

END {
	print "\nKinds of event, and their fields: number, name and type each. Common to all: " fields["common_fields"] ".\n"
	print "| kind | name | fields |\n|---|---|---|"
	printf "%s", kinds
	count = split(wanted, order, " ")
	for (i = 1; i <= count; i++) {
		if (!rows[order[i]]) {
			print "no enumeration " order[i] > "/dev/stderr"
			exit 1
		}
		printf "\n`%s`%s%s%s\n\n", order[i], users[order[i]] ? ", in " users[order[i]] : "", above[order[i]] ? ": " : "", above[order[i]]
		printf "| value | name | what it says |\n|---|---|---|\n%s", rows[order[i]]
	}
	print "\nParameter numbers of blobs that belong to no parameter\n\n| value | name | what it says |\n|---|---|---|"
	printf "%s", blobs
}
