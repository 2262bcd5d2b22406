# What scripts/guests/run is made of.  Sourced; uses $program, $qemu, $out,
# $work and $cache.
# shellcheck shell=bash disable=SC2154,SC2015,SC2034

# ---- the table ----

trim()
{
	local s=$1

	s=${s#"${s%%[![:space:]]*}"}
	printf '%s' "${s%"${s##*[![:space:]]}"}"
}

# Replace {NAME} by what a line "NAME = WORDS" has said.
expand()
{
	local text=$1

	while [[ $text =~ \{([A-Z_]+)\} ]]; do
		[ -n "${word[${BASH_REMATCH[1]}]+x}" ] || {
			echo "table: no {${BASH_REMATCH[1]}}" >&2
			return 1
		}
		text=${text/"${BASH_REMATCH[0]}"/"${word[${BASH_REMATCH[1]}]}"}
	done
	trim "$text"
}

# read_table FILE: fills names, images, limits, verdicts, ours_args, qemu_args
read_table()
{
	local -A word=()
	local line field

	while IFS= read -r line; do
		[[ $line =~ ^[[:space:]]*(#|$) ]] && continue
		if [[ $line =~ ^([A-Z_]+)\ *=\ *(.*)$ ]]; then
			word[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
			continue
		fi
		mapfile -t -d '|' field < <(printf '%s' "$line")
		[ ${#field[@]} = 6 ] || {
			echo "table: not six fields: $line" >&2
			return 1
		}
		names+=("$(trim "${field[0]}")")
		images+=("$(trim "${field[1]}")")
		limits+=("$(trim "${field[2]}")")
		verdicts+=("$(expand "${field[3]}")") || return 1
		ours_args+=("$(expand "${field[4]}")") || return 1
		qemu_args+=("$(expand "${field[5]}")") || return 1
	done <"$1"
}

# ---- images ----

# The unpacked package, on stdout.  The download is kept.
unpack_package() # NAME
{
	local folder=$cache/$1 deb

	[ -d "$folder/root" ] && echo "$folder/root" && return
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
		echo "needs apt-get and dpkg-deb for the package $1" >&2
		return 1
	}
	mkdir -p "$folder" || return 1
	(cd "$folder" && apt-get -q download "$1") >"$folder/log" 2>&1
	deb=$(find "$folder" -name '*.deb' | head -n 1)
	[ -n "$deb" ] && dpkg-deb -x "$deb" "$folder/new" 2>>"$folder/log" &&
		mv "$folder/new" "$folder/root" || {
		echo "package $1 cannot be downloaded:" \
			"$(tail -n 1 "$folder/log")" >&2
		return 1
	}
	echo "$folder/root"
}

# find_image SOURCE: its path on stdout, or why not on stderr.  SOURCE is
# deb:PACKAGE:PATH or VARIABLE:PATH; what ends with .gz is unpacked.
find_image()
{
	local from=${1%:*} path=${1##*:} folder file

	case $from in
	deb:*) folder=$(unpack_package "${from#deb:}") || return 1 ;;
	*)
		folder=${!from:-}
		[ -n "$folder" ] || {
			echo "set $from to its folder" >&2
			return 1
		}
		;;
	esac
	file=$folder/$path
	[ -r "$file" ] || {
		echo "there is no $file" >&2
		return 1
	}
	if [[ $file == *.gz ]]; then
		gzip -dc "$file" >"$work/$(basename "$file" .gz)" || return 1
		file=$work/$(basename "$file" .gz)
	fi
	echo "$file"
}

# ---- running ----

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# A loaded machine gets more time: as much as there is load for a processor, at
# most four times.
patience() # SECONDS
{
	local load

	read -r load _ </proc/loadavg
	load=$((${load%.*} / $(nproc)))
	echo $(($1 * (load < 1 ? 1 : load > 4 ? 4 : load)))
}

# guest_run LIMIT VERDICT OUT COMMAND...: the guest's serial output goes to
# OUT.  Sets status (124: time is up) and ms.  With VERDICT "text REGEX" ends
# when the output has it.
guest_run()
{
	local limit verdict=$2 to=$3 start pid

	limit=$(patience "$1")
	shift 3
	start=$(now_ms)
	: >"$to"
	: >"$to.err"
	"$@" </dev/null >"$to" 2>"$to.err" &
	pid=$!
	status=
	while :; do
		if ! kill -0 $pid 2>/dev/null; then
			wait $pid
			status=$?
			break
		fi
		if [[ $verdict == text\ * ]] &&
			grep -aqE -- "${verdict#text }" "$to"; then
			status=text
			break
		fi
		if grep -aq '^KVM internal error' "$to.err"; then
			status=died # QEMU stops, and waits
			break
		fi
		if [ $(($(now_ms) - start)) -ge $((limit * 1000)) ]; then
			status=124
			break
		fi
		sleep 0.05
	done
	ms=$(($(now_ms) - start))
	if kill -9 $pid 2>/dev/null; then
		wait $pid 2>/dev/null
	fi
	if [[ $verdict == text\ * ]] &&
		grep -aqE -- "${verdict#text }" "$to"; then
		status=text
	fi
}

# result VERDICT MS OUT CAUSE: one line, tab-separated, with the counts
result()
{
	printf '%s\t%d.%d\t%d/%d/%d\t%s\n' "$1" $(($2 / 1000)) \
		$(($2 % 1000 / 100)) \
		"$(grep -ac '^PASS' "$3")" "$(grep -ac '^FAIL' "$3")" \
		"$(grep -ac '^SKIP' "$3")" "$4"
}

# How a run ended.  With VERDICT "exit", what kvm-unit-tests' programs write to
# isa-debug-exit (lib/x86/io.c and lib/abort.c; the device makes it 2N+1).
exit_word() # STATUS VERDICT
{
	case $2:$1 in
	*:died) echo died ;;
	*:124) echo TIMEOUT ;;
	*:text | exit:1) echo pass ;;
	exit:3) echo FAIL ;;
	exit:77) echo skip ;;
	exit:127) echo ABORT ;;
	*) echo "exit $1" ;;
	esac
}

