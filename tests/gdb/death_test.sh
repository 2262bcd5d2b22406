#!/bin/bash
# How a guest ends, as gdb shows it: triple fault, power-off, kill.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$guests/tripled.elf"
gdb_say "$guests/tripled.elf" <<'END'
target remote SOCK
continue
print/x $rbx
x/i $pc
backtrace
monitor why
continue
stepi
info registers rip
monitor reset
maint flush register-cache
info registers rip
print/x $rbx
continue
monitor reset
stepi
info registers rip
stepi
info registers rip
detach
END
has sigsegv 'Program received signal SIGSEGV'
has story_says_triple_fault '[Tt]riple fault'
has story_has_registers 'RIP=0000000000[0-9a-f]+ RFL='
has story_has_code 'Code=.*<0f> 0b'
has at_the_instruction 'ud2'
has registers_after_death '^\$1 = 0x5ca1ab1e$'
has resume_refused 'monitor reset|cannot run|dead|shut down'
equal reset_goes_back "$(grep -c 'rip *0x100000 ' <<<"$out")" 2
has then_it_steps 'rip +0x10000[1-9]'
equal dies_again "$(grep -c 'received signal SIGSEGV' <<<"$out")" 2

serve "$guests/poweroff.elf"
gdb_say "$guests/poweroff.elf" <<'END'
target remote SOCK
continue
END
has exit_status 'exited with code 05'

serve "$demo" --smp 2
gdb_say "$demo" <<'END'
target remote SOCK
continue
backtrace
print $idtr_limit
x/i $pc
END
has demo_dies_on_the_right_vcpu 'Thread 1 "vcpu0" received signal SIGSEGV'
has demo_backtrace_0 '#0 .*write_through_stale_pointer \(window='
has demo_backtrace_1 '#1 .*tear_down'
has demo_backtrace_2 '#2 .*demo_main'
has demo_story '[Tt]riple fault'
out=$(cat "$work/serial")
has demo_serial 'hello from CPL0'
has demo_smp '2 processor\(s\) at work'

serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<'END'
target remote SOCK
kill
END
if wait_for 5 server_gone; then
	pass kill_ends_server
else
	fail kill_ends_server "the server is still there 5 s after k"
fi
