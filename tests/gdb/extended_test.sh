#!/bin/bash
# target extended-remote: run again, kill and run, attach again.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<'END'
target extended-remote SOCK
break square if n == 3
continue
print rounds
run
print rounds
info registers rip
kill
run
print n
disconnect
END
has runs 'Breakpoint 1, square \(n=3\)'
equal three_times "$(grep -c 'Breakpoint 1, square (n=3)' <<<"$out")" 3
lacks no_error 'Remote failure|Connection closed|not support'
if server_gone; then
	fail server_stays "the server is gone after kill in extended mode"
else
	pass server_stays
fi
gdb_say "$guests/calls.elf" <<'END'
target extended-remote SOCK
monitor reset
maint flush register-cache
info registers rip
detach
END
has reset 'rip +0x100000 '
