#!/bin/bash
# Page walks, maps, contents and devices through gdb's monitor.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo"
gdb_say "$demo" <<'END'
target remote SOCK
break count_work
continue
monitor walk 0xffff800000000000 w
monitor walk 0x7fff00000000
monitor gva2gpa 0xffff800000000000
monitor gpa2gva &window_page
monitor gpa2gva window_page
monitor maps
monitor info mem
monitor info tlb 0xffff800000000000+4K
monitor x/2i $pc
monitor x /1xg 0xffff800000000000
monitor xp/1xg window_page
monitor xp 0xfee00020
monitor iobus
monitor info mtree
monitor search 0xffff800000000000+4K -g 0x1122334455667788
monitor search 0-64M -g 0x1122334455667788
END
has walk_head '^kvm_mmu_pagetable_walk: addr ffff800000000000 pferr 2 W$'
has walk_entry '^kvm_mmu_paging_element: pte [0-9a-f]+ level 1$'
has walk_says_where '^  PTE\[0\] at 0x[0-9a-f]+: P RW.* so far rw'
has walk_verdict '^the supervisor write reaches physical 0x[0-9a-f]+, RAM'
has walk_error '^kvm_mmu_walker_error: pferr 0$'
has walk_advice '^#PF\(0x0\) with CR2=0x7fff00000000: nothing is mapped there'
has gva2gpa '^gpa: 0x[0-9a-f]+$'
has gpa2gva_usage "'&window_page': a number"
has gpa2gva '^0xffff800000000000 rw'
has maps '^0xffff800000000000-0xffff800000000fff rw.. +1 x 4K +WB'
has info_mem '^ffff800000000000-ffff800000001000 0000000000001000 .rw$'
has info_tlb '^ffff800000000000: [0-9a-f]{16} .........$'
has instructions '^0x[0-9a-f]{8}:  [0-9a-f ]+ [a-z]+'
has x_linear '^ffff800000000000: 0x1122334455667788$'
has xp_physical '^[0-9a-f]{16}: 0x1122334455667788$'
has devices_are_left_alone "a register of KVM's own lapic"
has iobus_counts '^port 0x03f8-0x03ff +16550 +[1-9][0-9]* reads, [1-9]'
has mtree '^    0000000000000000-[0-9a-f]{16} \(prio 0, ram\): '
has search_linear '^0xffff800000000000 \(physical 0x[0-9a-f]+\)$'
has search_count '^1 found in 4096 bytes of memory$'
