#!/bin/bash
# Catchpoints with real gdb: stops with their text, notes while it runs.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

# The demo guest prints a line, and dies of a page fault that it has no gate
# for; port 0x3f8 is its serial port.
serve "$demo"
gdb_say "$demo" <<'END'
target remote SOCK
monitor catch pio 0x3f8 w before
continue
monitor why
info registers rip
monitor catch action 1 notify
monitor catch pio 0x3f8 w 0x0a
continue
monitor catch
monitor catch delete all
monitor bl
break write_through_stale_pointer
continue
monitor bl
continue
END
has is_set 'catchpoint 1: pio 0x3f8 w before, stop'
has stop_is_told 'catchpoint 1: pio_write at 0x3f8 size 1 val 0x[0-9a-f]+ \(16550 THR\), before'
has gdb_stops 'received signal SIGTRAP'
equal why_repeats "$(sed '/^rip /,$d' <<<"$out" | grep -c ', before')" 2
has notes_come_while_it_runs '^catchpoint 1: pio_write at 0x3f8 size 1 val 0xd'
has after_has_the_value 'catchpoint 2: pio_write at 0x3f8 size 1 val 0xa .*, after the access'
has lists_hits '^2 +1 +stop +pio 0x3f8 w value 0xa after'
has deletes_all '2 catchpoints deleted'
has bl_is_empty 'no breakpoints, watchpoints or catchpoints'
has bl_counts 'software breakpoint\* +hits 1 +0x[0-9a-f]+ <write_through_stale_pointer'
has goes_on_to_its_end 'triple fault'
lacks no_error 'Remote failure|Connection closed|Ignoring packet'

# A catchpoint of the command line waits for the first client.
serve "$demo" --run --catch 'pio 0x3f8 w 0x0a'
wait_for 10 grep -q 'halted at the catchpoint' "$work/server.log"
gdb_say "$demo" <<'END'
target remote SOCK
monitor why
detach
END
has first_client_finds_it 'catchpoint 1: pio_write at 0x3f8 size 1 val 0xa'
