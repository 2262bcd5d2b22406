/*
 * Intel MultiProcessor Specification 1.4: floating pointer structure and
 * configuration table, for guests that look for CPUs and interrupt wiring
 * there because they know no ACPI.
 */
#include <string.h>

#include "base/buf.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"

#define SPEC_REV	4
#define FLOATING_SIZE	16
#define HEADER_SIZE	44
#define LAPIC_ADDR	0xfee00000
#define LAPIC_VERSION	0x14
#define IOAPIC_ADDR	0xfec00000
#define MAX_XAPIC_CPUS	254 /* 255 is the broadcast id */
#define ISA_IRQS	16
#define TIMER_PIN	2 /* IRQ 0 arrives at the IOAPIC's pin 2 */
#define LENGTH_OFFSET	4
#define CHECKSUM_OFFSET 7
#define COUNT_OFFSET	34

enum entry_type {
	MP_PROCESSOR,
	MP_BUS,
	MP_IOAPIC,
	MP_IRQ,
	MP_LINT,
};

enum irq_type {
	MP_INT = 0,
	MP_NMI = 1,
	MP_EXTINT = 3,
};

/* MP_IRQ and MP_LINT have the same shape; polarity and trigger: the bus's. */
static void put_interrupt(struct buf *b, enum entry_type type,
			  enum irq_type irq_type, uint8_t irq, uint8_t apic,
			  uint8_t pin)
{
	buf_byte(b, type);
	buf_byte(b, irq_type);
	put16(b, 0);
	buf_byte(b, 0); /* source bus: ISA */
	buf_byte(b, irq);
	buf_byte(b, apic);
	buf_byte(b, pin);
}

static void put_processor(struct buf *b, unsigned int id)
{
	buf_byte(b, MP_PROCESSOR);
	buf_byte(b, id);
	buf_byte(b, LAPIC_VERSION);
	buf_byte(b, 1 | !id << 1); /* enabled, the first one boots */
	put32(b, 0x600);	   /* family 6 */
	put32(b, 0x201);	   /* FPU and APIC */
	put_zero(b, 8);
}

/* Returns the number of entries. */
static unsigned int put_entries(struct buf *b, unsigned int vcpus,
				const struct boot_wiring *wiring)
{
	const uint8_t ioapic = vcpus;
	unsigned int n = vcpus;

	for (unsigned int i = 0; i < vcpus; i++)
		put_processor(b, i);
	buf_byte(b, MP_BUS);
	buf_byte(b, 0);
	buf_append(b, "ISA   ", 6);
	buf_byte(b, MP_IOAPIC);
	buf_byte(b, ioapic);
	buf_byte(b, wiring->ioapic_version);
	buf_byte(b, 1);
	put32(b, IOAPIC_ADDR);
	n += 2;
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++) {
		if (irq == TIMER_PIN) /* the cascade */
			continue;
		put_interrupt(b, MP_IRQ, MP_INT, irq, ioapic,
			      irq ? irq : TIMER_PIN);
		n++;
	}
	if (wiring->has_pic) {
		put_interrupt(b, MP_LINT, MP_EXTINT, 0, 0, 0);
		n++;
	}
	put_interrupt(b, MP_LINT, MP_NMI, 0, 0xff, 1);
	return n + 1;
}

static uint8_t checksum(const struct buf *b)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < b->len; i++)
		sum += b->data[i];
	return -sum;
}

static void compose_table(struct buf *b, unsigned int vcpus,
			  const struct boot_wiring *wiring)
{
	uint16_t len, count;

	buf_append(b, "PCMP", 4);
	put16(b, 0); /* length, below */
	buf_byte(b, SPEC_REV);
	buf_byte(b, 0); /* checksum, below */
	buf_append(b, "KVMGDB  ", 8);
	buf_append(b, "kvmgdbserver", 12);
	put_zero(b, 8); /* OEM table, entry count */
	put32(b, LAPIC_ADDR);
	put_zero(b, 4); /* no extended table */
	count = put_entries(b, vcpus, wiring);
	if (b->failed)
		return;
	len = b->len;
	memcpy(b->data + LENGTH_OFFSET, &len, 2);
	memcpy(b->data + COUNT_OFFSET, &count, 2);
	b->data[CHECKSUM_OFFSET] = checksum(b);
}

static void compose_floating(struct buf *b, gpa_t table)
{
	buf_append(b, "_MP_", 4);
	put32(b, table);
	buf_byte(b, FLOATING_SIZE / 16);
	buf_byte(b, SPEC_REV);
	put_zero(b, 6); /* checksum; a table is present; no IMCR */
	if (!b->failed)
		b->data[10] = checksum(b);
}

/* Where the BIOS would say that the EBDA and the end of memory are. */
static bool write_bda(struct guest_mem *mem, struct err *err)
{
	const uint16_t ebda = LOW_EBDA >> 4, base_mem = LOW_EBDA >> 10;

	return guest_mem_write(mem, LOW_BDA_EBDA, &ebda, 2, err) &&
	       guest_mem_write(mem, LOW_BDA_BASE_MEM, &base_mem, 2, err);
}

bool mptable_build(struct guest_mem *mem, unsigned int vcpus,
		   const struct boot_wiring *wiring, struct err *err)
{
	struct buf floating = BUF_INIT, table = BUF_INIT;
	gpa_t at = LOW_MPTABLE + FLOATING_SIZE;
	bool ok;

	/* ids of one byte: later processors are found through ACPI only */
	compose_table(&table, min_u64(vcpus, MAX_XAPIC_CPUS), wiring);
	if (table.len > LOW_MPTABLE_END - at)
		at = LOW_BIG_MPTABLE;
	compose_floating(&floating, at);
	ok = !table.failed && !floating.failed;
	if (!ok)
		err_set(err, ERR_LIMIT, "out of memory");
	ok = ok && guest_mem_write(mem, at, table.data, table.len, err) &&
	     guest_mem_write(mem, LOW_MPTABLE, floating.data, floating.len,
			     err) &&
	     write_bda(mem, err);
	buf_deinit(&table);
	buf_deinit(&floating);
	return ok;
}
