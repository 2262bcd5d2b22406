#include "vmm/dev/pci_host.h"

#include <string.h>

enum {
	OFF_ADDRESS = 0,
	OFF_RESET = 1, /* port 0xcf9 */
	OFF_DATA = 4,

	REG_COMMAND = 0x04,
	REG_PAM = 0x59,
	REG_PAM_END = 0x60,
	REG_SMRAM = 0x72,
};

#define ADDRESS_ENABLE	 UINT32_C(0x80000000)
#define ADDRESS_WRITABLE UINT32_C(0x80fffffc)

static struct pci_host *of(struct bus_device *dev)
{
	return (struct pci_host *)dev;
}

/* Offset in the bridge's configuration, or -1: no device there. */
static int config_offset(const struct pci_host *p, uint64_t port)
{
	if (!(p->address & ADDRESS_ENABLE) || p->address & 0xffff00)
		return -1;
	return (int)((p->address & 0xfc) + (port - OFF_DATA));
}

static uint64_t pci_read(struct bus_device *dev, uint64_t offset,
			 unsigned int size)
{
	struct pci_host *p = of(dev);
	uint64_t value = BITS(8 * size - 1, 0);
	int at;

	if (offset == OFF_ADDRESS && size == 4)
		return p->address;
	if (offset == OFF_RESET && size == 1)
		return p->reset->ops->read(p->reset, 0, 1);
	if (offset < OFF_DATA)
		return value;
	at = config_offset(p, offset);
	if (at < 0 || (unsigned int)at + size > sizeof(p->config))
		return value;
	value = 0;
	memcpy(&value, p->config + at, size);
	return value;
}

static bool is_writable(unsigned int reg)
{
	return reg == REG_COMMAND || reg == REG_COMMAND + 1 ||
	       (reg >= REG_PAM && reg < REG_PAM_END) || reg == REG_SMRAM;
}

static void pci_write(struct bus_device *dev, uint64_t offset,
		      unsigned int size, uint64_t value)
{
	struct pci_host *p = of(dev);
	int at;

	if (offset == OFF_ADDRESS && size == 4) {
		p->address = (uint32_t)value & ADDRESS_WRITABLE;
		return;
	}
	if (offset == OFF_RESET && size == 1) {
		p->reset->ops->write(p->reset, 0, 1, value);
		return;
	}
	at = offset < OFF_DATA ? -1 : config_offset(p, offset);
	for (unsigned int i = 0; at >= 0 && i < size; i++) {
		unsigned int reg = (unsigned int)at + i;

		if (reg < sizeof(p->config) && is_writable(reg))
			p->config[reg] = (uint8_t)(value >> (8 * i));
	}
}

static void pci_reset(struct bus_device *dev)
{
	static const uint8_t header[] = {
		0x86, 0x80, 0x37, 0x12, /* 8086:1237 */
		0x06, 0x00, 0x80, 0x02, /* command, status */
		0x02, 0x00, 0x00, 0x06, /* revision; class: host bridge */
	};
	struct pci_host *p = of(dev);

	p->address = 0;
	memset(p->config, 0, sizeof(p->config));
	memcpy(p->config, header, sizeof(header));
	if (p->reset->ops->reset)
		p->reset->ops->reset(p->reset);
}

static const char *pci_reg_name(struct bus_device *dev, uint64_t offset,
				bool write)
{
	if (offset == OFF_RESET)
		return "reset control";
	if (offset < OFF_DATA)
		return "CONFIG_ADDRESS";
	/* of which device, arch/exit/namer.c adds */
	return config_offset(of(dev), offset) < 0 ? "CONFIG_DATA (no device)"
						  : "CONFIG_DATA";
}

static const struct bus_device_ops pci_ops = {
	.name = "pci-host",
	.read = pci_read,
	.write = pci_write,
	.reset = pci_reset,
	.reg_name = pci_reg_name,
};

void pci_host_init(struct pci_host *p, struct bus_device *reset)
{
	memset(p, 0, sizeof(*p));
	p->dev.ops = &pci_ops;
	p->reset = reset;
	pci_reset(&p->dev);
}
