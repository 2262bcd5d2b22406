#include "arch/irq/lapic.h"

#include <string.h>

uint32_t lapic_reg(const struct x86_lapic *l, unsigned int offset)
{
	uint32_t value;

	if (offset > LAPIC_REGS - sizeof(value))
		return 0;
	memcpy(&value, l->regs + offset, sizeof(value));
	return value;
}

bool lapic_bit(const struct x86_lapic *l, enum lapic_reg bits,
	       unsigned int vector)
{
	return lapic_reg(l, bits + vector / 32 * 0x10) >> vector % 32 & 1;
}

int lapic_highest(const struct x86_lapic *l, enum lapic_reg bits)
{
	for (int v = 255; v >= 0; v--)
		if (lapic_bit(l, bits, (unsigned int)v))
			return v;
	return -1;
}

unsigned int lapic_ppr(const struct x86_lapic *l)
{
	unsigned int tpr = lapic_reg(l, LAPIC_TPR) & 0xff;
	int isr = lapic_highest(l, LAPIC_ISR);
	unsigned int class = isr < 0 ? 0 : (unsigned int)isr & 0xf0;

	return (tpr & 0xf0) >= class ? tpr : class;
}

static bool is_x2apic(uint64_t apic_base)
{
	return (apic_base & APIC_BASE_EN) && (apic_base & APIC_BASE_X2APIC);
}

uint32_t lapic_id(const struct x86_lapic *l, uint64_t apic_base)
{
	uint32_t id = lapic_reg(l, LAPIC_ID);

	return is_x2apic(apic_base) ? id : id >> 24;
}

/* SDM Vol 3A, "Logical Destination Mode" and "Logical Destination ... x2APIC" */
static bool matches_logical(const struct x86_lapic *l, uint64_t apic_base,
			    uint32_t dest)
{
	uint32_t ldr = lapic_reg(l, LAPIC_LDR);

	if (is_x2apic(apic_base))
		return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
	ldr >>= 24;
	if (lapic_reg(l, LAPIC_DFR) >> 28 == 0xf)
		return ldr & dest;
	return ldr >> 4 == dest >> 4 && (ldr & dest & 0xf);
}

bool lapic_matches(const struct x86_lapic *l, uint64_t apic_base, uint32_t dest,
		   bool logical, bool wide)
{
	if (dest == (wide ? UINT32_MAX : 0xff))
		return true;
	if (logical)
		return matches_logical(l, apic_base, dest);
	return lapic_id(l, apic_base) == dest;
}

unsigned int lapic_divisor(const struct x86_lapic *l)
{
	uint32_t value = lapic_reg(l, LAPIC_DIVIDE);
	unsigned int code = (value & 3) | (value >> 1 & 4);

	return 1u << ((code + 1) & 7);
}
