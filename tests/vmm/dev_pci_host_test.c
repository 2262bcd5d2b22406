#include "tests/test.h"
#include "vmm/dev/pci_host.h"
#include "vmm/dev/ports.h"

static struct pci_host p;
static struct port reset;
static unsigned int resets;

static void on_reset(void *ctx, const char *by)
{
	resets++;
}

static const struct machine_ops machine = {.reset = on_reset};

static void setup(void)
{
	resets = 0;
	reset_port_init(&reset, &machine);
	pci_host_init(&p, &reset);
}

static uint64_t rd(uint32_t address, unsigned int offset, unsigned int size)
{
	pci_host_region.write(&p.dev, 0, 4, address);
	return pci_host_region.read(&p.dev, 4 + offset, size);
}

TEST(the_bridge_is_there_and_nothing_else)
{
	setup();
	CHECK_EQ(rd(0x80000000, 0, 4), 0x12378086);
	CHECK_EQ(rd(0x80000000, 2, 2), 0x1237);
	CHECK_EQ(rd(0x80000008, 0, 4), 0x06000002);
	CHECK_EQ(rd(0x80000800, 0, 4), 0xffffffff); /* 00:01.0 */
	CHECK_EQ(rd(0x80000100, 0, 4), 0xffffffff); /* 00:00.1 */
	CHECK_EQ(rd(0x80010000, 0, 2), 0xffff);	    /* 01:00.0 */
	CHECK_EQ(rd(0, 0, 4), 0xffffffff);	    /* not enabled */
	CHECK_EQ(pci_host_region.read(&p.dev, 0, 4), 0);
}

TEST(pam_keeps_what_is_written_identity_does_not)
{
	setup();
	pci_host_region.write(&p.dev, 0, 4, 0x80000058);
	pci_host_region.write(&p.dev, 5, 1, 0x33);
	CHECK_EQ(rd(0x80000058, 1, 1), 0x33);
	pci_host_region.write(&p.dev, 0, 4, 0x80000000);
	pci_host_region.write(&p.dev, 4, 4, 0);
	CHECK_EQ(rd(0x80000000, 0, 4), 0x12378086);
	p.dev.class->reset(&p.dev);
	CHECK_EQ(rd(0x80000058, 1, 1), 0);
}

TEST(a_dword_with_the_reset_byte_is_no_reset)
{
	setup();
	pci_host_region.write(&p.dev, 0, 4, 0x80000600);
	CHECK_EQ(resets, 0);
	pci_host_region.write(&p.dev, 1, 1, 6);
	CHECK_EQ(resets, 1);
}
