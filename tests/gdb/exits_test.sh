#!/bin/bash
# "Who touches this device register?", from gdb.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb

serve "$demo" --recorder 300
gdb_say "$demo" <<END
target remote SOCK
hbreak tear_down
continue
monitor exits 3 16550 w
monitor pio 0x3fd r
monitor exits summary
monitor exits htl
monitor exits save $work/trace.json
monitor log vm
stepi
monitor exits 2
END
has a_line '^ *[0-9]+\.[0-9]{6}: kvm_pio: pio_write at 0x3f8 size 1 count 1 val 0x[0-9a-f]+ \| rip 0x[0-9a-f]+ cr3 0x[0-9a-f]+ 16550 THR in [a-z_]+\+0x[0-9a-f]+$'
has reads_of_one_register '0x3fd .* 16550 LSR in '
has summary_reasons '^KVM_EXIT_IO +[0-9]+ +[0-9.]+% +[0-9]+/s'
has summary_places '/s  0x[0-9a-f]+ [a-z_]+\+0x'
has summary_registers '/s  pio  w 0x3f8 16550 THR$'
has losses 'older exits are overwritten \(--recorder N keeps more than 300 '
has bad_word "'htl' is no kind of exit.*did you mean hlt"
has saved 'trace.json: 300 events'
has log_of_the_vm 'vcpu0: KVM_SET_CPUID2 [0-9]+ entries = 0'
has a_step 'reason KVM_EXIT_DEBUG \(4\)'
if command -v python3 >/dev/null; then
	equal json "$(python3 -c 'import json, sys
t = json.load(open(sys.argv[1]))["traceEvents"]
print(len([e for e in t if e["ph"] == "i" and "rip" in e["args"]]))' \
		"$work/trace.json" 2>&1)" 300
else
	echo "skip $program/json: python3 is not installed"
fi
