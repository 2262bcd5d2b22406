#!/bin/bash
# TCP, stdin/stdout and Unix sockets; one client at a time; --once.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve_tcp "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<END
target remote 127.0.0.1:$port
break square
continue
stepi
detach
END
has tcp_breakpoint 'Breakpoint 1, square \(n=1\)'
lacks tcp_no_error 'Remote failure|Cannot|Connection'
out=$(awk '{ print $2 }' /proc/net/tcp)
has tcp_loopback_only "$(printf '^0100007F:%04X' "$port")"
lacks tcp_not_elsewhere "$(printf '^00000000:%04X' "$port")"
stop_server

rm -f "$sock"
gdb_say "$guests/calls.elf" <<END
target remote | $server --log $work/pipe.log - $guests/calls.elf
break square
continue
backtrace
kill
END
has pipe_breakpoint 'Breakpoint 1, square \(n=1\)'
has pipe_backtrace '#1 .* update \(round=1\)'
lacks pipe_no_error 'Remote failure|Cannot|Connection|Ignoring packet'

serve "$guests/calls.elf"
equal unix_socket_mode "$(stat -c %a "$sock")" 600

# a second client is told why it is refused, and the first keeps working
mkfifo "$work/hold"
gdb_args "$guests/calls.elf" <<END
target remote $sock
break square
shell echo connected >$work/connected; cat $work/hold
continue
detach
END
timeout 60 gdb "${args[@]}" >"$work/first.out" 2>&1 </dev/null &
first=$!
wait_for 20 test -e "$work/connected"
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
info registers rip
END
lacks second_client_gets_nothing '^rip +0x'
cat "$work/server.log" >"$work/log.copy"
echo go >"$work/hold"
wait $first
second_out=$out
out=$(cat "$work/first.out")
has first_client_unharmed 'Breakpoint 1, square \(n=1\)'
out=$(cat "$work/log.copy")$second_out
has second_client_reason 'refus|already|busy|one client'
stop_server
if [ -e "$sock" ]; then
	fail socket_removed "$sock is still there"
else
	pass socket_removed
fi

serve "$guests/calls.elf" --once
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
detach
END
if wait_for 5 server_gone; then
	pass once_ends
else
	fail once_ends "the server is still there 5 s after the client left"
fi
