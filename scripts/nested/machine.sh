# The emulated machines; sourced, not run.
#
# machine BACKEND VMLINUZ INITRD WORK [KERNEL-ARGUMENT...] boots one and keeps
# running until it is off; its serial line comes out on stdout.
#
#   svm-tcg    QEMU TCG.  One CPU: with two it sometimes resets itself.
#   svm-bochs  Bochs as an AMD Trinity APU
#   vmx        Bochs as an Intel Haswell: VMX with EPT and unrestricted guest.
#              Not a newer model: those tell a TSC rate by CPUID that Bochs
#              does not keep, and guest time then runs 30 times too slowly.
#
# With machine_line=SOCKET set, the machine's second serial line (its ttyS1) is
# on that Unix socket; for Bochs $serial_line names tests/nested/serial_line.
# shellcheck shell=bash disable=SC2154

kernel_arguments="console=ttyS0,115200 panic=-1 mitigations=off nokaslr \
no_timer_check random.trust_cpu=off quiet"

machine()
{
	local backend=$1

	shift
	case $backend in
	svm-tcg) machine_qemu "$@" ;;
	svm-bochs) machine_bochs trinity_apu 80000000 "$@" ;;
	vmx) machine_bochs corei7_haswell_4770 80000000 "$@" ;;
	*) return 2 ;;
	esac
}

# What the programs in it are told, as shell assignments: which machine this is
# and what of the self-probe would end it (Bochs SVM has no guest triple fault
# and does not survive a step that meets a nested page fault).
machine_environment() # BACKEND
{
	echo "export KVM_TEST_BACKEND=$1"
	case $1 in
	svm-tcg)
		echo "export KVMTEST_EMULATOR=tcg"
		echo "export KVMTEST_TIMEOUT=80"
		;;
	*) echo "export KVMTEST_EMULATOR=bochs" ;;
	esac
	case $1 in
	svm-bochs) echo "export KVM_GDBSERVER_PROBE_SKIP=shutdown" ;;
	esac
}

# NESTED_MEMORY (MiB) and NESTED_DISK (a raw file, /dev/vda there) in the
# environment: what a test needs beyond the rest.
machine_qemu() # VMLINUZ INITRD WORK [ARGUMENT...]
{
	local vmlinuz=$1 initrd=$2 line=() disk=()

	shift 3
	[ -z "${machine_line:-}" ] ||
		line=(-serial "unix:$machine_line,server=on,wait=off")
	[ -z "${NESTED_DISK:-}" ] || disk=(-device virtio-blk-pci,drive=disk
		-drive "if=none,id=disk,format=raw,file=${NESTED_DISK//,/,,}")
	exec qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max \
		-smp 1 -m "${NESTED_MEMORY:-768}" -nodefaults -nographic \
		-no-reboot -serial stdio "${line[@]}" "${disk[@]}" \
		-kernel "$vmlinuz" -initrd "$initrd" \
		-append "$kernel_arguments tsc=reliable $*" </dev/null
}

# A CD that boots the kernel.
machine_iso() # VMLINUZ INITRD WORK ARGUMENT...
{
	local vmlinuz=$1 initrd=$2 work=$3 d=$3/cd

	shift 3
	mkdir -p "$d/isolinux"
	cp /usr/lib/ISOLINUX/isolinux.bin \
		/usr/lib/syslinux/modules/bios/ldlinux.c32 "$d/isolinux/"
	cp "$vmlinuz" "$d/vmlinuz"
	cp "$initrd" "$d/initrd"
	printf '%s\n' 'DEFAULT l' 'PROMPT 0' 'LABEL l' ' KERNEL /vmlinuz' \
		' INITRD /initrd' " APPEND $kernel_arguments $*" \
		>"$d/isolinux/isolinux.cfg"
	xorriso -as mkisofs -quiet -o "$work/cd.iso" \
		-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
		-boot-load-size 4 -boot-info-table "$d" >"$work/xorriso.log" \
		2>&1
}

# Debian's Bochs has the debugger in it, which waits for a "c", and needs a
# display: "term" on the pseudo-terminal of script(1).
machine_bochs() # MODEL IPS VMLINUZ INITRD WORK [ARGUMENT...]
{
	local model=$1 ips=$2 vmlinuz=$3 initrd=$4 work=$5
	local share=$bochs/usr/share

	shift 5
	machine_iso "$vmlinuz" "$initrd" "$work" "$*" || return 1
	mkfifo "$work/serial"
	cat >"$work/bochsrc" <<-RC
	config_interface: textconfig
	display_library: term
	romimage: file=$share/bochs/BIOS-bochs-latest
	vgaromimage: file=$share/vgabios/vgabios.bin
	cpu: model=$model, count=1, ips=$ips, reset_on_triple_fault=0, ignore_bad_msrs=1
	megs: 512
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
	boot: cdrom
	com1: enabled=1, mode=file, dev=$work/serial
	clock: sync=none
	log: $work/bochs.log
	panic: action=fatal
	error: action=report
	info: action=report
	debug: action=ignore
	sound: driver=dummy
	RC
	if [ -n "${machine_line:-}" ]; then
		"$serial_line" "$work/ttyS1" "$machine_line" &
		local line=$!
		until [ -e "$work/ttyS1" ]; do sleep 0.1; done
		echo "com2: enabled=1, mode=term, dev=$work/ttyS1" \
			>>"$work/bochsrc"
	fi
	echo c >"$work/debugger"
	# open both ways: neither end then waits for the other
	exec 9<>"$work/serial"
	cat <&9 9>&- &
	local cat=$!
	export TERM=xterm
	bochs_env script -qec "$bochs/usr/bin/bochs-bin -q \
-f $work/bochsrc -rc $work/debugger" "$work/typescript" </dev/null \
		>"$work/screen" 2>&1 9>&-
	sleep 0.2
	kill "$cat" ${line:+"$line"}
}
