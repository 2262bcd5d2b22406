#!/bin/bash
# `make demo` shows what it promises, in time, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

begin=$SECONDS
out=$(scripts/demo 2>&1 </dev/null)
equal status $? 0
if [ $((SECONDS - begin)) -lt 60 ]; then
	pass under_a_minute
else
	fail under_a_minute "took $((SECONDS - begin)) s"
fi
has breakpoint 'Breakpoint 1, touch_window'
has backtrace '#1 .*demo_main \(\)'
has step '=> 0x[0-9a-f]+ <touch_window\+'
has cr0_by_name '= \[ PE .*PG \]'
has efer_by_name '= \[ .*LME LMA'
has second_cpu 'other_cpu_main \(cpu=1\)'
has watchpoint 'Old value = [0-9]+'
has registers_like_qemu 'RAX=[0-9a-f]{16} RBX='
has triple_fault '[Tt]riple fault'
has signal 'received signal SIGSEGV'
has story_backtrace '#0 .*write_through_stale_pointer'
has serial_output 'hello from CPL0'
lacks complaints 'Remote failure|Cannot access|Connection closed|(^|[^_])[Ee]rror:'
