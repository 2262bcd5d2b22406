#include "vmm/boot/firmware.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "vmm/boot/acpi_impl.h"
#include "vmm/boot/loader.h"

#define RSDP_FILE    "etc/acpi/rsdp"
#define TABLES_FILE  "etc/acpi/tables"
#define RSDP_SIZE    36
#define RSDP_V1_SIZE 20
#define PAGE	     UINT64_C(4096)
#define COMMAND_SIZE 128
#define MENU_WAIT_MS 2000

enum { /* QEMU's table loader (hw/acpi/bios-linker-loader) */
	COMMAND_ALLOCATE = 1,
	COMMAND_ADD_POINTER = 2,
	COMMAND_ADD_CHECKSUM = 3,
	ZONE_HIGH = 1,
	ZONE_FSEG = 2,
};

bool firmware_rom_size(const struct boot_request *req, uint64_t *size,
		       struct err *err)
{
	if (!req->size || req->size > FIRMWARE_MAX)
		return err_set(err, ERR_MALFORMED,
			       "%s: firmware of %zu bytes; it may have 1 to "
			       "16 MiB",
			       req->image, req->size);
	*size = (req->size + PAGE - 1) & ~(PAGE - 1);
	return true;
}

/* ---- the script that puts ACPI tables where the firmware has room ---- */

static void put_name(struct buf *b, const char *name)
{
	buf_append(b, name, strlen(name));
	put_zero(b, FW_CFG_NAME - strlen(name));
}

static void end_command(struct buf *b)
{
	put_zero(b, -b->len % COMMAND_SIZE);
}

static void allocate(struct buf *b, const char *file, uint32_t align,
		     uint8_t zone)
{
	put32(b, COMMAND_ALLOCATE);
	put_name(b, file);
	put32(b, align);
	buf_byte(b, zone);
	end_command(b);
}

/* The `size` bytes at `offset` of file point into the tables. */
static void add_pointer(struct buf *b, const char *file, gpa_t offset,
			uint8_t size)
{
	put32(b, COMMAND_ADD_POINTER);
	put_name(b, file);
	put_name(b, TABLES_FILE);
	put32(b, (uint32_t)offset);
	buf_byte(b, size);
	end_command(b);
}

static void add_checksum(struct buf *b, const char *file, gpa_t at, gpa_t start,
			 gpa_t len)
{
	put32(b, COMMAND_ADD_CHECKSUM);
	put_name(b, file);
	put32(b, (uint32_t)at);
	put32(b, (uint32_t)start);
	put32(b, (uint32_t)len);
	end_command(b);
}

static uint32_t table_length(const struct buf *tables, gpa_t at)
{
	uint32_t len;

	memcpy(&len, tables->data + at + 4, sizeof(len));
	return len;
}

/* Offsets of pointers: ACPI specification, FADT, RSDT, XSDT and RSDP. */
static void link_tables(struct buf *b, const struct acpi_layout *at,
			const struct buf *tables)
{
	const gpa_t changed[] = {at->fadt, at->rsdt, at->xsdt};

	allocate(b, RSDP_FILE, 16, ZONE_FSEG);
	allocate(b, TABLES_FILE, 64, ZONE_HIGH);
	add_pointer(b, TABLES_FILE, at->fadt + 36, 4); /* FACS */
	add_pointer(b, TABLES_FILE, at->fadt + 40, 4); /* DSDT */
	add_pointer(b, TABLES_FILE, at->fadt + 140, 8);
	add_pointer(b, TABLES_FILE, at->rsdt + 36, 4); /* FADT, MADT, HPET */
	add_pointer(b, TABLES_FILE, at->rsdt + 40, 4);
	add_pointer(b, TABLES_FILE, at->rsdt + 44, 4);
	add_pointer(b, TABLES_FILE, at->xsdt + 36, 8);
	add_pointer(b, TABLES_FILE, at->xsdt + 44, 8);
	add_pointer(b, TABLES_FILE, at->xsdt + 52, 8);
	for (unsigned int i = 0; i < ARRAY_SIZE(changed); i++)
		add_checksum(b, TABLES_FILE, changed[i] + 9, changed[i],
			     table_length(tables, changed[i]));
	add_pointer(b, RSDP_FILE, 16, 4);
	add_pointer(b, RSDP_FILE, 24, 8);
	add_checksum(b, RSDP_FILE, 8, 0, RSDP_V1_SIZE);
	add_checksum(b, RSDP_FILE, 32, 0, RSDP_SIZE);
}

