#!/bin/bash
# Where the processors are, and the processor's own tables, from gdb and from
# --batch.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo" --smp 2
gdb_say "$demo" <<'END'
target remote SOCK
monitor where
break count_work
continue
monitor where
monitor mode
monitor idt
monitor -c 0 idt 32
monitor idt _start
monitor -c 1 segments
monitor stats run_time
monitor clock
END
has first_instruction '^\* vCPU 0  0x[0-9a-f]+ <_start>  long64 CPL0 IF=0'
has nothing_yet '^ +at its first instruction(; next: cli|$)'
has not_started 'nobody has started it'
has other_cpu '^  vCPU 0  0x[0-9a-f]+ <[a-z_+0-9]+> '
has current_cpu '^\* vCPU 1  0x[0-9a-f]+ <count_work> .*running'
has at_a_breakpoint '^ +at a breakpoint'
has mode '^long64: long mode, 64-bit code, CPL 0'
has gate 'the handler is executable'
has bad_vector "there is no vector"
has segments '^CS   [0-9a-f]{4}  base 0000000000000000  limit'
has run_time 'run_time_ns'
has clock '^kvmclock '

# a guest that hangs, with nobody to ask but the command line
set -m
"$server" --run --batch "where; why" "$guests/spin.elf" >"$work/batch" 2>/dev/null &
set +m
pid=$!
sleep 1
kill -INT $pid
wait $pid 2>/dev/null
out=$(cat "$work/batch")
has spins '<spin.*IF=0  running'
has no_way_out 'spinning: a loop of 2 instructions .*only NMI or SMI gets it'
has whole_machine 'the only processor that was started is halted or loops'
has why_it_hangs '^vCPU 0: spinning: a loop of 2 instructions'
