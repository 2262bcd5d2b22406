/*
 * Interrupt controllers in any state, as a hostile guest or file may have
 * them: each is printed, and its interrupts are explained.  The input's bytes
 * are laid over the state.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/irq/text.h"
#include "arch/irq/why.h"
#include "tests/fuzz/fuzz.h"

#define VCPUS 2

static struct {
	struct x86_lapic lapic[VCPUS];
	struct x86_chips chips;
	uint64_t apic_base[VCPUS], rflags[VCPUS], efer[VCPUS];
	uint32_t idt_limit[VCPUS];
	uint8_t run_state[VCPUS], exception[VCPUS], flags[VCPUS];
	uint8_t vector, line;
} in;

static void set_up(struct x86_state cpu[VCPUS])
{
	memset(cpu, 0, VCPUS * sizeof(cpu[0]));
	for (unsigned int i = 0; i < VCPUS; i++) {
		cpu[i].apic_base = in.apic_base[i];
		cpu[i].rflags = in.rflags[i];
		cpu[i].efer = in.efer[i];
		cpu[i].idt.limit = in.idt_limit[i];
		cpu[i].run_state = (enum x86_run_state)(in.run_state[i] & 3);
		cpu[i].event.exception_nr = in.exception[i];
		cpu[i].event.exception_pending = in.flags[i] & 1;
		cpu[i].event.interrupt_injected = in.flags[i] & 2;
		cpu[i].event.interrupt_shadow = in.flags[i] >> 2 & 3;
		cpu[i].event.nmi_pending = in.flags[i] & 0x10;
		cpu[i].event.nmi_masked = in.flags[i] & 0x20;
	}
}

/* bool members must hold 0 or 1 */
static void tame(struct x86_chips *c)
{
	const uint8_t which = in.flags[0] >> 6;

	c->has_pic = which & 1;
	c->has_ioapic = which & 2;
	c->has_pit = c->ioapic.has_lines = c->pit.speaker = which == 3;
	for (unsigned int i = 0; i < 2; i++)
		c->pic[i].auto_eoi = c->pic[i].special_mask =
			c->pic[i].read_isr = c->pic[i].poll =
				c->pic[i].special_fully_nested = which & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x86_state cpu[VCPUS];
	struct irq_machine m = {VCPUS, cpu, in.lapic, &in.chips};
	struct buf out = BUF_INIT;

	memset(&in, 0, sizeof(in));
	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	set_up(cpu);
	tame(&in.chips);
	for (unsigned int i = 0; i < VCPUS; i++)
		lapic_print(&in.lapic[i], i, cpu[i].apic_base, &out);
	ioapic_print(&in.chips.ioapic, &out);
	pic_print(in.chips.pic, &out);
	pit_print(&in.chips.pit, &out);
	irq_counts_print(&in.chips, &out);
	buf_clear(&out);
	irq_why_all(&m, &out);
	if (!out.len) /* silence would leave the user in the dark */
		abort();
	irq_why_vector(&m, in.vector, &out);
	irq_why_line(&m, in.line % IRQ_LINES, &out);
	buf_deinit(&out);
	return 0;
}