words() # TEXT: as a shell splits it, one a line
{
	eval "printf '%s\n' $1"
}

run_ours() # NAME IMAGE LIMIT VERDICT ARGS
{
	local to=$out/$1.ours.out log=$out/$1.ours.log args status ms word why

	mapfile -t args < <(words "${5//IMAGE/$2}")
	args+=("unix:$work/$1.sock")
	[[ $5 == *IMAGE* ]] || args+=("$2")
	rm -f "$log"
	guest_run "$3" "$4" "$to" "$program" --run --on-error exit \
		--serial stdio --log "$log" "${args[@]}"
	why=$(sed 's/^[0-9]*\.[0-9]* //' "$log" 2>/dev/null |
		grep -aE '^(vCPU [0-9]+: )?(KVM|triple|every vCPU|hardware)' |
		head -n 1)
	[ "$status" != 3 ] || [ -z "$why" ] || status=died
	word=$(exit_word "$status" "$4")
	[ "$word" != died ] || cat "$log" >>"$to"
	result "$word" "$ms" "$to" "$why"
}

run_qemu() # NAME IMAGE LIMIT VERDICT ARGS
{
	local to=$out/$1.qemu.out args status ms word

	mapfile -t args < <(words "${5//IMAGE/$2}")
	guest_run "$3" "$4" "$to" "$qemu" -enable-kvm -nodefaults \
		-display none -chardev stdio,id=console,mux=on \
		-serial chardev:console "${args[@]}"
	if [ "$status" = 0 ]; then
		word=reset # that is what -no-reboot makes of it
	elif grep -aq '^qemu-system-x86_64: [^w]' "$to.err"; then
		word=refused
	else
		word=$(exit_word "$status" "$4")
	fi
	result "$word" "$ms" "$to" ""
}

# ---- comparing ----

rank() # VERDICT
{
	case $1 in
	pass) echo 5 ;;
	FAIL) echo 4 ;;
	skip) echo 3 ;;
	*) echo 1 ;;
	esac
}

# compare OURS QEMU: same, ahead or behind; alone without QEMU's, broken when
# ours did not even start.  Among equal verdicts fewer FAIL lines count, then
# more PASS lines; of guests that did not reach their end, PASS lines only.
compare()
{
	local mine theirs a b

	case $1:$2 in
	exit\ 2*) echo broken && return ;;
	*:) echo alone && return ;;
	esac
	IFS=$'\t' read -ra mine <<<"$1"
	IFS=$'\t' read -ra theirs <<<"$2"
	a=$(rank "${mine[0]}") b=$(rank "${theirs[0]}")
	if [ "$a" = "$b" ] && [ "$a" -lt 5 ]; then
		IFS=/ read -ra mine <<<"${mine[2]}"
		IFS=/ read -ra theirs <<<"${theirs[2]}"
		# of those that reached their end, the failures count
		[ "$a" = 1 ] || a=$((1000000 - mine[1] * 10000 + mine[0])) \
			b=$((1000000 - theirs[1] * 10000 + theirs[0]))
		[ "$a" != 1 ] || a=${mine[0]} b=${theirs[0]}
	fi
	if [ "$a" -gt "$b" ]; then
		echo ahead
	elif [ "$a" -lt "$b" ]; then
		echo behind
	else
		echo same
	fi
}

result_text() # RESULT
{
	local field

	IFS=$'\t' read -ra field <<<"$1"
	[ -z "${field[0]:-}" ] ||
		printf '%-8s %5ss %s' "${field[0]}" "${field[1]}" "${field[2]}"
}

cause() # RESULT
{
	local field

	IFS=$'\t' read -ra field <<<"$1"
	[ -z "${field[3]:-}" ] || printf ': %s' "${field[3]}"
}
