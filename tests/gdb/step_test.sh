#!/bin/bash
# Steps and interrupts: none by default, and no trap flag left behind when the
# user asks for them.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo"
gdb_say "$demo" <<'END'
target remote SOCK
break touch_window
continue
delete
shell sleep 0.1
stepi
stepi
info symbol $pc
maint packet Qqemu.sstep=1
shell sleep 0.1
stepi
info symbol $pc
hbreak start_other_cpus
continue
print $eflags
delete
continue
backtrace 1
END
has no_interrupt_by_default '^touch_window \+ 4 in section \.text'
has interrupt_when_asked '^timer_entry'
has no_trap_flag_left '^\$1 = \[ [A-SU-Z ]*IF \]'
lacks no_trap_flag_in_it '^\$1 = .* TF '
has lives_on_to_its_own_end '#0 .*write_through_stale_pointer'

# breakpoints on neighbouring bytes, only the second one reached: gdb must not
# take the stop for one at the first and move the program counter back
serve "$guests/spin.elf"
gdb_say "$guests/spin.elf" <<'END'
target remote SOCK
break *spin-1
break *spin
continue
print/x $rip
stepi
print/x $rip
detach
END
has neighbour_breakpoint 'Breakpoint 2, _start'
has pc_is_not_moved '^\$1 = 0x10000b'
has steps_from_there '^\$2 = 0x10000e'

# a reset loads the image over planted bytes: they must be planted again
serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<'END'
target extended-remote SOCK
break square
continue
run
delete
detach
END
equal survives_reset "$(grep -c 'Breakpoint 1, square (n=1)' <<<"$out")" 2
