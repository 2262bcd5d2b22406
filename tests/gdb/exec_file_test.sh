#!/bin/bash
# gdb that was given no file finds the kernel's by itself.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$guests/calls.elf"
gdb_say "" <<'END'
target remote SOCK
info symbol $pc
END
has symbols_by_themselves '^_start in section \.text'

# a flat image has none, but --symbols says where they are
printf '\xf4' >"$work/flat"
serve "$work/flat" --symbols "$guests/calls.elf"
gdb_say "" <<'END'
target remote SOCK
info symbol $pc
monitor where
END
has symbols_of_another_file '^_start in section \.text'
has where_names_them '_start'

serve "$work/flat"
gdb_say "" <<'END'
target remote SOCK
print/x $rip
END
has no_symbols_is_no_trouble '^\$1 = 0x100000'
