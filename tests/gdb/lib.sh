# Shared by the real-gdb tests: a server, a gdb, and what it must have said.
# Sourced; prints lines for scripts/run-tests.
#
#   serve IMAGE [OPTIONS...]    start a server on unix:$sock
#   gdb_say [SYMBOLS] <<EOF     run gdb on these commands; output in $out
#   has NAME REGEX, lacks NAME REGEX, equal NAME GOT WANT
#
# KVM_GDBSERVER names the program (default build/kvm-gdbserver).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 1
program=$(basename "$0" .sh)
server=${KVM_GDBSERVER:-$top/build/kvm-gdbserver}
guests=$top/build/guests
demo=$top/build/demo.elf
work=$(mktemp -d)
sock=$work/sock
server_pid=
out=

cleanup()
{
	stop_server
	rm -rf "$work"
}
trap cleanup EXIT

skip_all()
{
	echo "skip $program/all: $1"
	exit 0
}

need_kvm()
{
	(: <>/dev/kvm) 2>/dev/null || skip_all "cannot open /dev/kvm"
}

need()
{
	command -v "$1" >/dev/null || skip_all "$1 is not installed"
}

pass()
{
	echo "ok $program/$1"
}

fail() # NAME REASON
{
	echo "not ok $program/$1: $2"
	{
		echo "--- $program/$1: output was:"
		echo "$out" | tail -n 40
		echo "--- server log:"
		tail -n 20 "$work/server.log"
	} >&2
}

has()
{
	if grep -qE -- "$2" <<<"$out"; then
		pass "$1"
	else
		fail "$1" "no match for /$2/"
	fi
}

lacks()
{
	if grep -qE -- "$2" <<<"$out"; then
		fail "$1" "unexpected: $(grep -m1 -E -- "$2" <<<"$out")"
	else
		pass "$1"
	fi
}

equal()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "'$2', expected '$3'"
	fi
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for()
{
	local tries=$(($1 * 20))

	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

server_gone()
{
	! kill -0 "$server_pid" 2>/dev/null
}

# serve_on COMM IMAGE [OPTIONS...]; IMAGE "" = none
serve_on()
{
	local comm=$1 image=$2

	shift 2
	stop_server
	rm -f "$sock" "$work/server.log"	# the one before had a port too
	"$server" "$@" "$comm" ${image:+"$image"} >"$work/serial" \
		2>"$work/server.log" </dev/null &
	server_pid=$!
}

serve()
{
	serve_on "unix:$sock" "$@"
	if ! wait_for 10 test -S "$sock"; then
		fail server_starts "no socket after 10 s"
		exit 1
	fi
}

stop_server()
{
	[ -n "$server_pid" ] || return 0
	kill "$server_pid" 2>/dev/null
	if ! wait_for 5 server_gone; then
		fail server_ends "still there 5 s after SIGTERM"
		kill -9 "$server_pid" 2>/dev/null
	fi
	wait "$server_pid" 2>/dev/null
	server_pid=
	if grep -qE 'Sanitizer|runtime error:' "$work/server.log"; then
		fail sanitizer "$(grep -m1 -E 'Sanitizer|runtime error:' \
			"$work/server.log")"
	fi
}

port_said()
{
	port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' \
		"$work/server.log")
	[ -n "$port" ]
}

# serve_tcp IMAGE [OPTIONS...]: on a port of the server's choice; sets port
# (one chosen here might be anybody's by the time the server binds it)
serve_tcp()
{
	serve_on :0 "$@"
	if ! wait_for 10 port_said; then
		fail server_starts "no port after 10 s"
		exit 1
	fi
}

# gdb_args [SYMBOLS]: sets args from the commands on stdin
gdb_args()
{
	local line

	args=(-nx -batch -iex "set confirm off" -iex "set pagination off"
		-iex "set width 0" -iex "set debuginfod enabled off"
		-iex "set print entry-values no")
	while IFS= read -r line; do
		[ -n "$line" ] && args+=(-ex "$line")
	done
	[ -n "${1:-}" ] && args+=("$1")
	return 0
}

# The commands connect by "target remote SOCK"; SOCK stands for the socket.
gdb_say()
{
	gdb_args "${1:-}" < <(sed "s|SOCK|$sock|g")
	out=$(timeout -k 5 60 gdb "${args[@]}" 2>&1 </dev/null)
}

# ---- raw packets over TCP, descriptor 5 ----

rsp_open() # PORT
{
	exec 5<>"/dev/tcp/127.0.0.1/$1"
}

rsp_close()
{
	exec 5<&- 5>&-
}

rsp_send() # BODY, in plain ASCII
{
	local sum=0 i

	for ((i = 0; i < ${#1}; i++)); do
		sum=$((sum + $(printf '%d' "'${1:i:1}")))
	done
	printf '$%s#%02x' "$1" $((sum & 255)) >&5
}

# rsp_reply: body of the next packet in $reply, acknowledged; false if none
rsp_reply()
{
	local junk

	reply=
	IFS= read -r -t 10 -d '$' junk <&5 || return 1
	IFS= read -r -t 10 -d '#' reply <&5 || return 1
	IFS= read -r -t 10 -N 2 junk <&5
	printf '+' >&5
}

rsp_ask()
{
	rsp_send "$1" && rsp_reply
}