static bool add_acpi(struct fw_cfg *f, unsigned int vcpus,
		     const struct boot_wiring *wiring, struct err *err)
{
	/* so that the first table is at 0 of its file */
	struct acpi_layout at = {.base = -(gpa_t)ACPI_TABLES_AT};
	struct buf all = BUF_INIT, script = BUF_INIT, tables;
	bool ok;

	acpi_compose(&all, &at, vcpus, wiring);
	acpi_compose(&all, &at, vcpus, wiring);
	if (all.failed)
		return err_set(err, ERR_LIMIT,
			       "no memory for ACPI tables of %u processors",
			       vcpus);
	tables = (struct buf){.data = all.data + ACPI_TABLES_AT,
			      .len = all.len - ACPI_TABLES_AT};
	link_tables(&script, &at, &tables);
	ok = fw_cfg_add_file(f, RSDP_FILE, all.data, RSDP_SIZE, err) &&
	     fw_cfg_add_file(f, TABLES_FILE, tables.data, tables.len, err) &&
	     fw_cfg_add_file(f, "etc/table-loader", script.data, script.len,
			     err);
	buf_deinit(&script);
	buf_deinit(&all);
	return ok;
}

/* ---- the rest ---- */

/* Only what firmware cannot know: it reserves its own and the hole's itself. */
static bool add_memory_map(struct fw_cfg *f, const struct guest_mem *mem,
			   struct err *err)
{
	const uint64_t low = min_u64(mem->ram_size, GUEST_HOLE_BASE);
	struct buf map = BUF_INIT;
	bool ok;

	put64(&map, 0);
	put64(&map, low);
	put32(&map, 1);
	if (mem->ram_size > low) {
		put64(&map, GUEST_HOLE_END);
		put64(&map, mem->ram_size - low);
		put32(&map, 1);
	}
	ok = fw_cfg_add_file(f, "etc/e820", map.data, map.len, err);
	buf_deinit(&map);
	return ok;
}

static bool add_int(struct fw_cfg *f, const char *name, uint64_t value,
		    struct err *err)
{
	value = htole64(value);
	return fw_cfg_add_file(f, name, &value, sizeof(value), err);
}

bool firmware_describe_size(struct fw_cfg *f, const struct guest_mem *mem,
			    unsigned int vcpus, struct err *err)
{
	const uint64_t ram = htole64(min_u64(mem->ram_size, GUEST_HOLE_BASE));
	const uint16_t cpus = htole16((uint16_t)vcpus);

	return fw_cfg_add(f, FW_CFG_RAM_SIZE, &ram, sizeof(ram), err) &&
	       fw_cfg_add(f, FW_CFG_NB_CPUS, &cpus, sizeof(cpus), err) &&
	       fw_cfg_add(f, FW_CFG_MAX_CPUS, &cpus, sizeof(cpus), err);
}

bool firmware_describe(struct fw_cfg *f, const struct guest_mem *mem,
		       unsigned int vcpus, const struct boot_wiring *wiring,
		       bool menu, struct err *err)
{
	const uint16_t show = htole16(menu);

	return fw_cfg_add(f, FW_CFG_BOOT_MENU, &show, sizeof(show), err) &&
	       add_memory_map(f, mem, err) &&
	       add_int(f, "etc/boot-menu-wait", MENU_WAIT_MS, err) &&
	       /* there is no VGA: SeaBIOS' text goes to COM1 */
	       add_int(f, "etc/sercon-port", 0x3f8, err) &&
	       add_acpi(f, vcpus, wiring, err);
}
