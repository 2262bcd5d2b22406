/* The interrupt table, the two 8259s and the timer. */
#include "demo.h"

#define TIMER_HZ     100
#define PIT_HZ	     1193182
#define LAPIC_SVR    0x0f0
#define LAPIC_LVT0   0x350
#define CODE_SEG     0x08
#define PRESENT_GATE 0x8e /* 64-bit interrupt gate, DPL 0 */

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, zero;
};

struct table_pointer {
	uint16_t limit; /* last valid byte */
	uint64_t base;
} __attribute__((packed));

volatile uint64_t ticks;
static struct gate idt[256] __attribute__((aligned(16)));

static void set_gate(unsigned int vector, void (*handler)(void))
{
	uint64_t address = (uint64_t)(uintptr_t)handler;

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)address,
		.selector = CODE_SEG,
		.type = PRESENT_GATE,
		.offset_mid = (uint16_t)(address >> 16),
		.offset_high = (uint32_t)(address >> 32),
	};
}

static void load_idt(uint16_t limit)
{
	struct table_pointer p = {.limit = limit, .base = (uintptr_t)idt};

	__asm__ volatile("lidt %0" : : "m"(p));
}

/* Vectors 0x20-0x2f, everything masked but the timer. */
static void pic_init(void)
{
	static const uint8_t init[][2] = {
		{0x20, 0x11}, {0xa0, 0x11}, {0x21, VECTOR_TIMER}, {0xa1, 0x28},
		{0x21, 0x04}, {0xa1, 0x02}, {0x21, 0x01},	  {0xa1, 0x01},
		{0x21, 0xfe}, {0xa1, 0xff},
	};

	for (size_t i = 0; i < sizeof(init) / sizeof(init[0]); i++)
		out8(init[i][0], init[i][1]);
}

/* The 8259's line comes in at this APIC's LINT0. */
static void lapic_init(void)
{
	volatile uint32_t *lapic = (volatile uint32_t *)LAPIC_BASE;

	lapic[LAPIC_SVR / 4] = 0x1ff;  /* on, spurious vector 255 */
	lapic[LAPIC_LVT0 / 4] = 0x700; /* ExtINT */
}

static void pit_init(void)
{
	uint16_t divisor = PIT_HZ / TIMER_HZ;

	out8(0x43, 0x34); /* channel 0, rate generator */
	out8(0x40, (uint8_t)divisor);
	out8(0x40, (uint8_t)(divisor >> 8));
}

void interrupts_start(void)
{
	set_gate(VECTOR_PF, page_fault_entry);
	set_gate(VECTOR_TIMER, timer_entry);
	load_idt(sizeof(idt) - 1);
	lapic_init();
	pic_init();
	pit_init();
	interrupts_on();
	print_dec("timer: ", TIMER_HZ, " interrupts a second\n");
}

void on_timer(void)
{
	ticks++;
	out8(0x20, 0x20); /* end of interrupt */
}

/*
 * The bug: the size of a pointer where the size of the table was meant.  From
 * here on every vector lies beyond the limit.
 */
NOINLINE void load_truncated_idt(void)
{
	struct gate *table = idt;

	load_idt(sizeof(table) - 1);
}
