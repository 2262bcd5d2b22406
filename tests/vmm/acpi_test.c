/* ACPI tables and the MP table. */
#include "tests/test.h"
#include "tests/vmm/images.h"
#include "vmm/boot/acpi.h"

static struct guest_mem mem;
static struct err err;
static struct boot_wiring wiring = {
	.has_ioapic = true, .has_pic = true, .ioapic_version = 0x11};

static uint8_t sum(gpa_t at, unsigned int len)
{
	uint8_t s = 0;

	while (len--)
		s += guest_get(&mem, at++, 1);
	return s;
}

static gpa_t build_acpi(unsigned int vcpus)
{
	gpa_t rsdp;

	guest_mem_deinit(&mem);
	image_memory(&mem, 1);
	CHECK_OK(acpi_build(&mem, vcpus, &wiring, &rsdp, &err), &err);
	return rsdp;
}

/* The table of this signature, found as a guest does. */
static gpa_t table(gpa_t rsdp, const char *signature)
{
	const gpa_t xsdt = guest_get(&mem, rsdp + 24, 8);
	const unsigned int n = (guest_get(&mem, xsdt + 4, 4) - 36) / 8;

	CHECK_EQ(sum(xsdt, guest_get(&mem, xsdt + 4, 4)), 0);
	for (unsigned int i = 0; i < n; i++) {
		gpa_t at = guest_get(&mem, xsdt + 36 + i * 8, 8);

		if (strncmp(guest_str(&mem, at), signature, 4))
			continue;
		CHECK_EQ(sum(at, guest_get(&mem, at + 4, 4)), 0);
		return at;
	}
	test_fail(__FILE__, __LINE__, "no %s", signature);
}

TEST(waking_vector_of_the_facs)
{
	gpa_t rsdp = build_acpi(1), fadt = table(rsdp, "FACP");
	uint32_t vector = 0x12345, wild = 0xfffffff0;
	gpa_t facs = guest_get(&mem, fadt + 36, 4);

	CHECK_EQ(acpi_waking_vector(&mem, rsdp), 0);
	CHECK_OK(guest_mem_write(&mem, facs + 12, &vector, 4, &err), &err);
	CHECK_EQ(acpi_waking_vector(&mem, rsdp), vector);
	CHECK_OK(guest_mem_write(&mem, fadt + 36, &wild, 4, &err), &err);
	CHECK_EQ(acpi_waking_vector(&mem, rsdp), 0);
	CHECK_EQ(acpi_waking_vector(&mem, 0), 0);
}

TEST(rsdp_where_guests_look)
{
	gpa_t rsdp = build_acpi(1), rsdt;

	CHECK(rsdp >= 0xe0000 && rsdp < 0x100000 && !(rsdp & 15));
	CHECK_HAS(guest_str(&mem, rsdp), "RSD PTR ");
	CHECK_EQ(sum(rsdp, 20), 0);
	CHECK_EQ(sum(rsdp, 36), 0);
	rsdt = guest_get(&mem, rsdp + 16, 4);
	CHECK_EQ(sum(rsdt, guest_get(&mem, rsdt + 4, 4)), 0);
	CHECK_EQ(guest_get(&mem, rsdt + 36, 4), table(rsdp, "FACP"));
	CHECK_EQ(guest_get(&mem, rsdt + 40, 4), table(rsdp, "APIC"));
}

TEST(fadt_fields_lie_where_the_specification_says)
{
	gpa_t fadt = table(build_acpi(1), "FACP"), dsdt, facs;

	CHECK_EQ(guest_get(&mem, fadt + 4, 4), 268);
	CHECK_EQ(guest_get(&mem, fadt + 46, 2), 9);
	CHECK_EQ(guest_get(&mem, fadt + 56, 4), ACPI_PM1A_EVT);
	CHECK_EQ(guest_get(&mem, fadt + 64, 4), ACPI_PM1A_CNT);
	CHECK_EQ(guest_get(&mem, fadt + 76, 4), ACPI_PM_TMR);
	CHECK_EQ(guest_get(&mem, fadt + 88, 4), 0x04000204);
	CHECK_EQ(guest_get(&mem, fadt + 109, 2), 7);
	CHECK_EQ(guest_get(&mem, fadt + 112, 4), 0x465);
	CHECK_EQ(guest_get(&mem, fadt + 120, 8), 0xcf9);
	CHECK_EQ(guest_get(&mem, fadt + 128, 1), 6);
	CHECK_EQ(guest_get(&mem, fadt + 152, 8), ACPI_PM1A_EVT);
	CHECK_EQ(guest_get(&mem, fadt + 176, 8), ACPI_PM1A_CNT);
	CHECK_EQ(guest_get(&mem, fadt + 212, 8), ACPI_PM_TMR);
	dsdt = guest_get(&mem, fadt + 140, 8);
	CHECK_EQ(guest_get(&mem, fadt + 40, 4), dsdt);
	CHECK_EQ(sum(dsdt, guest_get(&mem, dsdt + 4, 4)), 0);
	facs = guest_get(&mem, fadt + 36, 4);
	CHECK_EQ(guest_get(&mem, facs, 4), 0x53434146);
	CHECK_EQ(facs & 63, 0);
}

