#!/bin/bash
# Flat images in every mode, and a PVH kernel's way from 32 to 64 bits.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

# mov $0x1234,%ax; 1: inc %ax; jmp 1b
printf '\xb8\x34\x12\x40\xeb\xfd' >"$work/flat16"
serve "$work/flat16" --mode 16 --load-addr 0x7c00
gdb_say "" <<'END'
target remote SOCK
print/x $rip
print $cr0
stepi
print/x $rax
hbreak *0x7c04
continue
print/x $rax
continue
print/x $rax
delete
break *0x7c03
continue
print/x $rip
info threads
END
has flat16_starts '^\$1 = 0x7c00'
lacks flat16_unprotected '^\$2 = \[.*PE.*\]'
has flat16_step '^\$3 = 0x1234'
has flat16_hbreak '^\$4 = 0x1235'
has flat16_hbreak_again '^\$5 = 0x1236'
has flat16_break '^\$6 = 0x7c03'
has flat16_thread_mode 'real'

# mov $0x12345678,%eax; 1: inc %eax; jmp 1b
printf '\xb8\x78\x56\x34\x12\x40\xeb\xfd' >"$work/flat32"
serve "$work/flat32" --mode 32
gdb_say "" <<'END'
target remote SOCK
print/x $rip
print $cr0
stepi
stepi
print/x $rax
break *0x100006
continue
continue
print/x $rax
info threads
END
has flat32_starts '^\$1 = 0x100000'
has flat32_protected '^\$2 = \[.*PE.*\]'
has flat32_step '^\$3 = 0x12345679'
has flat32_break '^\$4 = 0x1234567b'
has flat32_thread_mode 'prot32'

serve "$guests/bench_pvh.elf"
gdb_say "$guests/bench_pvh.elf" <<'END'
target remote SOCK
print/x $rip
print $efer
info threads
hbreak *in_long_mode
continue
print $efer
info threads
break bench_loop
continue
continue
print $rcx
END
has pvh_starts '^\$1 = 0x100000'
has pvh_not_long_yet '^\$2 = \[ *\]'
has pvh_long '^\$3 = \[ .*LMA.*\]'
has pvh_loop '^\$4 = 1$'
has pvh_thread_mode 'long64'

# The same way in the architecture of each half; the program's own would rule.
serve "$guests/bench_pvh.elf"
gdb_say "$guests/bench_pvh.elf" <<'END'
exec-file
target remote SOCK
exec-file
monitor arch auto
unset tdesc filename
show architecture
x/2i $pc
hbreak in_long_mode
continue
unset tdesc filename
x/i $pc
END
has arch_pvh_hint '`exec-file` alone drops that'
has arch_pvh_32 'currently "i386"'
has arch_pvh_32_disassembly '<_start\+1>:.*,%edi'
has arch_pvh_64_disassembly '<in_long_mode>:.*xor'

# gdb itself follows every change of mode, and says where the pc is an offset.
serve "$guests/modes_flat.bin" --mode 16 --load-addr 0x7c00
printf 'define hook-stop\nunset tdesc filename\nend\n' >"$work/hook"
gdb_say "" <<END
source $work/hook
symbol-file $guests/modes_flat.elf
target remote SOCK
monitor arch auto
hbreak real_function
continue
print/x \$eip
x/i \$cs_base+\$eip
hbreak in_32_bits
continue
stepi
print \$eax
hbreak in_64_bits
continue
stepi
stepi
print/x \$rax
END
has hook_16_offset 'linear address 0x7c2f: pc is an offset into CS, base 0x7c00'
has hook_16_stops '^\$1 = 0x2f'
has hook_16_code '<real_function>:.*inc +%ax'
has hook_32 '^\$2 = 16'
has hook_64 '^\$3 = 0x123456789abcdef0'

# One session in three architectures.  `file` would fix gdb's architecture.
serve "$guests/modes_flat.bin" --mode 16 --load-addr 0x7c00
gdb_say "" <<END
symbol-file $guests/modes_flat.elf
target remote SOCK
monitor arch 31
monitor arch auto
monitor arch linear on
unset tdesc filename
show architecture
x/i \$pc
print \$lstar
hbreak real_function
continue
print/x \$eip
print/x \$esp
x/hx \$esp
stepi
print/x \$ax
print/x \$eip
jump *0x1000000
hbreak in_32_bits
continue
unset tdesc filename
break function_32
continue
x/i \$pc
stepi
stepi
stepi
print/x \$eax
backtrace
hbreak in_64_bits
continue
unset tdesc filename
break function_64
continue
x/i \$pc
stepi
stepi
stepi
print/x \$rax
backtrace
monitor arch
END
has arch_bad_word "'31' is neither auto, 64, 32, 16 nor linear"
has arch_16 'currently "i8086"'
has arch_16_disassembly '<_start>:.*cli'
has arch_16_system_register '^\$1 = 0$'
has arch_16_break 'real_function \(\) at '
has arch_16_linear_pc '^\$2 = 0x7c2f'
has arch_16_linear_sp '^\$3 = 0x8bfe'
has arch_16_stack '0x8bfe:.*0x0014'
has arch_16_step '^\$4 = 0x1235'
has arch_16_step_pc '^\$5 = 0x7c30'
has arch_16_pc_in_segment 'Could not write register "eip"'
has arch_32_disassembly '<function_32>:.*push +%ebp'
has arch_32_step '^\$6 = 0x12345679'
has arch_32_backtrace '#1 .* in_32_bits \(\)'
has arch_64_disassembly '<function_64>:.*push +%rbp'
has arch_64_step '^\$7 = 0x123456789abcdef1'
has arch_64_backtrace '#1 .* in_64_bits \(\)'
has arch_shown 'arch auto, linear on; vCPU 0 runs long64 code'
