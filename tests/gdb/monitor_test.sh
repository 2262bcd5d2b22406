#!/bin/bash
# monitor commands and QEMU's packets, as people and their scripts use them.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo" --smp 2
gdb_say "$demo" <<'END'
target remote SOCK
monitor help
monitor help why
monitor caps
monitor why
monitor info status
monitor info cpus
monitor info version
monitor info registers
monitor frobnicate
monitor info
maint packet qqemu.sstepbits
maint packet qqemu.sstep
maint packet Qqemu.sstep=1
maint packet Qqemu.sstep=3
maint packet qqemu.PhyMemMode
break touch_window
continue
break count_work
continue
print/x *(unsigned long *)window_page
maint packet Qqemu.PhyMemMode:1
x/xg &window_page
x/xg 0xffff800000000000
maint packet Qqemu.PhyMemMode:0
x/xg 0xffff800000000000
x/xg 0x7fff00000000
END
has help_lists_commands '^ *(monitor )?reset'
has help_of_one 'why'
has caps 'int3|breakpoint'
has status_paused 'VM status: paused'
has cpus 'CPU #0'
has both_cpus 'CPU #1'
has version 'kvm-gdbserver [0-9]+\.[0-9]+'
has registers 'RAX=[0-9a-f]{16} RBX=[0-9a-f]{16}'
has registers_flags 'RFL=[0-9a-f]{8} \['
has segment_line '^CS =0008|^CS =[0-9a-f]{4} [0-9a-f]{16}'
has unknown_command 'frobnicate'
has sstep_bits 'received: "ENABLE=1,NOIRQ=2"'
has sstep_get 'received: "0x3"'
has physical_mode_off 'received: "0"'
has through_identity '= 0x1122334455667788'
has physical_read '<window_page>:.*0x1122334455667788'
equal linear_read "$(grep -c '^0xffff800000000000:.0x1122334455667788' \
	<<<"$out")" 1
has not_mapped 'Cannot access memory at address 0x7fff00000000'
