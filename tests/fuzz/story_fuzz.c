/*
 * Why did it die?  Any registers, any memory and any exit give a story: no
 * crash, no endless chain, one line of verdict.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "arch/diag/story.h"

#define RAM_SIZE 0x8000u /* the input, repeated */

static uint8_t ram[RAM_SIZE];

static bool read_ram(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	if (!range_ok(0, RAM_SIZE, gpa, len))
		return err_set_fault(err, gpa, "no memory");
	memcpy(buf, ram + gpa, len);
	return true;
}

static bool read_msr(void *ctx, uint32_t index, uint64_t *value)
{
	*value = index;
	return index & 1;
}

/* Registers that lead into the memory more often than not. */
static void make_state(const uint8_t *data, size_t size, struct x86_state *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s, data, min_u64(size, sizeof(*s)));
	s->cr3 &= RAM_SIZE - 1;
	s->idt.base &= RAM_SIZE - 1;
	s->gdt.base &= RAM_SIZE - 1;
	s->seg[X86_TR].base &= RAM_SIZE - 1;
	s->rip &= RAM_SIZE - 1;
	s->idt.limit &= 0xffff;
	s->gdt.limit &= 0xffff;
	s->run_state = X86_RUNNABLE;
	s->pdptr_valid = false;
	/* booleans have to be 0 or 1 */
	s->event = (struct x86_events){
		.exception_injected = data[2] & 1,
		.exception_has_error = data[2] & 2,
		.exception_nr = data[3],
		.exception_error = data[4],
		.interrupt_injected = data[2] & 4,
		.interrupt_nr = data[5],
	};
}

static void make_exit(const uint8_t *data, size_t size, struct exit_info *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e, data, min_u64(size, sizeof(*e)));
	e->vendor = (enum exit_vendor)((unsigned int)e->vendor % 3);
	e->insn_len %= EXIT_MAX_INSN + 1;
	if (data[0] & 1)
		e->reason = data[0] & 2 ? EXIT_SHUTDOWN : EXIT_INTERNAL_ERROR;
	e->run_errno = data[0] & 4 ? 0 : e->run_errno & 0x7f;
	e->suberror &= 3;
	e->has_regs = true;
	e->state_reset = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct story_ops ops = {.msr = read_msr};
	const struct phys_reader mem = {read_ram, NULL};
	struct x86_host host = {.runs_cpl0_natively = size & 1};
	struct x86_cpu_info cpu = {.maxphyaddr = 40, .nx = true};
	struct story_out out = {0};
	struct x86_view view;
	struct x86_state s;
	struct exit_info e;
	struct decoded insn;

	if (size < 8)
		return 0;
	for (size_t i = 0; i < RAM_SIZE; i += size)
		memcpy(ram + i, data, min_u64(size, RAM_SIZE - i));
	make_state(data, size, &s);
	make_exit(data, size, &e);
	view_init(&view, &s, &cpu, &mem);
	decode_insn(&s, ram + s.rip, min_u64(15, RAM_SIZE - s.rip), &insn);
	story_tell(&(struct story_in){.exit = &e,
				      .view = &view,
				      .insn = &insn,
				      .host = &host,
				      .stale = size & 2,
				      .in_service = (int)(data[1]) - 1,
				      .ops = &ops},
		   &out);
	if (strchr(buf_cstr(&out.verdict), '\n'))
		abort();
	story_deinit(&out);
	return 0;
}
