#!/bin/bash
# pwndbg and bata24's gef, gdb's plug-ins for kernels: they take the server for
# QEMU's.  PWNDBG and GEF say where gdbinit.py and gef.py are.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

# plugin NAME FILE: commands on stdin, PORT in them is the server's
plugin()
{
	serve_tcp "$guests/calls.elf"
	gdb_args "$guests/calls.elf" < <(sed "s|PORT|$port|g")
	out=$(timeout -k 5 200 gdb -ex "source $2" "${args[@]}" 2>&1 \
		</dev/null | sed 's/\x1b\[[0-9;]*[mHJ]//g')
}

if [ -z "${PWNDBG:-}" ]; then
	echo "skip $program/pwndbg: PWNDBG does not name its gdbinit.py"
else
	plugin pwndbg "$PWNDBG" <<-'END'
	set kernel-vmmap monitor
	target remote 127.0.0.1:PORT
	break update
	continue
	context
	vmmap
	search needle
	telescope $rsp 2
	break square
	continue
	nexti
	finish
	END
	has pwndbg_context 'RIP +0x100040 \(update\)'
	has pwndbg_disassembly '0x100040 +<update> +push +rbp'
	has pwndbg_vmmap '0x0 +0x100000000 rwxp'
	has pwndbg_search '0x1000a2 .*needle'
	has pwndbg_telescope 'rsp .*0x10007d \(go_round\+17\)'
	has pwndbg_break 'Breakpoint 2, square \(n=1\)'
	has pwndbg_finish 'in update \(round=1\)'
	lacks pwndbg_no_exception 'Exception occurred'
fi

if [ -z "${GEF:-}" ]; then
	echo "skip $program/gef: GEF does not name bata24's gef.py"
else
	plugin gef "$GEF" <<-'END'
	gef config gef.disable_color True
	target remote 127.0.0.1:PORT
	break update
	continue
	context
	pagewalk
	v2p $rip
	p2v 0x100000
	qreg -v
	stepi
	telescope $rsp 2
	break square
	continue
	finish
	END
	has gef_context '^\$rip +: 0x0000000000100040 <update>'
	has gef_pagewalk '^0x0+-0x0000000100000000 .*RWX KERN'
	has gef_v2p 'Virt: 0x100040 -> Phys: 0x100040'
	has gef_p2v 'Phys: 0x100000 -> Virt: 0x100000'
	has gef_registers 'GDT Entry: base:0x1000 / limit:0x2f'
	has gef_step '0x0000000000100041'
	has gef_telescope '<go_round\+0x11>'
	has gef_break 'Breakpoint 2, square \(n=(0x)?1\)'
	has gef_finish 'in update \(round=(0x)?1\)'
	lacks gef_no_exception 'Traceback|Exception raised'
fi
