#!/bin/bash
# What is refused is refused in words: options, images, descriptions.
. "$(dirname "$0")/lib.sh"
need_kvm

# refused NAME REGEX ARGS...: not status 0, and stderr says this
refused()
{
	local name=$1 pattern=$2 status

	shift 2
	out=$(timeout 20 "$server" "$@" 2>&1 </dev/null)
	status=$?
	if [ $status = 0 ] || [ $status -ge 124 ]; then
		fail "$name" "exit status $status"
	else
		has "$name" "$pattern"
	fi
}

comm=unix:$work/s
refused no_arguments 'COMM'
refused unknown_option 'no-such-option' --no-such-option "$comm"
refused bad_memory 'memory.*banana|banana' -m banana "$comm" "$demo"
refused no_memory '0' -m 0 "$comm" "$demo"
refused bad_smp 'smp.*0|0.*(smp|vCPU)' --smp 0 "$comm" "$demo"
refused huge_smp '100000' --smp 100000 "$comm" "$demo"
refused bad_cpu 'pdpe1gb' --cpu auto,+pdpe1gbx "$comm" "$demo"
refused bad_irqchip 'irqchip.*(kernel|split|none)' --irqchip foo "$comm" \
	"$demo"
refused bad_serial 'serial' --serial foo "$comm" "$demo"
refused bad_mode '16.*32.*64' --mode 7 "$comm" "$demo"
refused bad_comm 'nonsense' nonsense "$demo"
refused bad_port '99999' :99999 "$demo"
refused no_such_image 'No such file' "$comm" /nonexistent
refused bad_on_error 'halt.*exit' --on-error foo "$comm" "$demo"

printf 'MZ nothing' >"$work/junk"
dd if=/dev/zero of="$work/empty" count=0 status=none
refused empty_image 'empty' "$comm" "$work/empty"
head -c 100 "$demo" >"$work/cut"
refused cut_elf 'cut' "$comm" "$work/cut"
cp "$demo" "$work/far"
# e_phoff far outside of the file
printf '\377\377\377\377\377\377\377\177' |
	dd of="$work/far" bs=1 seek=32 conv=notrunc status=none
refused phoff_outside 'far.*(program header|phoff)' "$comm" "$work/far"
refused directory_image 'directory' "$comm" "$work"

mkdir "$work/td"
cp xml/*.xml "$work/td/"
printf '<?xml version="1.0"?>\n<feature name="org.kvm-gdbserver.system">\n  <reg name="rax"\n</feature>\n' \
	>"$work/td/64bit-system.xml"
refused bad_xml '64bit-system.xml:4(:|.*column)' --tdesc "$work/td" "$comm" \
	"$demo"
cp xml/64bit-system.xml "$work/td/"
sed -i 's/name="cr3"/name="cr33"/' "$work/td/64bit-system.xml"
refused unknown_register '64bit-system.xml:[0-9]+.*cr33' --tdesc "$work/td" \
	"$comm" "$demo"
rm "$work/td/64bit-core.xml"
refused missing_xml '64bit-core.xml' --tdesc "$work/td" "$comm" "$demo"
refused no_tdesc_dir 'nowhere' --tdesc /nowhere "$comm" "$demo"

out=$("$server" --version)
has version '^kvm-gdbserver [0-9]+\.[0-9]+'
out=$("$server" --help)
has help '^ *.*COMM'
has help_options '--irqchip'
