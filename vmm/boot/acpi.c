/*
 * ACPI tables (ACPI Specification 5.0, "ACPI Software Programming Model"):
 * processors and interrupt wiring, the power-management ports, power-off, the
 * HPET and one serial port.
 */
#include "vmm/boot/acpi.h"

#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "base/buf.h"
#include "vmm/boot/acpi_impl.h"
#include "vmm/boot/loader.h"
#include "vmm/boot/lowmem.h"
#include "vmm/dev/hpet.h"

#define HEADER_SIZE	36
#define LENGTH_OFFSET	4
#define CHECKSUM_OFFSET 9
#define RSDP_SIZE	36
#define RSDP_V1_SIZE	20
#define FACS_SIZE	64
#define FADT_SIZE	268
#define LAPIC_ADDR	0xfee00000
#define IOAPIC_ADDR	0xfec00000
#define MAX_XAPIC_ID	254
#define RESET_PORT	0xcf9
#define RESET_VALUE	6

/*
 * Name (\_S5, Package () {0, 0, 0, 0})	// ACPI_S5_TYPE
 * Scope (\_SB) {
 *	Device (COM1) {
 *		Name (_HID, EisaId ("PNP0501"))
 *		Name (_UID, One)
 *		Name (_STA, 0x0F)
 *		Name (_CRS, ResourceTemplate () {
 *			IO (Decode16, 0x03F8, 0x03F8, 0x01, 0x08)
 *			IRQNoFlags () {4}
 *		})
 *	}
 * }
 */
static const char aml[] =
	/* Name, Package of 6 bytes with 4 elements */
	"\x08"
	"\\_S5_"
	"\x12\x06\x04"
	"\0\0\0\0"
	/* Scope of 58 bytes */
	"\x10\x3a"
	"\\_SB_"
	/* Device of 50 bytes */
	"\x5b\x82\x32"
	"COM1"
	"\x08"
	"_HID"
	"\x0c\x41\xd0\x05\x01"
	"\x08"
	"_UID"
	"\x01"
	"\x08"
	"_STA"
	"\x0a\x0f"
	/* Buffer of 16 bytes, 13 of them the resources */
	"\x08"
	"_CRS"
	"\x11\x10\x0a\x0d"
	"\x47\x01\xf8\x03\xf8\x03\x01\x08"
	"\x22\x10\x00"
	"\x79";

/* Name (\_S3, Package () {1, 1, 0, 0})	// ACPI_S3_TYPE */
static const char s3_aml[] = "\x08"
			     "\\_S3_"
			     "\x12\x06\x04"
			     "\x01\x01\0";

static void set_checksum(struct buf *b, size_t start, size_t len, size_t at)
{
	uint8_t sum = 0;

	if (b->failed)
		return;
	for (size_t i = start; i < start + len; i++)
		sum += b->data[i];
	b->data[at] -= sum;
}

/* Header of a table that starts here; returns where, for end_table(). */
static size_t begin_table(struct buf *b, const char *signature, uint8_t rev)
{
	const size_t start = b->len;

	buf_append(b, signature, 4);
	put32(b, 0); /* length */
	buf_byte(b, rev);
	buf_byte(b, 0); /* checksum */
	buf_append(b, "KVMGDB", 6);
	buf_append(b, "KVMGDBSV", 8);
	put32(b, 1);
	buf_append(b, "KGDB", 4);
	put32(b, 1);
	return start;
}

static void end_table(struct buf *b, size_t start)
{
	const uint32_t len = b->len - start;

	if (b->failed)
		return;
	memcpy(b->data + start + LENGTH_OFFSET, &len, 4);
	set_checksum(b, start, len, start + CHECKSUM_OFFSET);
	put_align(b, 16);
}

/* Generic Address Structure of an I/O port; access 1 byte, 2 word, 3 dword. */
static void put_port(struct buf *b, uint8_t bits, uint8_t access, uint64_t port)
{
	buf_byte(b, port != 0); /* space 1: system I/O */
	buf_byte(b, bits);
	buf_byte(b, 0);
	buf_byte(b, access);
	put64(b, port);
}

static void put_rsdp(struct buf *b, const struct acpi_layout *at)
{
	const size_t start = b->len;

	buf_append(b, "RSD PTR ", 8);
	buf_byte(b, 0); /* checksum */
	buf_append(b, "KVMGDB", 6);
	buf_byte(b, 2); /* revision */
	put32(b, at->rsdt);
	put32(b, RSDP_SIZE);
	put64(b, at->xsdt);
	put32(b, 0); /* extended checksum, reserved */
	set_checksum(b, start, RSDP_V1_SIZE, start + 8);
	set_checksum(b, start, RSDP_SIZE, start + 32);
	put_align(b, ACPI_TABLES_AT);
}

static void put_facs(struct buf *b)
{
	buf_append(b, "FACS", 4);
	put32(b, FACS_SIZE);
	put_zero(b, 24); /* signature, waking vectors, lock, flags */
	buf_byte(b, 1);	 /* version */
	put_zero(b, FACS_SIZE - 33);
}

