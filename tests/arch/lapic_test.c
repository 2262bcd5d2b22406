/* A local APIC's registers. */
#include "arch/irq/lapic.h"
#include "tests/test.h"

#define XAPIC  UINT64_C(0xfee00800)
#define X2APIC UINT64_C(0xfee00c00)

static struct x86_lapic apic;

static void set(unsigned int offset, uint32_t value)
{
	memcpy(apic.regs + offset, &value, sizeof(value));
}

TEST(priority_is_the_higher_of_tpr_and_what_is_in_service)
{
	CHECK_EQ(lapic_ppr(&apic), 0);
	set(LAPIC_TPR, 0x45);
	CHECK_EQ(lapic_ppr(&apic), 0x45);
	set(LAPIC_ISR + 0x10, 1 << 1); /* vector 0x21 */
	CHECK_EQ(lapic_ppr(&apic), 0x45);
	set(LAPIC_ISR + 0x70, 1u << 31);
	CHECK_EQ(lapic_ppr(&apic), 0xf0);
	CHECK_EQ(lapic_highest(&apic, LAPIC_ISR), 0xff);
	CHECK(lapic_bit(&apic, LAPIC_ISR, 0x21));
	CHECK(lapic_highest(&apic, LAPIC_IRR) == -1);
}

TEST(physical_destinations)
{
	set(LAPIC_ID, 3u << 24);
	CHECK(lapic_matches(&apic, XAPIC, 3, false, false));
	CHECK(!lapic_matches(&apic, XAPIC, 1, false, false));
	CHECK(lapic_matches(&apic, XAPIC, 0xff, false, false));
	set(LAPIC_ID, 0x103);
	CHECK(lapic_matches(&apic, X2APIC, 0x103, false, true));
	CHECK(!lapic_matches(&apic, X2APIC, 0xff, false, true));
	CHECK(lapic_matches(&apic, X2APIC, UINT32_MAX, false, true));
}

TEST(logical_destinations)
{
	set(LAPIC_DFR, UINT32_MAX);
	set(LAPIC_LDR, 0x04000000);
	CHECK(lapic_matches(&apic, XAPIC, 0x06, true, false));
	CHECK(!lapic_matches(&apic, XAPIC, 0x03, true, false));
	set(LAPIC_DFR, 0x0fffffff); /* clusters */
	set(LAPIC_LDR, 0x24000000);
	CHECK(lapic_matches(&apic, XAPIC, 0x2c, true, false));
	CHECK(!lapic_matches(&apic, XAPIC, 0x1c, true, false));
	set(LAPIC_LDR, 0x00010002);
	CHECK(lapic_matches(&apic, X2APIC, 0x00010006, true, true));
	CHECK(!lapic_matches(&apic, X2APIC, 0x00020002, true, true));
}

TEST(timer_divisors)
{
	static const struct {
		uint32_t dcr;
		unsigned int by;
	} table[] = {{0, 2}, {1, 4}, {3, 16}, {8, 32}, {0xa, 128}, {0xb, 1}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		set(LAPIC_DIVIDE, table[i].dcr);
		CHECK_EQ(lapic_divisor(&apic), table[i].by);
	}
}
