#!/bin/bash
#
# Does scripts/run-tests fail when it must?
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

program() # NAME: a shell script on stdin becomes a test program
{
	{ echo '#!/bin/bash'; cat; } >"$work/$1"
	chmod +x "$work/$1"
}

# expect NAME STATUS LAST-LINE ARGS...: run the runner and compare
expect()
{
	local name=$1 want=$2 last=$3 out status

	shift 3
	out=$(scripts/run-tests "$@" 2>&1)
	status=$?
	if [ "$status" != "$want" ]; then
		echo "not ok run-tests/$name: status $status, expected $want"
	elif [ "$(tail -n 1 <<<"$out")" != "$last" ]; then
		echo "not ok run-tests/$name: last line" \
			"'$(tail -n 1 <<<"$out")', expected '$last'"
	else
		echo "ok run-tests/$name"
	fi
}

program good <<<'echo noise; echo "ok good/a"; echo "ok good/b"'
program bad <<<'echo "ok bad/a"; echo "not ok bad/b: 1 is not 2"; exit 1'
program sly <<<'echo "not ok sly/a: wrong"; exit 0'
program dies <<<'echo "ok dies/a"; kill -SEGV $$'
program silent <<<'exit 0'
program skips <<<'echo "skip skips/a: no such tool here"'
program kvmless <<<'echo "skip kvmless/a: cannot open /dev/kvm"'
program hangs <<<'echo "ok hangs/a"; sleep 20'
program noeol <<<'printf "ok noeol/a"'
program first <<<"sleep 0.3; echo ok first/a; : >$work/mark"
program second <<<"[ -e $work/mark ] && echo ok second/a"

expect passes 0 "2 passed, 0 failed, 0 skipped" "$work/good"
expect failing_test 1 "3 passed, 1 failed, 0 skipped" "$work/good" "$work/bad"
expect failing_line_status_0 1 "0 passed, 1 failed, 0 skipped" "$work/sly"
expect death 1 "1 passed, 1 failed, 0 skipped" "$work/dies"
expect silence 1 "0 passed, 1 failed, 0 skipped" "$work/silent"
expect missing_program 1 "0 passed, 1 failed, 0 skipped" "$work/none"
expect nothing_ran 1 "0 passed, 0 failed, 0 skipped"
expect only_skips 1 "0 passed, 0 failed, 1 skipped" "$work/skips"
expect skip_beside_pass 0 "2 passed, 0 failed, 1 skipped" \
	"$work/good" "$work/skips"
expect time_limit 1 "1 passed, 1 failed, 0 skipped" -t 1 "$work/hangs"
expect no_newline_at_end 0 "1 passed, 0 failed, 0 skipped" "$work/noeol"
expect parallel_and_label 0 "4 passed, 0 failed, 0 skipped" -j 2 \
	"x:$work/good" "y:$work/good"
expect barrier 0 "2 passed, 0 failed, 0 skipped" -j 2 \
	"$work/first" -- "$work/second"
if (: <>/dev/kvm) 2>/dev/null; then
	expect kvm_skip_is_failure 1 "2 passed, 1 failed, 0 skipped" \
		"$work/good" "$work/kvmless"
else
	expect kvm_skip_is_skip 0 "2 passed, 0 failed, 1 skipped" \
		"$work/good" "$work/kvmless"
fi

out=$(scripts/run-tests "$work/bad" "$work/good")
if [ "$(grep -c '^not ok bad/b: 1 is not 2' <<<"$out")" = 2 ]; then
	echo "ok run-tests/failures_repeated_at_end"
else
	echo "not ok run-tests/failures_repeated_at_end: $out"
fi
