#!/bin/bash
# Ctrl-C on a guest that spins with interrupts off; detach lets it run on.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

# gdb must not inherit the ignored SIGINT of a background job
interrupt_gdb() # SYMBOLS SECONDS, commands on stdin
{
	gdb_args "$1" < <(sed "s|SOCK|$sock|g")
	set -m
	gdb "${args[@]}" >"$work/gdb.out" 2>&1 </dev/null &
	set +m
	local pid=$!
	sleep "$2"
	kill -INT $pid 2>/dev/null
	wait_for 30 gone $pid || kill -9 $pid
	wait $pid 2>/dev/null
	out=$(cat "$work/gdb.out")
}

gone() # PID
{
	! kill -0 "$1" 2>/dev/null
}

serve "$guests/spin.elf"
interrupt_gdb "$guests/spin.elf" 2 <<'END'
target remote SOCK
continue
print/x $rbx
print $rcx > 1000
print $rip == (unsigned long)spin || $rip == (unsigned long)spin + 3
stepi
x/i $pc
detach
END
has ctrl_c 'Program received signal SIGINT'
has registers '^\$1 = 0x123456789abcdef0$'
has it_ran '^\$2 = 1$'
has in_the_loop '^\$3 = 1$'

# after detach it runs: the counter moved although nobody was there
gdb_say "$guests/spin.elf" <<'END'
target remote SOCK
print $rcx
detach
END
first=$(sed -n 's/^\$1 = //p' <<<"$out")
sleep 0.3
gdb_say "$guests/spin.elf" <<'END'
target remote SOCK
print $rcx
detach
END
second=$(sed -n 's/^\$1 = //p' <<<"$out")
if [ "${first:-0}" -gt 0 ] && [ "${second:-0}" -gt "$first" ]; then
	pass detached_guest_runs
else
	fail detached_guest_runs "counter '$first' then '$second'"
fi
