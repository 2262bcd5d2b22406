#!/bin/bash
#
# Does scripts/setup see what is missing and say the exact command?
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for tool in bash env cat echo rm mktemp tail id make gcc ld as git clang \
	clang-format man; do
	path=$(command -v $tool) && ln -s "$path" "$work/$tool"
done

# fake NAME: a command from stdin in the only folder of PATH
fake()
{
	rm -f "$work/$1"
	{ echo '#!/bin/bash'; cat; } >"$work/$1"
	chmod +x "$work/$1"
}

# expect NAME STATUS PATTERN ARGS...
expect()
{
	local name=$1 want=$2 pattern=$3 out status

	shift 3
	out=$(PATH=$work bash scripts/setup "$@" 2>&1 </dev/null)
	status=$?
	if [ $status != "$want" ]; then
		echo "not ok setup/$name: status $status, expected $want: $out"
	elif ! grep -qE -- "$pattern" <<<"$out"; then
		echo "not ok setup/$name: no /$pattern/ in: $out"
	else
		echo "ok setup/$name"
	fi
}

fake gdb <<<'exit 0'
expect nothing_missing 0 '^$' demo
rm "$work/gdb"
expect no_apt 1 'apt-get install .*gdb' demo
fake apt-get <<<'echo "$@" >>'"$work/apt.log"
fake id <<<'echo 1000'
expect no_sudo 1 'not root.*no sudo' demo
expect exact_command 1 '^ +apt-get update && apt-get install .* gdb *$' demo
fake sudo <<<'[ "$1" = -n ] && exit 1; exec "$@"'
expect sudo_wants_password 1 'password' demo
fake sudo <<<'[ "$1" = -n ] || exec "$@"'
expect by_sudo 0 '^sudo apt-get install .*gdb' demo --dry-run
fake id <<<'echo 0'
expect as_root 0 '^ *apt-get install .*gdb' demo --dry-run
expect installs 0 'installed gdb' demo
if grep -q 'update' "$work/apt.log" && grep -q 'install .*gdb' "$work/apt.log"
then
	echo "ok setup/update_then_install"
else
	echo "not ok setup/update_then_install: $(cat "$work/apt.log")"
fi
fake apt-get <<<'[[ "$*" != *install* ]]'
expect failing_apt 1 'apt-get failed.*as root, run' demo
expect only_wanted_never_fails 0 'some tests skip' bench
fake gcc <<<'exit 1'
expect no_headers 0 'install .*libexpat1-dev linux-libc-dev' build --dry-run
expect bad_purpose 2 'usage' frobnicate
