/*
 * The state commands' text over registers and memory of any content: every
 * listing ends, in whole lines, and none is longer than a person can page.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "arch/diag/stuck.h"
#include "arch/show/tables.h"

/* 256 gates or entries, each with a line or two of explanation. */
#define TEXT_MAX (512u << 10)

struct input {
	uint64_t rip, rflags, cr0, cr2, cr3, cr4, cr8, efer, xcr0;
	uint64_t gdt_base, idt_base, gpr[X86_NR_GPR], dr[4], dr6, dr7;
	struct {
		uint64_t base;
		uint32_t limit, attr;
		uint16_t sel;
	} __attribute__((packed)) seg[X86_NR_SEG];
	uint16_t gdt_limit, idt_limit;
	uint32_t pkru, fctrl, fstat, ftag, mxcsr;
	uint8_t vector, events, nr, what;
} __attribute__((packed));

struct memory {
	const uint8_t *data;
	size_t size;
};

/* The input repeats up to 64 KiB, so that tables point at tables. */
static bool read_memory(void *ctx, gpa_t gpa, void *buf, size_t len,
			struct err *err)
{
	const struct memory *m = ctx;
	uint8_t *to = buf;

	if (!m->size || !range_ok(0, 65536, gpa, len))
		return err_set_fault(err, gpa, "no memory");
	for (size_t i = 0; i < len; i++)
		to[i] = m->data[(gpa + i) % m->size];
	return true;
}

static void fill_system(const struct input *in, struct x86_state *s)
{
	s->rip = in->rip;
	s->rflags = in->rflags;
	s->cr0 = in->cr0;
	s->cr2 = in->cr2;
	s->cr3 = in->cr3;
	s->cr4 = in->cr4;
	s->cr8 = in->cr8;
	s->efer = in->efer;
	s->xcr0 = in->xcr0;
	s->gdt = (struct x86_dtable){in->gdt_base, in->gdt_limit};
	s->idt = (struct x86_dtable){in->idt_base, in->idt_limit};
	memcpy(s->gpr, in->gpr, sizeof(s->gpr));
	for (unsigned int i = 0; i < X86_NR_SEG; i++)
		s->seg[i] = (struct x86_seg){in->seg[i].base, in->seg[i].limit,
					     in->seg[i].attr, in->seg[i].sel};
}

static void fill_rest(const struct input *in, struct x86_state *s)
{
	memcpy(s->dr, in->dr, sizeof(s->dr));
	s->dr6 = in->dr6;
	s->dr7 = in->dr7;
	s->fpu.pkru = in->pkru;
	s->fpu.fctrl = in->fctrl;
	s->fpu.fstat = in->fstat;
	s->fpu.ftag = in->ftag;
	s->fpu.mxcsr = in->mxcsr;
	s->event.exception_pending = in->events & 1;
	s->event.exception_injected = in->events & 2;
	s->event.exception_has_payload = in->events & 4;
	s->event.interrupt_injected = in->events & 8;
	s->event.nmi_masked = in->events & 16;
	s->event.interrupt_shadow = in->events >> 5;
	s->event.exception_nr = in->nr;
	s->run_state = (enum x86_run_state)(in->what & 3);
}

static void check(struct buf *out)
{
	if (out->failed || !out->len || out->len > TEXT_MAX ||
	    out->data[out->len - 1] != '\n')
		abort();
	buf_clear(out);
}

static void show_registers(struct buf *out, const struct x86_view *v)
{
	show_control(out, v->s);
	show_efer(out, v->s);
	show_xcr(out, v->s, &v->cpu);
	show_mode(out, v->s, &v->cpu);
	show_debug(out, v->s, NULL);
	show_events(out, v->s);
	show_fpu(out, v->s);
	check(out);
}

static void show_all_tables(struct buf *out, const struct x86_view *v,
			    unsigned int vector)
{
	struct err err;

	show_segments(out, v);
	check(out);
	for (int ldt = 0; ldt < 2; ldt++)
		if (show_descriptors(out, v, ldt, -1, NULL, &err))
			check(out);
	if (show_descriptors(out, v, false, (int)vector, NULL, &err))
		check(out);
	show_idt(out, v, NULL);
	check(out);
	show_gate(out, v, vector, NULL);
	check(out);
	if (show_tss(out, v, &err))
		check(out);
}

static void judge(struct buf *out, const struct x86_view *v, uint8_t what)
{
	struct stuck_vcpu two[2] = {{.number = 0}, {.number = 1}};

	for (unsigned int i = 0; i < 2; i++) {
		two[i].run_state = (enum x86_run_state)(what >> (2 * i) & 3);
		two[i].irqs_on = what >> (4 + i) & 1;
		two[i].has_irqchip = what & 64;
	}
	loop_find(v, &two[0].loop);
	if (two[0].loop.insns > 64)
		abort();
	stuck_print(out, &two[0], NULL);
	if (!out->len || strchr(buf_cstr(out), '\n'))
		abort();
	buf_clear(out);
	if (stuck_verdict(out, two, 2))
		check(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct x86_cpu_info cpu = {.maxphyaddr = 40, .gbpages = true};
	struct buf out = BUF_INIT;
	struct x86_state s = {0};
	struct phys_reader mem;
	struct memory memory;
	struct x86_view view;
	struct input in;

	if (size < sizeof(in))
		return -1;
	memcpy(&in, data, sizeof(in));
	memory = (struct memory){data + sizeof(in), size - sizeof(in)};
	mem = (struct phys_reader){read_memory, &memory};
	fill_system(&in, &s);
	fill_rest(&in, &s);
	view_init(&view, &s, &cpu, &mem);
	show_registers(&out, &view);
	show_all_tables(&out, &view, in.vector);
	judge(&out, &view, in.what);
	buf_deinit(&out);
	return 0;
}
