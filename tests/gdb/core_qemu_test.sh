#!/bin/bash
# Core files that QEMU's dump-guest-memory writes.
. "$(dirname "$0")/lib.sh"
need gdb
need qemu-system-x86_64
bios=/usr/share/qemu/qboot.rom
[ -r $bios ] || skip_all "no $bios"

# QEMU's monitor on descriptors 5 (its commands) and 6 (its answers)
start_qemu() # OPTIONS...
{
	mkfifo "$work/commands" "$work/answers"
	timeout 60 qemu-system-x86_64 -accel tcg -m 32 -smp 2 -nodefaults \
		-display none -no-reboot -no-shutdown -bios $bios \
		-kernel "$guests/bench_pvh.elf" -monitor stdio "$@" \
		<"$work/commands" >"$work/answers" 2>"$work/server.log" &
	qemu=$!
	exec 5>"$work/commands" 6<"$work/answers"
}

end_qemu()
{
	echo quit >&5
	wait $qemu
	exec 5>&- 6<&-
	rm -f "$work/commands" "$work/answers"
}

# ask COMMAND REGEX: until a line of the answer matches; sets line
ask()
{
	echo "$1" >&5
	while IFS= read -r -t 10 line <&6; do
		[[ $line =~ $2 ]] && return 0
	done
	return 1
}

# In long mode: two flavours of the same moment.
start_qemu
for ((i = 0; i < 100; i++)); do
	ask 'info registers' 'EFER=([0-9a-f]+)' || break
	((0x${BASH_REMATCH[1]} & 0x400)) && break
	sleep 0.1
done
ask stop stop
ask 'info registers' 'RIP=([0-9a-f]+)' && rip=${BASH_REMATCH[1]}
ask 'info registers' 'CR3=([0-9a-f]+)' && cr3=${BASH_REMATCH[1]}
ask "dump-guest-memory $work/phys" dump-guest
ask "dump-guest-memory -p $work/paging" dump-guest
ask 'info version' '^[0-9]'
end_qemu

for flavour in phys paging; do
	out=$("$server" --core "$work/$flavour" \
		--batch 'info registers; why; x/2xb 0x100000; exits' 2>&1)
	has ${flavour}_rip "RIP=$rip"
	has ${flavour}_cr3 "CR3=$cr3"
	has ${flavour}_debug_registers 'DR0-DR7 shown as 0: this file has no debug registers'
	has ${flavour}_tells_what_is_missing 'not in the file: why the guest'
	has ${flavour}_no_exits 'a saved crash has no record of exits'
	has ${flavour}_memory '^0000000000100000: 0x'
done
serve "$guests/bench_pvh.elf" --core "$work/phys"
gdb_say "$guests/bench_pvh.elf" <<'END'
target remote SOCK
info threads
print /x $rip
print $st0
compare-sections .text
END
has gdb_threads '^  2 .*"vcpu1"'
has gdb_rip "^\\\$1 = 0x$(printf %x "0x$rip")\$"
has gdb_fpu_is_unavailable '<unavailable>'
has gdb_memory 'Section .text.*: matched'
stop_server

# At its reset the machine is a 32-bit one.
start_qemu -S
ask "dump-guest-memory $work/reset" dump-guest
ask 'info version' '^[0-9]'
end_qemu
out=$("$server" --core "$work/reset" --batch 'info registers; xp/1xb 0' 2>&1)
has reset_eip 'EIP=0000fff0 '
has reset_cs 'CS =f000 ffff0000'

# A kdump-compressed one is named.
start_qemu -S
ask "dump-guest-memory -z $work/zlib" dump-guest
ask 'info version' '^[0-9]'
end_qemu
out=$("$server" --core "$work/zlib" --batch why 2>&1)
has compressed 'kdump-compressed.*without those options|flattened'
