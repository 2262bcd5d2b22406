#!/bin/bash
#
# Does scripts/gdb-testsuite/compare see what is new, missing or explained?
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/ours/a.exp"
echo "a.exp 2" >"$work/files"
printf 'FAIL: a.exp: odd\n\ta reason\n' >"$work/known"

# expect NAME STATUS PATTERN [FILE]: of the gdb.sum on stdin
expect()
{
	local out status

	cat >"$work/ours/a.exp/gdb.sum"
	out=$(scripts/gdb-testsuite/compare "$work/files" "$work/known" \
		"$work/ours" "" "${4:-a.exp}" 2>&1)
	status=$?
	if [ $status != "$2" ]; then
		echo "not ok gdb-testsuite/$1: status $status, expected $2: $out"
	elif ! grep -qE -- "$3" <<<"$out"; then
		echo "not ok gdb-testsuite/$1: no /$3/ in: $out"
	else
		echo "ok gdb-testsuite/$1"
	fi
}

pass=$'PASS: a.exp: one\nPASS: a.exp: two\n'
expect passes 0 '^2 passed, 0 failed, 1 skipped$' \
	<<<"${pass}UNTESTED: a.exp: three"
expect known_fail 0 '^known: FAIL: a.exp: odd$' <<<"${pass}FAIL: a.exp: odd"
expect says_why 0 '^    a reason$' <<<"${pass}FAIL: a.exp: odd"
expect known_fail_that_passes 0 '^known, but it did not fail: .*odd$' <<<"$pass"
expect new_fail 1 '^FAIL: a.exp: new$' <<<"${pass}FAIL: a.exp: new"
expect error 1 '^2 passed, 1 failed' <<<"${pass}ERROR: tcl error"
expect fewer_passes 1 '^FEWER: a.exp: 1 PASSes, expected 2$' \
	<<<"PASS: a.exp: one"
expect no_file 1 '^ERROR: b.exp: no result' b.exp <<<"$pass"
expect no_result 1 '^ERROR: a.exp: no result' <<<"nothing"
echo 'FAIL: a.exp: bare' >>"$work/known"
expect wants_a_reason 2 'known without a reason: FAIL: a.exp: bare' <<<"$pass"