/* "Package Length Encoding" of a package whose body has len bytes. */
static void put_package_length(struct buf *b, size_t len)
{
	if (len + 1 < 64) {
		buf_byte(b, (uint8_t)(len + 1));
		return;
	}
	buf_byte(b, 0x40 | ((len + 2) & 0xf));
	buf_byte(b, (uint8_t)((len + 2) >> 4));
}

/*
 * Device (VIRn) {
 *	Name (_HID, "LNRO0005")
 *	Name (_UID, n)
 *	Name (_CCA, One)
 *	Name (_CRS, ResourceTemplate () {
 *		Memory32Fixed (ReadWrite, base, 0x1000)
 *		Interrupt (ResourceConsumer, Edge, ActiveHigh) {irq}
 *	})
 * }
 */
static void put_virtio(struct buf *b, const struct boot_wiring *w,
		       unsigned int n)
{
	struct buf body = BUF_INIT;

	buf_printf(&body, "VIR%u", n);
	buf_append(&body, "\x08_HID\x0dLNRO0005", 15);
	buf_append(&body, "\x08_UID\x0a", 6);
	buf_byte(&body, (uint8_t)n);
	buf_append(&body,
		   "\x08_CCA\x01"
		   "\x08_CRS\x11\x1a\x0a\x17"
		   "\x86\x09\x00\x01",
		   19);
	put32(&body, w->virtio[n].base);
	put32(&body, 0x1000);
	buf_append(&body, "\x89\x06\x00\x03\x01", 5);
	put32(&body, w->virtio[n].irq);
	buf_append(&body, "\x79", 2);
	buf_append(b, "\x5b\x82", 2);
	put_package_length(b, body.len);
	buf_append(b, body.data, body.len);
	b->failed |= body.failed;
	buf_deinit(&body);
}

static void put_dsdt(struct buf *b, const struct boot_wiring *wiring)
{
	const size_t start = begin_table(b, "DSDT", 2);
	struct buf scope = BUF_INIT;

	buf_append(b, aml, sizeof(aml)); /* its NUL is the last byte */
	if (wiring->can_sleep)
		buf_append(b, s3_aml, sizeof(s3_aml));
	buf_append(&scope, "\\_SB_", 5);
	for (unsigned int i = 0; i < wiring->virtios; i++)
		put_virtio(&scope, wiring, i);
	if (wiring->virtios) {
		buf_byte(b, 0x10);
		put_package_length(b, scope.len);
		buf_append(b, scope.data, scope.len);
	}
	b->failed |= scope.failed;
	buf_deinit(&scope);
	end_table(b, start);
}

/* "Fixed ACPI Description Table": offsets 36 to 131. */
static void put_fadt_fixed(struct buf *b, const struct acpi_layout *at,
			   const struct boot_wiring *wiring)
{
	put32(b, at->facs);
	put32(b, at->dsdt);
	put16(b, 0); /* reserved, unspecified profile */
	put16(b, ACPI_SCI_IRQ);
	put_zero(b, 8); /* no SMI command: always in ACPI mode */
	put32(b, ACPI_PM1A_EVT);
	put32(b, 0);
	put32(b, ACPI_PM1A_CNT);
	put_zero(b, 8);
	put32(b, ACPI_PM_TMR);
	put_zero(b, 8); /* GPE blocks */
	buf_byte(b, 4); /* PM1_EVT_LEN, PM1_CNT_LEN, PM2, PM_TMR_LEN */
	buf_byte(b, 2);
	buf_byte(b, 0);
	buf_byte(b, 4);
	put_zero(b, 4);
	put16(b, 0xffff); /* no C2, no C3 */
	put16(b, 0xffff);
	put_zero(b, 9);
	put16(b, BIT(0) | BIT(1) | BIT(2)); /* ISA, i8042, no VGA */
	buf_byte(b, 0);
	/* WBINVD, C1, no sleep button, RTC wake or not, reset register */
	put32(b, BIT(0) | BIT(2) | BIT(5) | (wiring->can_sleep ? 0 : BIT(6)) |
			 BIT(10));
	put_port(b, 8, 1, RESET_PORT);
	buf_byte(b, RESET_VALUE);
	put_zero(b, 3);
}

static void put_fadt(struct buf *b, const struct acpi_layout *at,
		     const struct boot_wiring *wiring)
{
	const size_t start = begin_table(b, "FACP", 5);

	put_fadt_fixed(b, at, wiring);
	put64(b, 0); /* FACS: the 32-bit field above */
	put64(b, at->dsdt);
	put_port(b, 32, 2, ACPI_PM1A_EVT);
	put_port(b, 0, 0, 0);
	put_port(b, 16, 2, ACPI_PM1A_CNT);
	put_port(b, 0, 0, 0);
	put_port(b, 0, 0, 0);
	put_port(b, 32, 3, ACPI_PM_TMR);
	put_zero(b, start + FADT_SIZE - b->len);
	end_table(b, start);
}

