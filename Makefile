# kvm-gdbserver: one Makefile, no recursion.
#
#   make            build/kvm-gdbserver and the demo guest
#   make demo       set up, build, show a real gdb session
#   make check      every test; ends with "N passed, N failed, N skipped"
#   make check-gdb-testsuite
#                   gdb's own test suite with this program as its target
#                   (QEMU=kvm or tcg: and with QEMU, to compare)
#   make bench      measure against a raw KVM_RUN loop and QEMU
#   make check-guests  other people's kernels here and on QEMU
#   make fuzz       fuzz every parser for FUZZ_SECONDS each
#   make install    PREFIX, DESTDIR (and uninstall)
#   make lint       layers, headers, format and size, without building
#   make format     clang-format everything
#
# What is missing to build (or show, or test) is installed first by
# scripts/setup, or it says what to install.
#
# Variants: CC=clang, SAN=address,undefined, SAN=thread, V=1 (show commands).

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR
SHELL := /bin/bash

CC := gcc
VERSION := 0.1.0
PREFIX ?= /usr/local
SAN ?=
comma := ,
# The instruction decoder is optional: without it instructions show as bytes.
# `make ZYDIS=` builds without it though it is there.
ifeq ($(origin ZYDIS),undefined)
ZYDIS := $(shell echo '\#include <Zydis/Zydis.h>' | gcc -E -x c - >/dev/null 2>&1 \
	&& echo 1)
endif
VARIANT := $(CC)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
OUT := build
B := $(OUT)/$(VARIANT)$(if $(ZYDIS),,-nozydis)
Q := $(if $(V),,@)

CPPFLAGS := -I. -I$(B) -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	$(if $(ZYDIS),-DHAVE_ZYDIS)
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wpointer-arith -Wno-unused-parameter \
	-Wno-gnu-variable-sized-type-not-at-end
WERROR ?= -Werror
ALL_CFLAGS := -std=gnu11 $(WARN) $(WERROR) -fno-common -fno-strict-aliasing \
	-pthread $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDLIBS := -lexpat -pthread $(if $(ZYDIS),-lZydis)
LDFLAGS += $(if $(SAN),-fsanitize=$(SAN))

