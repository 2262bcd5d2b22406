#!/bin/bash
# Two vCPUs: threads, their registers, a breakpoint that either may hit.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo" --smp 2
gdb_say "$demo" <<'END'
target remote SOCK
info threads
set var lifetime_ticks = 1000000
hbreak other_cpu_main
continue
info threads
backtrace 1
print cpu
delete
break count_work
continue
continue
thread 1
info registers rip
thread 2
info registers rip
backtrace
delete
watch shared_counter
continue
continue
delete
stepi
thread apply all print $_thread
detach
END
has two_threads_at_start '^ +2 +Thread 1?\.?2 '
has second_cpu_starts 'hit Breakpoint 1, other_cpu_main \(cpu=1\)'
has on_thread_2 '^\* 2 +Thread'
has breakpoint_on_either 'hit Breakpoint 2, count_work \(n=1\)'
has frames_of_thread_2 'other_cpu_main \(cpu=1\)'
has watch_shared 'Hardware watchpoint 3: shared_counter'
has watch_old 'Old value = [0-9]+'
has both_threads '\$[0-9]+ = 2$'
lacks no_error 'Remote failure|Could not insert|Cannot|Connection closed'
