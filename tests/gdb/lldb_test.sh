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

# Stepping by line, registers kept on the server's side, a watchpoint; what is
# put back makes the guest go through update(1) again.
serve_tcp "$guests/calls.elf"
out=$(timeout -k 5 60 lldb --no-lldbinit -b \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "target modules load --file calls.elf --slide 0" \
	-o "breakpoint set -n update" \
	-o "process continue" \
	-o "process plugin packet send QSaveRegisterState;thread:1;" \
	-o "thread step-over" \
	-o "thread step-out" \
	-o "process plugin packet send QRestoreRegisterState:1;thread:1;" \
	-o "breakpoint delete -f" \
	-o "watchpoint set expression -w write -s 8 -- &total" \
	-o "process continue" \
	-o "expression round + 41" \
	-o "memory region 0x100000" \
	-o "process plugin packet monitor arch" \
	-o "thread return" \
	-o "process detach" "$guests/calls.elf" 2>&1 </dev/null)
has step_over 'stop reason = step over'
has step_out 'stop reason = step out'
has keeps_registers 'response: 1$'
has puts_registers_back 'response: OK$'
has watchpoint 'stop reason = watchpoint 1'
has watched_again 'new value: 0x0000000000000002'
has again_in_the_first_round 'update\(round=1\) at calls.c:29'
has expression '\$1 = 42'
has memory_region 'rwx'
has monitor '^arch 64, linear off'
has thread_return 'frame #0: .*go_round\(round=1\)'

# 32-bit code: the description of another architecture holds from the next
# connection on, and the guest stays halted in between.
printf '\xb8\x78\x56\x34\x12\x40\xeb\xfd' >"$work/flat32"
serve_tcp "$work/flat32" --mode 32
out=$(timeout -k 5 60 lldb --no-lldbinit -b \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "process plugin packet monitor arch 32" \
	-o "process detach -s true" \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "register read eip" \
	-o "disassemble -c 2 -s 0x100000" \
	-o "breakpoint set -H -a 0x100006" \
	-o "process continue" \
	-o "register read eax" \
	-o "process detach" 2>&1 </dev/null)
has arch_32_registers 'eip = 0x00100000'
has arch_32_disassembly 'incl +%eax'
has arch_32_hardware_breakpoint 'stop reason = breakpoint 1\.1'
has arch_32_value 'eax = 0x12345679'

# Two processors: one steps while the other is held, kill leaves the guest there
# for the next client, and a reset shows with the next step.
serve_tcp "$demo" --smp 2
out=$(timeout -k 5 60 lldb --no-lldbinit -b \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "breakpoint set -n count_work" \
	-o "process continue" \
	-o "thread select 1" \
	-o "thread step-inst -m this-thread" \
	-o "breakpoint delete -f" \
	-o "process kill" \
	-o "gdb-remote 127.0.0.1:$port" \
	-o "thread list" \
	-o "process plugin packet monitor reset" \
	-o "thread step-inst" \
	-o "register read rip" \
	-o "process continue" \
	-o "process detach" "$demo" 2>&1 </dev/null)
has smp_breakpoint 'thread #2, .*stop reason = breakpoint 1\.1'
has smp_step 'thread #1, .*stop reason = instruction step into'
has smp_halted_after_kill 'thread #2: tid = 2, .*count_work'
has reset_shows 'rip = 0x0000000000100000'
has death_is_the_reason 'stop reason = vCPU 0: triple fault: #PF'