LAYERS := base arch xml stub vmm
LIB_SRC := $(filter-out vmm/main.c,$(foreach d,$(LAYERS),\
	$(wildcard $(d)/*.c $(d)/*/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
LIB := $(B)/libkvmgdb.a
MAIN_OBJ := $(B)/obj/vmm/main.o
LIB_OBJ += $(B)/obj/vmm/demo_image.o $(B)/obj/xml/embed.o

TEST_SRC := $(wildcard $(foreach d,$(LAYERS) kvm,tests/$(d)/*_test.c))
TEST_BIN := $(TEST_SRC:tests/%.c=$(B)/tests/%)
# shared test code: harness and the helpers each folder may bring
TEST_LIB_SRC := tests/test.c $(filter-out %_test.c,\
	$(wildcard $(foreach d,$(LAYERS) kvm,tests/$(d)/*.c)))
TEST_LIB_OBJ := $(TEST_LIB_SRC:%.c=$(B)/obj/%.o)

# Guests: freestanding, integer-only, ELF64 at 1 MiB.  Each file of
# tests/guests is a guest of its own; those with a PVH note link by pvh.ld, and
# *_flat.S are raw bytes for 0x7c00 (.bin) beside their symbols (.elf).
GUEST_CC := gcc
GUEST_CFLAGS := -std=gnu11 -Og -g -gdwarf-4 -Wall -Wextra -Werror \
	-ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pie \
	-fcf-protection=none -fno-stack-protector -fno-omit-frame-pointer \
	-fasynchronous-unwind-tables
GUEST_LD := ld -nostdlib -static -z max-page-size=4096 --build-id=none
G := $(OUT)/guests
DEMO_SRC := $(wildcard tests/guests/demo/*.[cS])
DEMO_OBJ := $(DEMO_SRC:tests/guests/%=$(G)/%.o)
GUEST_SRC := $(wildcard tests/guests/*.[cS])
GUEST_ELF := $(addprefix $(G)/,$(addsuffix .elf,\
	$(basename $(notdir $(GUEST_SRC)))))
GUEST_BIN := $(patsubst tests/guests/%.S,$(G)/%.bin,\
	$(wildcard tests/guests/*_flat.S))

.PHONY: all
all: $(OUT)/kvm-gdbserver $(OUT)/demo.elf

# Once in a build tree: is the compiler there, and what it needs?
SETUP := $(OUT)/.setup-build
$(SETUP):
	@scripts/setup build
	@mkdir -p $(@D) && touch $@

$(OUT)/kvm-gdbserver: $(B)/kvm-gdbserver
	$(Q)cp $< $@

$(B)/kvm-gdbserver: $(MAIN_OBJ) $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/obj/%.o: %.c | $(SETUP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# the demo guest's image inside the program
$(B)/obj/vmm/demo_image.o: vmm/demo_image.S $(OUT)/demo.elf
	@mkdir -p $(@D)
	$(Q)$(CC) -DDEMO_ELF='"$(OUT)/demo.elf"' -c -o $@ $<

# the feature files of the target description inside the program
$(B)/obj/xml/embed.o: xml/embed.S $(wildcard xml/*.xml)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

$(OUT)/demo.elf: $(DEMO_OBJ) tests/guests/guest.ld
	@echo "  GUEST $@"
	$(Q)$(GUEST_LD) -T tests/guests/guest.ld -o $@ $(DEMO_OBJ)

$(G)/%.elf: $(G)/%.c.o tests/guests/guest.ld
	$(Q)$(GUEST_LD) -T tests/guests/guest.ld -o $@ $<

$(G)/%_pvh.elf: $(G)/%_pvh.S.o tests/guests/pvh.ld
	$(Q)$(GUEST_LD) -T tests/guests/pvh.ld -o $@ $<

$(G)/%_flat.elf: $(G)/%_flat.S.o
	$(Q)$(GUEST_LD) -N --no-warn-rwx-segments -Ttext=0x7c00 -o $@ $<

$(G)/%.bin: $(G)/%.elf
	$(Q)objcopy -O binary -j .text $< $@

$(G)/%.elf: $(G)/%.S.o tests/guests/guest.ld
	$(Q)$(GUEST_LD) -T tests/guests/guest.ld -o $@ $<

$(G)/%.c.o: tests/guests/%.c | $(SETUP)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

$(G)/%.S.o: tests/guests/%.S | $(SETUP)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -g -MMD -MP -c -o $@ $<

.PHONY: guests
guests: $(GUEST_ELF) $(GUEST_BIN) $(OUT)/demo.elf

$(B)/tests/%_test: $(B)/obj/tests/%_test.o $(TEST_LIB_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: tests
tests: $(TEST_BIN)

.PHONY: unit
unit: $(TEST_BIN)
	$(Q)for t in $(TEST_BIN); do $$t || true; done

# Fuzz targets: libFuzzer's main when the variant has it, else a small driver.
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%_fuzz.c=$(B)/fuzz/%)
FUZZ_MAIN := $(if $(findstring fuzzer,$(SAN)),,$(B)/obj/tests/fuzz/driver.o)
FUZZ_LDFLAGS := $(if $(findstring fuzzer,$(SAN)),-fsanitize=fuzzer)

# what fuzz targets above the target interface stand on
FUZZ_FAKE := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/stub/fake_*.c))

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%_fuzz.o $(FUZZ_FAKE) $(FUZZ_MAIN) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(FUZZ_LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: fuzz-targets fuzz
fuzz-targets: $(FUZZ_BIN)

FUZZ_SECONDS ?= 300
fuzz:
	@scripts/setup check
	@scripts/fuzz $(FUZZ_SECONDS)

# A program of tests/bench: the client that measures.
BENCH_SRC := $(wildcard tests/bench/*.c)
BENCH_OBJ := $(BENCH_SRC:%.c=$(B)/obj/%.o)

$(B)/bench: $(BENCH_OBJ) $(LIB)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: bench
bench:
	@scripts/setup bench
	@$(MAKE) -s --no-print-directory all guests $(B)/bench
	@$(B)/bench $(OUT)/kvm-gdbserver $(G)/bench_pvh.elf \
		$$(nm $(G)/bench_pvh.elf | sed -n "s/ . bench_loop$$//p")

.PHONY: demo
demo:
	@scripts/setup demo
	@$(MAKE) -s --no-print-directory all
	@scripts/demo

.PHONY: check
check:
	@scripts/setup check
	@MAKE="$(MAKE)" scripts/check

# Other people's kernels, beside QEMU: GUESTS='dummy xen*' chooses, see
# scripts/guests/run.
.PHONY: check-guests
check-guests:
	@scripts/setup guests
	@$(MAKE) -s --no-print-directory all
	@scripts/guests/run $(OUT)/kvm-gdbserver $(OUT)/guests $(GUESTS)

.PHONY: check-gdb-testsuite
check-gdb-testsuite:
	@scripts/setup gdb-testsuite
	@$(MAKE) -s --no-print-directory all
	@scripts/gdb-testsuite/check $(if $(QEMU),-q $(QEMU)) $(OUT)/kvm-gdbserver \
		$(OUT)/gdb-testsuite

.PHONY: lint
lint:
	@scripts/run-tests scripts/check-layers scripts/check-headers \
		scripts/check-style

DESTDIR ?=
BINDIR := $(DESTDIR)$(PREFIX)/bin
MANDIR := $(DESTDIR)$(PREFIX)/share/man/man1
.PHONY: install uninstall
install: all
	install -d $(BINDIR) $(MANDIR)
	install -m 755 $(OUT)/kvm-gdbserver $(BINDIR)/kvm-gdbserver
	install -m 644 kvm-gdbserver.1 $(MANDIR)/kvm-gdbserver.1

uninstall:
	rm -f $(BINDIR)/kvm-gdbserver $(MANDIR)/kvm-gdbserver.1

.PHONY: format
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: clean
clean:
	rm -rf $(OUT)

.SECONDARY:
include scripts/nested.mk

-include $(shell find $(B)/obj $(G) -name '*.d' 2>/dev/null)
