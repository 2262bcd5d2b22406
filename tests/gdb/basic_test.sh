#!/bin/bash
# Breakpoints, stepping, registers and memory with real gdb on a Unix socket.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
info registers rip
break update
continue
backtrace
print round
delete
hbreak square
continue
print n
finish
delete
tbreak depth
continue
up
info locals
stepi
nexti
next
detach
END
has stops_at_first_instruction '^rip +0x100000 '
has software_breakpoint 'Breakpoint 1, update \(round=1\)'
has backtrace '#1 .* go_round \(round=1\)'
has backtrace_outermost '#2 .* _start \(\)'
has argument '^\$1 = 1$'
has hardware_breakpoint 'Breakpoint 2, square \(n=1\)'
has finish 'Value returned is \$3 = 1'
has temporary_breakpoint 'Temporary breakpoint 3, depth \(n=3\)'
lacks no_error 'Remote failure|Cannot|warning: Error|Connection closed'

gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
print $rip >= (unsigned long)_start
set var $rbx = 0x1122334455667788
print/x $rbx
set var $bl = 0
print/x $rbx
set var $eflags = 0x246
print $eflags
set var table[3] = 0xabcd
print/x table[3]
x/s message
find &message, +sizeof(message), 'n', 'e', 'e', 'd'
compare-sections .text
print/x $cs
print $cr0
print $efer
print/x $cr3
info registers gdtr_base idtr_limit
print $cr4
info line *$pc
x/2i $pc
END
has reattach '^\$1 = 1$'
has write_register '^\$2 = 0x1122334455667788$'
has write_low_byte '^\$3 = 0x1122334455667700$'
has flags_by_name '^\$4 = \[ .*ZF .*IF.*\]'
has write_memory '= 0xabcd$'
has read_string '"a needle in guest memory"'
has find '^1 pattern found'
has compare_sections '"?\.text"?.* matched'
has cr0_by_name '^\$[0-9]+ = \[ .*PE.*PG.*\]'
has efer_by_name '^\$[0-9]+ = \[ .*LME.*LMA.*\]'
has system_registers '^idtr_limit +0x'
lacks no_error_2 'Remote failure|Cannot|warning: Error|Connection closed'

# gdb went without detaching: the guest is halted and can be had again
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
load
print/x $rip
break go_round if round == 5
continue
delete
break depth
ignore 2 9
continue
info breakpoints
END
has load 'Start address 0x0*100000, load size [0-9]+'
has load_sets_pc '= 0x100000$'
has conditional_breakpoint 'Breakpoint 1, go_round \(round=5\)'
has ignore_count 'already hit 10 times'
lacks no_error_3 'Remote failure|Cannot|warning: Error|Connection closed'