static void put_cpu(struct buf *b, unsigned int id)
{
	if (id <= MAX_XAPIC_ID) {
		buf_append(b, "\x00\x08", 2); /* local APIC */
		buf_byte(b, id);
		buf_byte(b, id);
		put32(b, 1);
		return;
	}
	buf_append(b, "\x09\x10", 2); /* local x2APIC */
	put16(b, 0);
	put32(b, id);
	put32(b, 1);
	put32(b, id);
}

static void put_override(struct buf *b, uint8_t irq, uint32_t gsi,
			 uint16_t flags)
{
	buf_append(b, "\x02\x0a\x00", 3);
	buf_byte(b, irq);
	put32(b, gsi);
	put16(b, flags);
}

static void put_madt(struct buf *b, unsigned int vcpus,
		     const struct boot_wiring *wiring)
{
	const size_t start = begin_table(b, "APIC", 3);

	put32(b, LAPIC_ADDR);
	put32(b, wiring->has_pic); /* PCAT_COMPAT: two 8259s as well */
	for (unsigned int i = 0; i < vcpus; i++)
		put_cpu(b, i);
	if (wiring->has_ioapic) {
		buf_append(b, "\x01\x0c", 2);
		buf_byte(b, vcpus <= MAX_XAPIC_ID ? vcpus : 0);
		buf_byte(b, 0);
		put32(b, IOAPIC_ADDR);
		put32(b, 0);
		put_override(b, 0, 2, 0);
		put_override(b, ACPI_SCI_IRQ, ACPI_SCI_IRQ,
			     0xd); /* level, high */
	}
	buf_append(b, "\x04\x06\xff\x00\x00\x01", 6); /* NMI: LINT1 of all */
	end_table(b, start);
}

/* IA-PC HPET Specification, "The ACPI 2.0 HPET Description Table" */
static void put_hpet(struct buf *b)
{
	const size_t start = begin_table(b, "HPET", 1);

	put32(b, hpet_block_id());
	buf_byte(b, 0); /* system memory */
	buf_byte(b, 64);
	put16(b, 0);
	put64(b, HPET_BASE);
	buf_byte(b, 0); /* the first one */
	put16(b, HPET_MIN_PERIOD_NS / HPET_TICK_NS);
	buf_byte(b, 0); /* nothing about page protection */
	end_table(b, start);
}

static void put_roots(struct buf *b, struct acpi_layout *at)
{
	size_t start;

	at->rsdt = at->base + b->len;
	start = begin_table(b, "RSDT", 1);
	put32(b, at->fadt);
	put32(b, at->madt);
	put32(b, at->hpet);
	end_table(b, start);
	at->xsdt = at->base + b->len;
	start = begin_table(b, "XSDT", 1);
	put64(b, at->fadt);
	put64(b, at->madt);
	put64(b, at->hpet);
	end_table(b, start);
}

/* Run twice: the first pass finds the addresses. */
void acpi_compose(struct buf *b, struct acpi_layout *at, unsigned int vcpus,
		  const struct boot_wiring *wiring)
{
	buf_clear(b);
	put_rsdp(b, at);
	at->facs = at->base + b->len;
	put_facs(b);
	at->dsdt = at->base + b->len;
	put_dsdt(b, wiring);
	at->fadt = at->base + b->len;
	put_fadt(b, at, wiring);
	at->madt = at->base + b->len;
	put_madt(b, vcpus, wiring);
	at->hpet = at->base + b->len;
	put_hpet(b);
	put_roots(b, at);
}

/* RSDP, RSDT, its first table, FACS: by the ACPI specification's offsets. */
uint32_t acpi_waking_vector(const struct guest_mem *mem, gpa_t rsdp)
{
	static const unsigned int path[] = {16, HEADER_SIZE, HEADER_SIZE, 12};
	uint32_t at = (uint32_t)rsdp;
	struct err err;

	for (unsigned int i = 0; i < ARRAY_SIZE(path) && at; i++)
		if (!guest_mem_read(mem, (gpa_t)at + path[i], &at, sizeof(at),
				    &err))
			return 0;
	return at;
}

bool acpi_build(struct guest_mem *mem, unsigned int vcpus,
		const struct boot_wiring *wiring, gpa_t *rsdp, struct err *err)
{
	struct buf b = {.limit = LOW_ACPI_END - LOW_ACPI};
	struct acpi_layout at = {.base = LOW_ACPI};
	bool ok;

	acpi_compose(&b, &at, vcpus, wiring);
	acpi_compose(&b, &at, vcpus, wiring);
	if (b.failed)
		ok = err_set(err, ERR_LIMIT,
			     "no room for ACPI tables of %u processors", vcpus);
	else
		ok = guest_mem_write(mem, LOW_ACPI, b.data, b.len, err);
	buf_deinit(&b);
	if (ok)
		*rsdp = LOW_ACPI;
	return ok;
}
