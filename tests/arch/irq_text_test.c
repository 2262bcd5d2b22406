/* Interrupt controllers in QEMU's shapes. */
#include "arch/irq/lapic.h"
#include "arch/irq/text.h"
#include "tests/test.h"

static struct x86_lapic lapic;
static struct buf out;

static void put(unsigned int offset, uint32_t value)
{
	memcpy(lapic.regs + offset, &value, sizeof(value));
}

/* What QEMU 7.2 prints for these values, but for the last line. */
TEST(local_apic)
{
	put(LAPIC_LVT_LINT0, 0x8700);
	put(LAPIC_LVT_LINT1, 0x8400);
	put(LAPIC_LVT_PERF, 0x10000);
	put(LAPIC_LVT_ERROR, 0x10000);
	put(LAPIC_LVT_THERMAL, 0x10000);
	put(LAPIC_LVT_TIMER, 0x10000);
	put(LAPIC_SVR, 0x1ff);
	put(LAPIC_ICR, 0xc4610);
	put(LAPIC_DFR, ~0u);
	lapic_print(&lapic, 0, 0xfee00900, &out);
	CHECK_STR(buf_cstr(&out), "dumping local APIC state for CPU 0 \n\n"
				  "LVT0\t 0x00008700 active-hi level           "
				  "                  "
				  "ExtINT (vec 0)\n"
				  "LVT1\t 0x00008400 active-hi level           "
				  "                  "
				  "NMI   \n"
				  "LVTPC\t 0x00010000 active-hi edge  masked   "
				  "                  "
				  " Fixed  (vec 0)\n"
				  "LVTERR\t 0x00010000 active-hi edge  masked  "
				  "                  "
				  "  Fixed  (vec 0)\n"
				  "LVTTHMR\t 0x00010000 active-hi edge  masked "
				  "                  "
				  "   Fixed  (vec 0)\n"
				  "LVTT\t 0x00010000 active-hi edge  masked    "
				  "     one-shot     "
				  "Fixed  (vec 0)\n"
				  "Timer\t DCR=0x0 (divide by 2) initial_count "
				  "= 0 "
				  "current_count = 0\n"
				  "SPIV\t 0x000001ff APIC enabled, focus=off, "
				  "spurious vec 255\n"
				  "ICR\t 0x000c4610 physical edge assert all\n"
				  "ICR2\t 0x00000000\n"
				  "ESR\t 0x00000000\n"
				  "ISR\t (none)\n"
				  "IRR\t (none)\n"
				  "\n"
				  "APR 0x00 TPR 0x00 DFR 0x0f LDR 0x00 PPR "
				  "0x00\n"
				  "xAPIC mode, ID 0, registers at "
				  "0xfee00000\n");
}

TEST(vectors_destination_and_mode)
{
	put(LAPIC_IRR + 0x10, 1 << 4);
	put(LAPIC_TMR + 0x10, 1 << 4);
	put(LAPIC_IRR + 0x70, 1u << 31);
	put(LAPIC_ID, 0x12);
	put(LAPIC_ICR, 0x41);
	put(LAPIC_ICR2, 5);
	lapic_print(&lapic, 18, 0xfee00c00, &out);
	CHECK_HAS(buf_cstr(&out), "IRR\t 36(level) 255 \n");
	CHECK_HAS(buf_cstr(&out), "ICR2\t 0x00000005 cpu 5 (X2APIC ID)\n");
	CHECK_HAS(buf_cstr(&out), "x2APIC mode, ID 18\n");
	buf_clear(&out);
	lapic_print(&lapic, 0, 0xfee00000, &out);
	CHECK_HAS(buf_cstr(&out), "off: IA32_APIC_BASE.EN is 0\n");
}

TEST(ioapic)
{
	struct x86_ioapic a = {.version = 0x11, .select = 0x18, .irr = 0x30};

	a.redir[4] = UINT64_C(0x010000000000e934);
	ioapic_print(&a, &out);
	CHECK_HAS(buf_cstr(&out), "ioapic0: ver=0x11 id=0x00 sel=0x18 "
				  "(redir[4])\n");
	CHECK_HAS(buf_cstr(&out), "  pin 4  0x010000000000e934 dest=1 vec=52  "
				  "active-lo level "
				  "       lowest logical\n");
	CHECK_HAS(buf_cstr(&out), "  IRR      4  5  \n  Remote IRR 4  \n");
}

TEST(pics)
{
	const struct x86_pic pic[2] = {
		{.irr = 0x11, .imr = 0xb8, .irq_base = 8},
		{.imr = 0x8e, .irq_base = 0x70, .elcr = 0x0c}};

	pic_print(pic, &out);
	CHECK_STR(buf_cstr(&out), "pic1: irr=00 imr=8e isr=00 hprio=0 "
				  "irq_base=70 rr_sel=0 "
				  "elcr=0c fnm=0\n"
				  "pic0: irr=11 imr=b8 isr=00 hprio=0 "
				  "irq_base=08 rr_sel=0 "
				  "elcr=00 fnm=0\n");
}

TEST(pit)
{
	struct x86_pit p = {.now = 3500000000,
			    .channel = {{.count = 11932,
					 .mode = 2,
					 .rw_mode = 3,
					 .gate = 1,
					 .load_time = 1000000000},
					{.mode = 0xff}}};

	pit_print(&p, &out);
	CHECK_HAS(buf_cstr(&out), "pit channel 0 (IRQ 0): count=11932 mode=2 "
				  "(rate generator) "
				  "rw=3 bcd=0 gate=1, 99.9 Hz, loaded 2.500 s "
				  "ago\n");
	CHECK_HAS(buf_cstr(&out), "channel 1 (refresh): never programmed");
}

TEST(counts)
{
	struct x86_chips c = {.has_pic = true, .has_ioapic = true};

	c.raised[4] = 12;
	c.raised[20] = 1;
	irq_counts_print(&c, &out);
	CHECK_STR(buf_cstr(&out), "IRQ statistics for kvm-ioapic:\n 4: 12\n"
				  "20: 1\nIRQ statistics for kvm-i8259:\n"
				  " 4: 12\n");
}