TEST(aml_lengths_add_up)
{
	gpa_t fadt = table(build_acpi(1), "FACP");
	gpa_t dsdt = guest_get(&mem, fadt + 40, 4), end, scope, device;

	end = dsdt + guest_get(&mem, dsdt + 4, 4);
	/* Name \_S5_ Package */
	CHECK_EQ(guest_get(&mem, dsdt + 36 + 6, 1), 0x12);
	scope = dsdt + 36 + 7 + guest_get(&mem, dsdt + 36 + 7, 1);
	CHECK_EQ(guest_get(&mem, scope, 1), 0x10);
	CHECK_EQ(scope + 1 + guest_get(&mem, scope + 1, 1), end);
	device = scope + 7;
	CHECK_EQ(guest_get(&mem, device, 2), 0x825b);
	CHECK_EQ(device + 2 + guest_get(&mem, device + 2, 1), end);
	/* _CRS's buffer is the last thing in it: 16 bytes, 13 of data */
	CHECK_EQ(guest_get(&mem, end - 17, 4), 0x0d0a1011);
	CHECK_EQ(guest_get(&mem, end - 19 + 17, 2), 0x0079);
}

TEST(madt_lists_every_processor)
{
	static const unsigned int counts[] = {1, 2, 255, 256, 1024};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		gpa_t madt = table(build_acpi(counts[i]), "APIC"), at, end;
		unsigned int n[16] = {0};

		end = madt + guest_get(&mem, madt + 4, 4);
		for (at = madt + 44; at < end;
		     at += guest_get(&mem, at + 1, 1)) {
			CHECK(guest_get(&mem, at, 1) < 16);
			CHECK(guest_get(&mem, at + 1, 1) >= 2);
			n[guest_get(&mem, at, 1)]++;
		}
		CHECK_EQ(at, end);
		CHECK_EQ(n[0] + n[9], counts[i]);
		CHECK_EQ(n[1], 1);
		CHECK_EQ(n[2], 2);
	}
}

TEST(too_many_processors_for_acpi)
{
	gpa_t rsdp = 77;

	image_memory(&mem, 1);
	CHECK(!acpi_build(&mem, 100000, &wiring, &rsdp, &err));
	CHECK_HAS(err.msg, "100000");
	CHECK_EQ(rsdp, 77);
}

static void check_mp(unsigned int vcpus, unsigned int listed)
{
	static const unsigned int size[] = {20, 8, 8, 8, 8};
	const gpa_t fp = 0x9fc00;
	unsigned int n[5] = {0}, entries;
	gpa_t cfg, at;

	guest_mem_deinit(&mem);
	image_memory(&mem, 1);
	CHECK_OK(mptable_build(&mem, vcpus, &wiring, &err), &err);
	CHECK_HAS(guest_str(&mem, fp), "_MP_");
	CHECK_EQ(sum(fp, 16), 0);
	CHECK_EQ(guest_get(&mem, 0x40e, 2), 0x9fc0);
	CHECK_EQ(guest_get(&mem, 0x413, 2), 639);
	cfg = guest_get(&mem, fp + 4, 4);
	CHECK_EQ(guest_get(&mem, cfg, 4), 0x504d4350);
	CHECK_EQ(sum(cfg, guest_get(&mem, cfg + 4, 2)), 0);
	CHECK_EQ(guest_get(&mem, cfg + 36, 4), 0xfee00000);
	entries = guest_get(&mem, cfg + 34, 2);
	at = cfg + 44;
	for (unsigned int i = 0; i < entries; i++) {
		unsigned int type = guest_get(&mem, at, 1);

		CHECK(type < 5);
		n[type]++;
		at += size[type];
	}
	CHECK_EQ(at, cfg + guest_get(&mem, cfg + 4, 2));
	CHECK_EQ(n[0], listed);
	CHECK_EQ(guest_get(&mem, cfg + 44 + 3, 1), 3); /* the boot processor */
	CHECK_EQ(n[2], 1);
	CHECK_EQ(n[3], 15);
	CHECK_EQ(n[4], 1 + wiring.has_pic);
}

TEST(mp_table_of_few_and_many)
{
	check_mp(1, 1);
	check_mp(4, 4);
	check_mp(40, 40);
	check_mp(41, 41);
	check_mp(254, 254);
	check_mp(1000, 254);
}

TEST(tables_without_8259s)
{
	gpa_t madt = table(build_acpi(1), "APIC");

	CHECK_EQ(guest_get(&mem, madt + 40, 4), 1);
	wiring = (struct boot_wiring){.has_ioapic = true,
				      .ioapic_version = 0x20};
	madt = table(build_acpi(1), "APIC");
	CHECK_EQ(guest_get(&mem, madt + 40, 4), 0);
	check_mp(2, 2); /* no ExtINT */
	/* header, 2 processors, bus, IOAPIC: type, id, version */
	CHECK_EQ(guest_get(&mem, 0x9fc10 + 44 + 2 * 20 + 8, 3), 0x200202);
}

/* What Linux finds for "LNRO0005": the bytes behind the device's name. */
TEST(virtio_devices_are_in_the_dsdt)
{
	gpa_t rsdp, dsdt, at = 0;
	uint32_t len;

	wiring.virtios = 2;
	wiring.virtio[0] = (struct boot_virtio){0xd0000000, 5};
	wiring.virtio[1] = (struct boot_virtio){0xd0001000, 10};
	rsdp = build_acpi(1);
	wiring.virtios = 0;
	dsdt = guest_get(&mem, table(rsdp, "FACP") + 40, 4);
	len = (uint32_t)guest_get(&mem, dsdt + 4, 4);
	CHECK_EQ(sum(dsdt, len), 0);
	for (gpa_t i = dsdt; i < dsdt + len; i++)
		if (!strncmp(guest_str(&mem, i), "VIR1", 4))
			at = i;
	CHECK(at);
	CHECK_STR(guest_str(&mem, at + 10), "LNRO0005");
	CHECK_EQ(guest_get(&mem, at + 25, 1), 1);	   /* _UID */
	CHECK_EQ(guest_get(&mem, at + 45, 4), 0xd0001000); /* _CRS */
	CHECK_EQ(guest_get(&mem, at + 58, 4), 10);
	/* the scope and the two devices end where the table does */
	CHECK_EQ(at + 64, dsdt + len);
}
