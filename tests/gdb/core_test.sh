#!/bin/bash
# Saved crashes: written at a death, shown to gdb and LLDB, with and without
# this program, and on a machine without KVM.
. "$(dirname "$0")/lib.sh"
need_kvm
need gdb
core=$work/core

# A dump without a client, and the same commands on it as on the living.
timeout 60 "$server" --run --smp 2 --on-error "exit,dump=$core" \
	--batch 'why; info registers -a; exits all' "$demo" \
	>"$work/live" 2>"$work/server.log"
equal died_with_status_3 "$?" 3
out=$(cat "$work/server.log")
has tells_how_to_open_it "kvm-gdbserver --core $core"
timeout 60 "$server" --core "$core" --batch \
	'why; info registers -a; exits all' "$demo" \
	>"$work/saved" 2>"$work/server.log"
equal batch_on_a_core "$?" 0
# what a live target offers besides is not said of a saved one
equal says_the_same "$(diff <(sed 's/; `exits kernel on.*//' "$work/live") \
	<(sed 's/; `exits kernel on.*//' "$work/saved"))" ""
out=$(cat "$work/server.log")
has core_verdict 'triple fault'
has core_origin 'saved by kvm-gdbserver .* UTC \(a live KVM guest\)'

serve "$demo" --core "$core"
gdb_say "$demo" <<'END'
target remote SOCK
info threads
backtrace
x/i $pc
print $idtr_limit
print /x *(unsigned char*)0x100000
monitor why
monitor info status
stepi
print $rax = 1
monitor reset
monitor inject nmi
break *0x100000
continue
detach
END
has core_threads '\* 1 .*"vcpu0" \(long64 CPL0'
has core_other_thread '^  2 .*"vcpu1"'
has core_backtrace '#0 .*write_through_stale_pointer \(window='
has core_backtrace_to_main '#2 .*demo_main'
has core_original_stop 'VM status: paused \(shutdown\)'
has core_why '[Tt]riple fault'
has core_step_is_refused 'a saved crash cannot run'
has core_reset_is_refused 'a saved crash cannot be reset'
has core_inject_is_refused 'a saved crash cannot inject|inject.*a saved crash'
has core_breakpoint_is_refused 'Cannot insert breakpoint'

# gdb by itself reads the file, as QEMU's.
gdb_say "$demo" <<END
core-file $core
info threads
backtrace
info registers rip
END
has plain_gdb_backtrace '#0 .*write_through_stale_pointer'
has plain_gdb_threads '^  2 .*LWP 2'

# The file is whole or not there, and an old one stays.
out=$(timeout 60 "$server" --run --batch "dump $core" "$guests/tripled.elf" \
	2>/dev/null)
has dump_keeps_an_old_file 'is there already'
(
	ulimit -f 64
	timeout 60 "$server" --run --batch "dump $work/small" \
		"$guests/tripled.elf"
) >"$work/full" 2>/dev/null
equal full_disk_fails "$?" 1
out=$(cat "$work/full")
has full_disk_says_so 'cannot write .*File too large'
equal full_disk_leaves_nothing "$(ls "$work" | grep -c small)" 0

# A guest that has ended is there to look at.
timeout 60 "$server" --run --batch "dump $work/ended" "$guests/poweroff.elf" \
	>/dev/null 2>&1
equal ended_guest_can_be_saved "$?" 5
stop_server
serve "$guests/poweroff.elf" --core "$work/ended"
gdb_say "$guests/poweroff.elf" <<'END'
target remote SOCK
info registers rip
monitor why
END
has ended_guest_has_registers '^rip +0x'
has ended_guest_says_so 'power-off through isa-debug-exit'
out=$("$server" --core "$work/ended" --batch 'info status' 2>/dev/null)
equal looking_at_it_succeeds "$?" 0
has ended_guest_is_shut_down 'paused \(shutdown\)'

# A planted breakpoint is not in the file.
stop_server
serve "$guests/calls.elf"
gdb_say "$guests/calls.elf" <<END
target remote SOCK
break square
continue
monitor dump $work/planted
disconnect
END
has dump_by_gdb "^$work/planted: 1 vCPU, 128 MiB"
gdb_say "$guests/calls.elf" <<END
core-file $work/planted
compare-sections .text
x/i \$pc
END
has planted_bytes_are_hidden 'Section .text.*: matched'

# Nothing opens /dev/kvm.
hide='mount --bind /dev/null /dev/kvm && exec "$@"'
if unshare -rm bash -c "$hide" - true 2>/dev/null; then
	out=$(unshare -rm bash -c "$hide" - "$server" --core "$core" \
		--batch why 2>&1)
	has works_without_kvm 'triple fault'
else
	echo "skip $program/works_without_kvm: no mount namespaces here"
fi

# What is no core says what it is.
no_core() # NAME REGEX FILE
{
	out=$("$server" --core "$3" --batch why 2>&1)
	has "$1" "$2"
}
head -c 100000 "$core" >"$work/cut"
no_core cut_file 'is cut short: it ends at 0x186a0' "$work/cut"
no_core executable 'no core: e_type is 2' "$demo"
no_core directory 'is no regular file' "$work"
no_core not_there 'No such file' "$work/none"
printf 'KDUMP   \1' >"$work/kdump"
no_core kdump 'kdump-compressed' "$work/kdump"

# LLDB
if command -v lldb >/dev/null; then
	stop_server
	serve_tcp "$demo" --core "$core"
	out=$(timeout -k 5 60 lldb --no-lldbinit -b \
		-o "gdb-remote 127.0.0.1:$port" \
		-o "target modules load --file demo.elf --slide 0" \
		-o "thread list" -o "thread backtrace" \
		-o "process plugin packet monitor why" \
		-o "process continue" "$demo" 2>&1 </dev/null)
	has lldb_stop 'thread #1.*stop reason = .*triple fault'
	has lldb_backtrace 'frame #0: .*write_through_stale_pointer'
	has lldb_threads 'thread #2'
	has lldb_continue_is_refused 'a saved crash cannot run'
	lacks lldb_stays 'lost connection'
else
	echo "skip $program/lldb: lldb is not installed"
fi
