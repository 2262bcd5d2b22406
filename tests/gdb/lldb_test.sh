#!/bin/bash
# LLDB connects, reads registers and memory, steps and breaks.
. "$(dirname "$0")/lib.sh"
need_kvm
need lldb

serve_tcp "$guests/calls.elf"
out=$(timeout -k 5 60 lldb --no-lldbinit -b \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "target modules load --file calls.elf --slide 0" \
	-o "register read rip" \
	-o "breakpoint set -n square" \
	-o "process continue" \
	-o "thread backtrace" \
	-o "frame variable n" \
	-o "thread step-inst" \
	-o "memory read -c 8 -f x -s 1 &message" \
	-o "register write rbx 0x1234" \
	-o "register read rbx" \
	-o "process detach" "$guests/calls.elf" 2>&1 </dev/null)
has reads_registers 'rip = 0x0000000000100000'
has breakpoint 'stop reason = breakpoint 1\.1'
has backtrace 'frame #1: .*update'
has argument '\(uint64_t\) n = 1'
has step 'stop reason = instruction step into'
has writes_registers 'rbx = 0x0000000000001234'
has detaches 'detached'
