#!/bin/bash
# Firmware from the reset vector, and what it boots.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb
bios=/usr/share/seabios/bios-256k.bin
[ -r $bios ] || skip_all "no $bios (Debian's seabios package)"

# a boot sector: BOOT by int 10h, then outb $2,$0xf4
printf '\xb4\x0e\xb0B\xcd\x10\xb0O\xcd\x10\xb0O\xcd\x10\xb0T\xcd\x10\xb0\x02\xe6\xf4\xf4' \
	>"$work/disk"
truncate -s 510 "$work/disk"
printf '\x55\xaa' >>"$work/disk"
truncate -s 1M "$work/disk"

serve "" --bios $bios --disk "$work/disk,ro" --serial "file:$work/com1" \
	--debugcon "file:$work/debug"
gdb_say "" <<'END'
target remote SOCK
print/x $rip
print/x $cs_base
x/5xb 0xfffffff0
stepi
print/x $cs_base
hbreak *0x7c00
continue
print/x $rip
x/2xb 0x7c00
monitor mode
delete
continue
END
has starts_at_the_reset_vector '^\$1 = 0xfff0'
has reset_vector_base '^\$2 = 0xffff0000'
has reset_vector_code '0xfffffff0:.*0xea'
has far_jump_to_low_rom '^\$3 = 0xf0000'
has reaches_the_boot_sector '^\$4 = 0x7c00'
has boot_sector_in_memory '0x7c00:.*0xb4.*0x0e'
has boots_in_real_mode '^real'
has guest_ended_itself 'exited with code 05'
out=$(cat "$work/com1")
has boot_sector_talks 'BOO'
out=$(cat "$work/debug")
has finds_the_disk 'virtio-mmio: d0000000: device id 2'
has finds_acpi 'ACPI: parse DSDT'
