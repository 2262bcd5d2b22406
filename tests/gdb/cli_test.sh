#!/bin/bash
# The program without a client: --probe, --batch, and what it says at the start.
. "$(dirname "$0")/lib.sh"
need_kvm

# run ARGS...: output in $out, messages in $messages, status in $status
run()
{
	out=$(timeout 20 "$server" "$@" 2>"$work/server.log" </dev/null)
	status=$?
	messages=$(cat "$work/server.log")
}

said() # NAME REGEX: among the messages
{
	local keep=$out

	out=$messages
	has "$1" "$2"
	out=$keep
}

run --probe
equal probe_status "$status" 0
has probe_table 'planted int3 .*long|planted int3 \(0xcc\)'
has probe_decisions 'software breakpoints: '

run --batch 'info status; info registers'
equal batch_status "$status" 0
has batch_before_the_first_instruction '^RIP=0000000000100000'
said machine_is_named 'demo guest: ELF64, 128 MiB of memory, 1 vCPU$'

run --batch 'info status; no such command; info version' "$demo"
equal batch_failed_command "$status" 1
has batch_goes_on '^kvm-gdbserver|^[0-9]'

run --run --batch 'why' "$guests/tripled.elf"
equal batch_death_is_no_failure "$status" 0
has batch_why 'triple fault'
said batch_verdict 'triple fault'

run --run --on-error exit --batch 'why' "$guests/tripled.elf"
equal batch_on_error_exit "$status" 3

run --run --serial "file:$work/com1" --smp 2 --batch 'info cpus'
has batch_smp 'CPU #1'
out=$(cat "$work/com1")
has batch_serial_file 'hello from CPL0'

"$server" --run --batch 'info status' "$guests/spin.elf" >"$work/spin" \
	2>"$work/server.log" </dev/null &
server_pid=$!
sleep 0.3
kill -TERM $server_pid
wait_for 5 server_gone || fail batch_signal "still there"
wait $server_pid
equal batch_signal_status "$?" 0
server_pid=
out=$(cat "$work/spin")
has batch_signal_runs_the_commands 'VM status: paused'

run --cpu base,+x2apic,-nx --batch 'info status'
equal cpu_spec "$status" 0
run --irqchip none --smp 2 --batch 'info status'
equal irqchip_none_is_for_one "$status" 2
said irqchip_none_says_why 'local APIC'

run --log "$work/log" --batch 'info status'
equal log_file_takes_the_messages "$messages" ''
out=$(cat "$work/log")
has log_file 'demo guest'
run --log /nonexistent/log --batch 'info status'
equal bad_log "$status" 1
said bad_log_is_named '/nonexistent/log'

run --version
has version "^kvm-gdbserver [0-9.]+$"
"$server" --help >/dev/full 2>/dev/null
equal full_disk "$?" 1
