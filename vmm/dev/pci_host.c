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

static struct pci_host *of(struct device *dev)
{
	return (struct pci_host *)dev;
}

/* Offset in the bridge's configuration, or -1: no device there. */
static int config_offset(const struct pci_host *p, uint64_t port)
{
	if (!(p->s.address & ADDRESS_ENABLE) || p->s.address & 0xffff00)
		return -1;
	return (int)((p->s.address & 0xfc) + (port - OFF_DATA));
}

static uint64_t pci_read(struct device *dev, uint64_t offset, unsigned int size)
{
	struct pci_host *p = of(dev);
	uint64_t value = BITS(8 * size - 1, 0);
	int at;

	if (offset == OFF_ADDRESS && size == 4)
		return p->s.address;
	if (offset == OFF_RESET && size == 1)
		return reset_port_region.read(&p->reset->dev, 0, 1);
	if (offset < OFF_DATA)
		return value;
	at = config_offset(p, offset);
	if (at < 0 || (unsigned int)at + size > sizeof(p->s.config))
		return value;
	value = 0;
	memcpy(&value, p->s.config + at, size);
	return value;
}

static bool is_writable(unsigned int reg)
{
	return reg == REG_COMMAND || reg == REG_COMMAND + 1 ||
	       (reg >= REG_PAM && reg < REG_PAM_END) || reg == REG_SMRAM;
}

static void pci_write(struct device *dev, uint64_t offset, unsigned int size,
		      uint64_t value)
{
	struct pci_host *p = of(dev);
	int at;

	if (offset == OFF_ADDRESS && size == 4) {
		p->s.address = (uint32_t)value & ADDRESS_WRITABLE;
		return;
	}
	if (offset == OFF_RESET && size == 1) {
		reset_port_region.write(&p->reset->dev, 0, 1, value);
		return;
	}
	at = offset < OFF_DATA ? -1 : config_offset(p, offset);
	for (unsigned int i = 0; at >= 0 && i < size; i++) {
		unsigned int reg = (unsigned int)at + i;

		if (reg < sizeof(p->s.config) && is_writable(reg))
			p->s.config[reg] = (uint8_t)(value >> (8 * i));
	}
}

static const uint8_t header[] = {
	0x86, 0x80, 0x37, 0x12, /* 8086:1237 */
	0x06, 0x00, 0x80, 0x02, /* command, status */
	0x02, 0x00, 0x00, 0x06, /* revision; class: host bridge */
};

static void pci_reset(struct device *dev)
{
	struct pci_host *p = of(dev);

	p->s.address = 0;
	memset(p->s.config, 0, sizeof(p->s.config));
	memcpy(p->s.config, header, sizeof(header));
}

static const char *pci_reg_name(struct device *dev, uint64_t offset, bool write)
{
	if (offset == OFF_RESET)
		return "reset control";
	if (offset < OFF_DATA)
		return "CONFIG_ADDRESS";
	/* of which device, arch/exit/namer.c adds */
	return config_offset(of(dev), offset) < 0 ? "CONFIG_DATA (no device)"
						  : "CONFIG_DATA";
}

/* Only what the guest could have written may differ. */
static bool pci_check(const struct device *dev, const void *state,
		      struct err *err)
{
	const struct pci_host_state *s = state;

	if (s->address & ~ADDRESS_WRITABLE)
		return err_set(err, ERR_MALFORMED, "address cannot be 0x%x",
			       s->address);
	for (unsigned int i = 0; i < sizeof(s->config); i++)
		if (!is_writable(i) &&
		    s->config[i] != (i < sizeof(header) ? header[i] : 0))
			return err_set(err, ERR_MALFORMED,
				       "config[0x%x] is read-only and cannot "
				       "be 0x%x",
				       i, s->config[i]);
	return true;
}

#define S struct pci_host_state
static const struct device_reg pci_regs[] = {
	DEVICE_REG_AS(S, address, "CONFIG_ADDRESS"),
	DEVICE_REGS_AS(S, config, "config"),
	{.name = NULL},
};

static const struct wire_layout pci_layout = {
	.name = "pci-host",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_U32(S, address), WIRE_RAW(S, config), {.kind = WIRE_END}}};
#undef S

static const struct device_class pci_class = {
	.name = "pci-host",
	.about = "i440FX PCI host bridge",
	.state_offset = offsetof(struct pci_host, s),
	.state = &pci_layout,
	.regs = pci_regs,
	.reset = pci_reset,
	.check = pci_check,
};

const struct region_ops pci_host_region = {
	.name = "pci-host",
	.read = pci_read,
	.write = pci_write,
	.reg_name = pci_reg_name,
};

void pci_host_init(struct pci_host *p, struct port *reset)
{
	memset(p, 0, sizeof(*p));
	device_init(&p->dev, &pci_class, NULL);
	p->reset = reset;
	pci_reset(&p->dev);
}
