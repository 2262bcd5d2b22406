# Other KVM back ends than this machine's: the KVM tests, linked statically, on
# the real kvm_intel and kvm_amd inside emulated machines (scripts/nested).
#
#   make check-vmx     kvm_intel under Bochs
#   make check-svm     kvm_amd under QEMU TCG and under Bochs
#   make check-backends  all of them and this machine's own, in one table
#
# Debian has no static Zydis, so these are built without it.
# KVM_GDBSERVER_CACHE says where Debian's kernel and Bochs are kept.

S := $(OUT)/$(VARIANT)-static
STATIC_TEST_SRC := $(wildcard tests/kvm/*_test.c) tests/nested/raw_test.c
STATIC_TEST_BIN := $(addprefix $(S)/tests/,$(notdir $(STATIC_TEST_SRC:.c=)))
NESTED_OUT := $(OUT)/nested

$(S)/tests/%_test: $(B)/obj/tests/kvm/%_test.o $(TEST_LIB_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ $(LDLIBS)

$(S)/tests/raw_test: $(B)/obj/tests/nested/raw_test.o $(B)/obj/tests/test.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ $(LDLIBS)

$(S)/poweroff: $(B)/obj/tests/nested/poweroff.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^

$(S)/serial_line: $(B)/obj/tests/nested/serial_line.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(S)/kvm-gdbserver: $(MAIN_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ $(LDLIBS)

$(S)/boot-small: scripts/nested/boot-small
	@mkdir -p $(@D)
	$(Q)cp $< $@

# what the emulated machine gets as its working folder
.PHONY: static
static: $(STATIC_TEST_BIN) $(S)/poweroff $(S)/boot-small $(if $(wildcard vmm/main.c),\
	$(S)/kvm-gdbserver)
	@$(if $(SAN),echo "sanitizers cannot be linked statically"; exit 1)

CHECK_vmx := vmx
CHECK_svm := svm-tcg svm-bochs
CHECK_backends := native vmx svm-tcg svm-bochs

# The small Linux of scripts/linux, for the emulated machines; without it (the
# packages may not be had) its test skips.
.PHONY: small-linux
small-linux:
	@scripts/setup linux
	@rm -rf $(S)/small
	@mkdir -p $(S)
	@dir=$$(scripts/linux/build-small | tail -n 1) && mkdir $(S)/small && \
		cp "$$dir/initrd.cpio" $(S)/small/ && \
		strip -g -o $(S)/small/vmlinux "$$dir/vmlinux" || \
		{ rm -rf $(S)/small; echo "no small Linux: $$dir"; }

.PHONY: check-vmx check-svm check-backends
check-vmx check-svm check-backends: check-%:
	@scripts/setup nested
	@$(MAKE) --no-print-directory ZYDIS= static
	@$(MAKE) --no-print-directory small-linux
	@scripts/nested/check $(S) $(NESTED_OUT) $(CHECK_$*)

# Real Linux kernels: Debian's, natively as far as this machine's KVM carries
# it, and to user space and power-off on kvm_amd and kvm_intel.
#
#   make check-linux   LINUX_BACKENDS="svm-tcg" (default), "vmx"
LINUX_BACKENDS ?= svm-tcg
L := $(OUT)/$(VARIANT)-linux

$(S)/hello_init: $(B)/obj/tests/nested/hello_init.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^

.PHONY: check-linux
check-linux:
	@scripts/setup nested
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory ZYDIS= $(S)/kvm-gdbserver $(S)/poweroff \
		$(S)/hello_init
	@scripts/nested/check-linux $(OUT)/kvm-gdbserver $(S) $(NESTED_OUT) \
		$(LINUX_BACKENDS)

# A Debian root file system, made by debootstrap, boots to a login on kvm_amd,
# and its kernel is debugged by name and line on this machine's own KVM.  The
# disk is made once, as root, and kept in the cache.  Five to fifteen minutes.
.PHONY: check-debian
check-debian:
	@scripts/setup debian
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory ZYDIS= $(S)/kvm-gdbserver $(S)/poweroff
	@scripts/nested/check-debian $(OUT)/kvm-gdbserver $(S) $(NESTED_OUT)

# A small Linux with its DWARF and its own gdb commands under real gdb: natively,
# and on kvm_amd and kvm_intel in emulated machines.  Half an hour at most.
#
#   make check-linux-debug   LINUX_DEBUG="boot kaslr module" (default)
LINUX_DEBUG ?= boot kaslr module

.PHONY: check-linux-debug
check-linux-debug:
	@scripts/setup nested
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory ZYDIS= $(S)/poweroff $(S)/serial_line
	@NESTED_STATIC=$(S) scripts/linux/check-debug $(OUT)/kvm-gdbserver \
		$(OUT)/linux-debug $(LINUX_DEBUG)
