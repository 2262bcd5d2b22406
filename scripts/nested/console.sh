# A guest's serial console, typed at by a script; sourced inside the emulated
# machine (busybox sh).
# shellcheck shell=dash
console_out=/tmp/out

# Start a guest that runs at once, its console on a pipe.
console_start() # KVM-GDBSERVER-OPTION... IMAGE
{
	rm -f /tmp/in $console_out
	mkfifo /tmp/in
	./kvm-gdbserver --run --serial stdio "$@" </tmp/in >$console_out \
		2>/tmp/log &
	console_pid=$!
	exec 3>/tmp/in
	console_at=1
}

# Wait until what came since the last time matches.  Fails when the guest ends.
console_await() # PATTERN
{
	while kill -0 $console_pid 2>/dev/null; do
		if tail -c +$console_at $console_out | grep -aqE "$1"; then
			console_at=$(($(wc -c <$console_out) + 1))
			return
		fi
		sleep 1
	done
	return 1
}

# Each line is typed when the prompt is there.
console_type() # PROMPT LINE...
{
	local prompt="$1"

	shift
	for line; do
		console_await "$prompt" || return
		printf '%s\n' "$line" >&3
	done
}

# Wait for the guest's end; print the console from PATTERN on, and the status.
console_end() # PATTERN
{
	wait $console_pid
	console_status=$?
	sed -n "/$1/,\$p" $console_out | tr -d "\r"
	[ $console_status = 0 ] || tail -n 20 $console_out /tmp/log
	echo "status $console_status"
	return $console_status
}
