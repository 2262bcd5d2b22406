#!/bin/bash
#
# Does scripts/nested fail when it must?  A script stands in for the emulated
# machine; everything else is the real thing.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp -r scripts/nested "$work/scripts"
mkdir -p "$work/static/tests"
: >"$work/scripts/commands.txt"
printf '#!/bin/sh\nprintf "base" >"$1"\n' >"$work/scripts/initramfs"
cat >>"$work/scripts/lib.sh" <<'E2'
need() { :; }
find_linux() { linux=/ vmlinuz=/dev/null; }
E2
cat >"$work/static/tests/x_test" <<'E2'
#!/bin/sh
printf '%s\n' a b c
E2
chmod +x "$work/static/tests/x_test"

# The plan is read from where the runner put it; $behave says what happens.
cat >"$work/scripts/machine.sh" <<'E2'
machine_environment() { :; }
machine()
{
	local name

	: >>"$STARTS"
	echo start >>"$STARTS"
	[ "$BEHAVE" != never_up ] || return
	[ "$BEHAVE" != slow_start ] || [ "$(wc -l <"$STARTS")" != 1 ] || return
	echo "@boot fake"
	while read -r name _; do
		echo "@run $name"
		case $BEHAVE:$name in
		dies:x_test/b) return ;;
		fails:x_test/b | fails_else:x_test/b)
			echo "not ok $name: 1 is not 2" ;;
		silent:x_test/b) ;;
		skips:x_test/b) echo "skip $name: no such thing" ;;
		*) echo "ok $name" ;;
		esac
		echo "@end $name 0"
		[ "$BEHAVE" != lossy ] || break
	done <"$4/plan/plan"
	echo "@done"
}
E2

# expect NAME STATUS LAST-LINE TEXT: run with $BEHAVE and compare
expect()
{
	local name=$1 want=$2 last=$3 text=$4 out status

	rm -f "$work/starts"
	out=$(STARTS=$work/starts "$work/scripts/check" "$work/static" \
		"$work/out" svm-tcg 2>&1)
	status=$?
	if [ "$status" != "$want" ]; then
		echo "not ok nested/$name: status $status, expected $want"
	elif [ "$(tail -n 1 <<<"$out")" != "$last" ]; then
		echo "not ok nested/$name: last line" \
			"'$(tail -n 1 <<<"$out")', expected '$last'"
	elif ! grep -qF -- "$text" <<<"$out"; then
		echo "not ok nested/$name: no '$text' in" $out
	else
		echo "ok nested/$name"
	fi
}

list() # LINE...: the expectations
{
	printf '%s\n' "$@" >"$work/scripts/expect-svm-tcg.txt"
}

list
export BEHAVE=works
expect passes 0 "3 passed, 0 failed, 0 skipped" "x_test/c"
BEHAVE=fails
expect failure 1 "2 passed, 1 failed, 0 skipped" "1 is not 2"
BEHAVE=silent
expect no_verdict 1 "2 passed, 1 failed, 0 skipped" "no verdict"
BEHAVE=skips
expect own_skip 0 "2 passed, 0 failed, 1 skipped" "no such thing"
BEHAVE=lossy
expect lost_output 1 "1 passed, 2 failed, 0 skipped" "never ran"
BEHAVE=dies
expect death_fails_one_and_the_rest_runs 1 "2 passed, 1 failed, 0 skipped" \
	"the emulator ended"
BEHAVE=never_up
expect no_start_is_a_failure 1 "0 passed, 3 failed, 0 skipped" "never ran"
BEHAVE=slow_start
expect second_start_is_said 0 "3 passed, 0 failed, 0 skipped" \
	"before the first test"

list "skip x_test/b /is not 2/ cannot here"
BEHAVE=fails
expect listed_failure 0 "2 passed, 0 failed, 1 skipped" "cannot here"
BEHAVE=works
expect listed_pass_is_reported 0 "3 passed, 0 failed, 0 skipped" \
	"passes although listed"
list "skip x_test/b /is not 3/ cannot here"
BEHAVE=fails
expect another_failure_than_listed 1 "2 passed, 1 failed, 0 skipped" \
	"1 is not 2"
list "norun x_test/b ends the machine"
BEHAVE=dies
expect not_started 0 "2 passed, 0 failed, 1 skipped" "not started"
list "sikp x_test/b typing error"
BEHAVE=works
expect bad_list 1 "0 passed, 1 failed, 0 skipped" "unknown word sikp"
list

# without packages: a visible skip, status 77
mkdir -p "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/apt-get"
cp "$work/bin/apt-get" "$work/bin/apt-cache"
chmod +x "$work/bin/"*
out=$(. scripts/nested/lib.sh; cache=$work/empty PATH=$work/bin:$PATH
	find_linux 2>&1)
status=$?
if [ $status = 77 ] && grep -q '^skip .*no network' <<<"$out" &&
	[ "$(tail -n 1 <<<"$out")" = "0 passed, 0 failed, 1 skipped" ]; then
	echo "ok nested/no_packages_is_a_skip"
else
	echo "not ok nested/no_packages_is_a_skip: $status:" $out
fi

# a file that is no kernel
head -c 4096 /dev/zero >"$work/zero"
if scripts/nested/vmlinux "$work/zero" "$work/v" 2>"$work/err" ||
	! grep -q 'no Linux setup header' "$work/err"; then
	echo "not ok nested/no_kernel: $(cat "$work/err")"
else
	echo "ok nested/no_kernel"
fi
