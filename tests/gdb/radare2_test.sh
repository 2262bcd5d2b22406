#!/bin/bash
# radare2 and rizin: connect, look, step, break.  Neither is in Debian 12.
. "$(dirname "$0")/lib.sh"
need_kvm

try() # NAME PROGRAM
{
	if ! command -v "$2" >/dev/null; then
		echo "skip $program/$1: $2 is not installed"
		return
	fi
	serve_tcp "$guests/calls.elf"
	out=$(timeout -k 5 60 "$2" -q -e scr.color=0 -c \
		'dr rip; dr cr0; dr cr3; dm; px 8 @ 0x1000a0;
		ds; dr rip; db 0x10001c; dc; dr rip; ds; dr rip;
		dr rbx=0x1234; wx 4142 @ 0x1000a0; px 2 @ 0x1000a0;
		db- 0x10001c; db 0x100056; dc; dr rip' \
		-d "gdb://127.0.0.1:$port" 2>&1 </dev/null)
	has "$1_registers" '0x0*100000$'
	has "$1_system_registers" '0x0*80000011$'
	has "$1_memory" '6120 6e65 6564 6c65'
	has "$1_maps" '0x0+ - 0x0*100000000 .*rwx'
	has "$1_step" '0x0*100001$'
	has "$1_break" '0x0*10001c$'
	has "$1_step_off_it" '0x0*100020$'
	has "$1_writes" '4142 '
	has "$1_break_again" '0x0*100056$'
}

try radare2 r2
try rizin rizin
