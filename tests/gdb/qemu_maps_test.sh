#!/bin/bash
# The monitor commands that have QEMU's layouts against QEMU itself: the same
# machine, read by QEMU and by us from QEMU's dump of it, in every paging mode.
. "$(dirname "$0")/lib.sh"
need qemu-system-x86_64
bios=/usr/share/qemu/qboot.rom
[ -r $bios ] || skip_all "no $bios"

# run_qemu MODE COMMAND...: start the guest in that mode, wait until it halts,
# dump it to $work/dump; what each command printed is in $work/N.qemu
run_qemu()
{
	local mode=$1 i

	shift
	mkfifo "$work/commands" "$work/answers"
	timeout 60 qemu-system-x86_64 -accel tcg -cpu max -m 32 -nodefaults \
		-display none -no-reboot -bios $bios -append "$mode" \
		-kernel "$guests/maps_pvh.elf" -monitor stdio \
		<"$work/commands" >"$work/answers" 2>"$work/server.log" &
	qemu=$!
	exec 5>"$work/commands" 6<"$work/answers"
	for ((i = 0; i < 100; i++)); do
		answer 'info registers'
		grep -q 'HLT=1' "$work/answer" && break
		sleep 0.1
	done
	answer stop
	rm -f "$work/dump"
	answer "dump-guest-memory $work/dump"
	for ((i = 1; i <= $#; i++)); do
		answer "${!i}"
		cp "$work/answer" "$work/$i.qemu"
	done
	echo quit >&5
	wait $qemu
	exec 5>&- 6<&-
	rm -f "$work/commands" "$work/answers"
}

# answer COMMAND: what it prints goes to $work/answer, without echo and prompt
answer()
{
	local line

	printf '%s\ninfo status\n' "$1" >&5
	: >"$work/answer"
	while IFS= read -r -t 10 line <&6; do
		line=${line%$'\r'}
		[[ $line == 'VM status:'* ]] && return 0
		[[ $line == *'(qemu)'* || $line == QEMU* ]] && continue
		printf '%s\n' "$line" >>"$work/answer"
	done
	return 1
}

# compare NAME COMMAND FILE: our answer, from the dump, is QEMU's
compare()
{
	"$server" --core "$work/dump" --batch "$2" >"$work/ours" \
		2>"$work/server.log"
	out=$(diff -u "$3" "$work/ours")
	if [ -s "$3" ] && [ -z "$out" ]; then
		pass "$1"
	else
		fail "$1" "not as QEMU: $(grep -m2 '^[-+][^-+]' <<<"$out")"
	fi
}

for mode in 2 p 4; do
	run_qemu $mode 'info mem' 'info tlb'
	compare info_mem_$mode 'info mem' "$work/1.qemu"
	compare info_tlb_$mode 'info tlb' "$work/2.qemu"
done

# Contents, while long mode's dump is there.  (QEMU prints /d of less than 8
# bytes without sign, and four characters for each /c; a format that is not
# given is the last one.)
words=$(nm "$guests/maps_pvh.elf" | sed -n 's/ . words$//p')
commands=("x 0x$words" "xp 0x$words" "x /4xb 0x$words" "x /10xb 0x$words" "x /5xh 0x$words"
	"x /4xw 0x$words" "xp /3xg 0x$words" "x /5ob 0x$words"
	"x /3ow 0x$words" "x /2og 0x$words" "x /6ub 0x$words"
	"x /3uw 0x$words" "x /2dg 0x$words"
	"gva2gpa 0x$words" 'gva2gpa 0xffff800000406123'
	'gva2gpa 0xdead00000000')
run_qemu 4 "${commands[@]}"
for i in "${!commands[@]}"; do
	name=${commands[i]//[^a-z0-9]/_}
	compare "${name//$words/words}" "${commands[i]}" \
		"$work/$((i + 1)).qemu"
done

# Five levels: QEMU's info mem has nothing to say, its info tlb is right.
run_qemu 5 'info tlb'
compare info_tlb_5 'info tlb' "$work/1.qemu"
out=$("$server" --core "$work/dump" --batch 'info mem' 2>&1)
has info_mem_5_low '^0000000000000000-0000000000400000 0000000000400000 -rw'
has info_mem_5_high '^ff..............-ff.............. '
