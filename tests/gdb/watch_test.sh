#!/bin/bash
# Watchpoints with real gdb: write, access, read, conditional, two at once.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
watch total
continue
continue
continue
info watchpoints
delete
awatch rounds
continue
delete
watch total if total > 100
continue
print total
delete
watch table[2]
watch table[5]
continue
continue
delete
rwatch total
continue
detach
END
has write_watchpoint 'Hardware watchpoint 1: total'
has old_and_new_value 'Old value = 0'
has new_value 'New value = 1$'
has second_hit_old 'Old value = 1$'
has second_hit_new 'New value = 5$'
has third_hit 'New value = 14$'
has hit_count 'breakpoint already hit 3 times'
has access_watchpoint 'Hardware access \(read/write\) watchpoint 2: rounds'
has access_watchpoint_stop '^(Value|New value) = [0-9]+'
has in_source 'go_round|update'
has conditional 'New value = 1[0-9][0-9]$'
has two_watchpoints_a 'Hardware watchpoint 4: table\[2\]'
has two_watchpoints_b 'Hardware watchpoint 5: table\[5\]'
has read_watchpoint 'Hardware read watchpoint 6: total'
has read_watchpoint_stop '^Value = [0-9]+'
lacks no_error 'Remote failure|Could not insert|Cannot|Connection closed'
