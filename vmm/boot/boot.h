/*
 * Putting a guest image into memory and the boot processor into the state its
 * boot protocol asks for.  Pure: works on struct guest_mem, no KVM.
 *
 * The image is hostile input.  Every size, offset and address in it is checked
 * before use; an error names the file, the field and its value.
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include "arch/x86_state.h"
#include "vmm/guest_mem.h"

enum boot_kind {
	BOOT_BZIMAGE,
	BOOT_PVH,
	BOOT_MULTIBOOT1,
	BOOT_MULTIBOOT2,
	BOOT_ELF64,
	BOOT_FLAT,
	BOOT_FIRMWARE,
};

#define BOOT_MAX_MODULES 32

struct boot_module {
	const char *path;
	const char *args; /* text after the comma, or NULL */
};

struct boot_wiring;

struct boot_request {
	const char *image; /* path, for messages and for Multiboot's cmdline */
	const void *data;  /* contents, owned by the caller */
	size_t size;
	bool firmware;	     /* --bios: whatever it is, it is a ROM */
	bool from_file;	     /* image is its path, not only a name */
	const char *cmdline; /* --append, never NULL */
	const char *clear;   /* flags for Linux' clearcpuid=; may be NULL */
	const char *initrd;  /* path or NULL */
	struct boot_module module[BOOT_MAX_MODULES];
	unsigned int modules;
	bool load_addr_set, entry_set;
	gpa_t load_addr; /* flat: default 0x100000, or 0x7c00 in 16-bit mode */
	uint64_t entry;	 /* flat: default load_addr */
	unsigned int mode; /* flat: 16, 32, 64; 0 = default (64) */
	gpa_t rsdp;	   /* ACPI root pointer, 0 = none */
	unsigned int vcpus;
	uint8_t maxphyaddr;
};

struct boot_result {
	enum boot_kind kind;
	const char *protocol; /* "Linux/x86 64-bit boot protocol", ... */
	struct x86_state cpu; /* boot processor: groups GPR and SYS are set */
	bool pc;	      /* it expects what a PC's firmware leaves */
	gpa_t low, high;      /* lowest and highest byte the image occupies */
};

/* What the contents are, or an error that says what was looked for. */
bool boot_detect(const struct boot_request *req, enum boot_kind *kind,
		 struct err *err) MUST_CHECK;

bool boot_is_linux(const struct boot_request *req);

/*
 * Detect, load, write the boot information, compute the CPU state.  mem is
 * fresh: all zero but for what acpi_build() and mptable_build() put there.
 */
bool boot_load(struct guest_mem *mem, const struct boot_request *req,
	       struct boot_result *result, struct err *err) MUST_CHECK;

const char *boot_kind_name(enum boot_kind kind);

/*
 * The command line a kernel gets: for Linux' boot protocols and PVH the
 * virtio-mmio devices are put in front, and for Linux the flags it is not to
 * use, unless it names some itself.
 * Allocated; the caller frees it.  NULL: no memory.
 */
char *boot_cmdline(const struct boot_request *req,
		   const struct boot_wiring *wiring);

/* Read a whole file; *data is malloc'ed, owned by the caller. */
bool boot_read_file(const char *path, void **data, size_t *size,
		    struct err *err) MUST_CHECK;

/* ---- tables for the guest's firmware-less boot (vmm/boot/acpi.c, mptable.c)
 * ---- */

#define BOOT_MAX_VIRTIO 8

/* The interrupt controllers beside the local APICs, and what is on a bus. */
struct boot_wiring {
	bool has_ioapic;
	bool has_pic;	/* the two 8259s, and the 8254 on IRQ 0 */
	bool can_sleep; /* ACPI S3 */
	uint8_t ioapic_version;
	/* virtio-mmio devices, for ACPI and Linux' command line */
	struct boot_virtio {
		uint32_t base; /* guest-physical, 4 KiB */
		uint8_t irq;
	} virtio[BOOT_MAX_VIRTIO];
	unsigned int virtios;
};

/* RSDP, XSDT, MADT, FADT, DSDT (and RSDT) below 1 MiB; *rsdp on success. */
bool acpi_build(struct guest_mem *mem, unsigned int vcpus,
		const struct boot_wiring *wiring, gpa_t *rsdp,
		struct err *err) MUST_CHECK;

/*
 * The address at which a guest wants to be woken up from S3, from its FACS;
 * 0 when there is none.  The guest may have changed the tables.
 */
uint32_t acpi_waking_vector(const struct guest_mem *mem, gpa_t rsdp);

/*
 * Intel MP floating pointer and configuration table at 0x9fc00; there is an
 * IOAPIC.
 */
bool mptable_build(struct guest_mem *mem, unsigned int vcpus,
		   const struct boot_wiring *wiring,
		   struct err *err) MUST_CHECK;

/* ---- the memory map all protocols tell the guest ---- */

struct e820_entry {
	gpa_t base;
	uint64_t size;
	uint32_t type; /* 1 RAM, 2 reserved */
};

/* At most `max` entries; returns the count. */
unsigned int e820_build(const struct guest_mem *mem, struct e820_entry *map,
			unsigned int max);

#endif
