#include "arch/exit/namer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/exit/ports.h"
#include "arch/exit/text.h"
#include "arch/msr_names.h"

/* ---- index and data ---- */

static const char *crtc_register(unsigned int index)
{
	static const char *const names[] = {
		"horizontal total",
		"horizontal display end",
		"horizontal blank start",
		"horizontal blank end",
		"horizontal retrace start",
		"horizontal retrace end",
		"vertical total",
		"overflow",
		"preset row scan",
		"maximum scan line",
		"cursor start",
		"cursor end",
		"start address high",
		"start address low",
		"cursor location high",
		"cursor location low",
		"vertical retrace start",
		"vertical retrace end",
		"vertical display end",
		"offset",
		"underline location",
		"vertical blank start",
		"vertical blank end",
		"mode control",
		"line compare",
	};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static const char *sequencer_register(unsigned int index)
{
	static const char *const names[] = {"reset", "clocking mode",
					    "map mask", "character map",
					    "memory mode"};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static const char *graphics_register(unsigned int index)
{
	static const char *const names[] = {
		"set/reset",	 "enable set/reset", "color compare",
		"data rotate",	 "read map",	     "mode",
		"miscellaneous", "color don't care", "bit mask",
	};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static const char *dispi_register(unsigned int index)
{
	static const char *const names[] = {
		"ID",	    "X resolution", "Y resolution",  "bits per pixel",
		"enable",   "bank",	    "virtual width", "virtual height",
		"X offset", "Y offset",
	};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static const char *fw_cfg_item(unsigned int index)
{
	static const char *const names[] = {
		[0x00] = "signature",	 [0x01] = "interface",
		[0x03] = "RAM size",	 [0x05] = "number of CPUs",
		[0x08] = "kernel size",	 [0x0b] = "initrd size",
		[0x0f] = "maximum CPUs", [0x11] = "kernel data",
		[0x12] = "initrd data",	 [0x14] = "command line size",
		[0x15] = "command line", [0x17] = "setup size",
		[0x18] = "setup data",	 [0x19] = "file directory",
	};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static const char *ioapic_register(unsigned int index)
{
	static const char *const names[] = {"id", "version", "arbitration"};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

/* An address that selects, and one where the selected register is. */
static const struct index_pair {
	enum port_space space;
	uint32_t index, data;
	uint32_t mask; /* bits of the index that count */
	const char *(*name)(unsigned int index);
} pairs[] = {
	{SPACE_PIO, 0x02e, 0x02f, 0xff, NULL},
	{SPACE_PIO, 0x04e, 0x04f, 0xff, NULL},
	{SPACE_PIO, 0x070, 0x071, 0x7f, cmos_register},
	{SPACE_PIO, 0x072, 0x073, 0xff, NULL},
	{SPACE_PIO, 0x1ce, 0x1cf, 0xffff, dispi_register},
	{SPACE_PIO, 0x1ce, 0x1d0, 0xffff, dispi_register},
	{SPACE_PIO, 0x3b4, 0x3b5, 0xff, crtc_register},
	{SPACE_PIO, 0x3c4, 0x3c5, 0xff, sequencer_register},
	{SPACE_PIO, 0x3ce, 0x3cf, 0xff, graphics_register},
	{SPACE_PIO, 0x3d4, 0x3d5, 0xff, crtc_register},
	{SPACE_PIO, 0x510, 0x511, 0xffff, fw_cfg_item},
	{SPACE_PIO, 0xcd6, 0xcd7, 0xff, NULL},
	{SPACE_MMIO, 0xfec00000, 0xfec00010, 0xff, ioapic_register},
};
_Static_assert(ARRAY_SIZE(pairs) <= NAMER_PAIRS, "a place for each pair");

static enum port_space space_of(const struct exit_record *e)
{
	return e->reason == EXIT_IO ? SPACE_PIO : SPACE_MMIO;
}

static void put_indexed(const struct index_pair *p, const char *reg,
			uint32_t index, struct exit_name *name)
{
	const char *what = p->name ? p->name(index) : NULL;

	if (p->space == SPACE_MMIO && index >= 0x10 && index < 0x100)
		snprintf(name->reg, sizeof(name->reg), "%s[redirection %u %s]",
			 reg, (index - 0x10) / 2, index & 1 ? "high" : "low");
	else if (what)
		snprintf(name->reg, sizeof(name->reg), "%s[%s]", reg, what);
	else
		snprintf(name->reg, sizeof(name->reg), "%s[0x%x]", reg, index);
}

static bool name_pair(struct exit_namer *n, const struct exit_record *e,
		      const char *reg, struct exit_name *name)
{
	bool named = false;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct index_pair *p = &pairs[i];

		if (p->space != space_of(e))
			continue;
		if (e->where == p->index && e->is_write) {
			n->pair[i].known = true;
			n->pair[i].index = (uint32_t)e->value & p->mask;
		} else if (e->where != p->data && e->where != p->index) {
			continue;
		}
		if (!n->pair[i].known || (e->where == p->index && !e->is_write))
			continue;
		put_indexed(p, reg, n->pair[i].index, name);
		named = true;
	}
	return named;
}

/* ---- PCI configuration mechanism #1 ---- */

static bool name_pci(struct exit_namer *n, const struct exit_record *e,
		     const char *reg, struct exit_name *name)
{
	uint32_t a, offset;
	const char *what;

	if (e->reason != EXIT_IO || e->where < 0xcf8 || e->where > 0xcff)
		return false;
	if (e->where == 0xcf8 && e->is_write && e->size == 4) {
		n->pci_known = true;
		n->pci_address = (uint32_t)e->value;
	} else if (e->where < 0xcfc) {
		return false;
	}
	a = n->pci_address;
	if (!n->pci_known || !(a & BIT(31)))
		return false;
	offset = (a & 0xfc) + (e->where >= 0xcfc ? (uint32_t)e->where & 3 : 0);
	what = pci_config_register(offset);
	snprintf(name->reg, sizeof(name->reg), "%s[%02x:%02x.%x 0x%02x%s%s]",
		 reg, a >> 16 & 0xff, a >> 11 & 0x1f, a >> 8 & 7, offset,
		 what ? " " : "", what ? what : "");
	return true;
}

/* ---- 8259 ---- */

/* Which initialization word follows the one just written, 0 = none. */
static uint8_t next_icw(bool single, bool wants_icw4, uint8_t icw)
{
	if (icw == 2 && !single)
		return 3;
	return (icw == 2 || icw == 3) && wants_icw4 ? 4 : 0;
}

static const char *pic_write(struct exit_namer *n, unsigned int chip, bool data,
			     uint8_t value)
{
	static const char *const icw_names[] = {
		"OCW1 mask", NULL, "ICW2 vector base", "ICW3 cascade", "ICW4"};
	uint8_t icw = n->pic[chip].icw;

	if (data) {
		n->pic[chip].icw = next_icw(n->pic[chip].single,
					    n->pic[chip].wants_icw4, icw);
		return icw_names[icw];
	}
	if (value & 0x10) {
		n->pic[chip].icw = 2;
		n->pic[chip].single = value & 2;
		n->pic[chip].wants_icw4 = value & 1;
		n->pic[chip].reads_isr = false;
		return "ICW1";
	}
	if (!(value & 8))
		return value & 0x20 ? "OCW2 EOI" : "OCW2";
	if (value & 2)
		n->pic[chip].reads_isr = value & 1;
	return "OCW3";
}

static bool name_pic(struct exit_namer *n, const struct exit_record *e,
		     struct exit_name *name)
{
	uint64_t port = e->where & ~UINT64_C(1);
	bool data = e->where & 1;
	unsigned int chip = port == 0xa0;
	const char *what;

	if (e->reason != EXIT_IO || (port != 0x20 && port != 0xa0))
		return false;
	if (e->is_write)
		what = pic_write(n, chip, data, (uint8_t)e->value);
	else if (data)
		what = "OCW1 mask";
	else
		what = n->pic[chip].reads_isr ? "ISR" : "IRR";
	snprintf(name->reg, sizeof(name->reg), "%s %s",
		 chip ? "slave" : "master", what);
	return true;
}

/* ---- 8254 ---- */

static bool name_pit_control(struct exit_namer *n, uint8_t value,
			     struct exit_name *name)
{
	static const char *const access[] = {"latch", "low byte", "high byte",
					     "low and high byte"};
	unsigned int counter = value >> 6, how = value >> 4 & 3;

	if (counter == 3) {
		snprintf(name->reg, sizeof(name->reg), "control[read back]");
		return true;
	}
	if (how) {
		n->pit[counter].access = (uint8_t)how;
		n->pit[counter].high = false;
		snprintf(name->reg, sizeof(name->reg),
			 "control[counter %u, %s, mode %u]", counter,
			 access[how], value >> 1 & 7);
		return true;
	}
	snprintf(name->reg, sizeof(name->reg), "control[counter %u, %s]",
		 counter, access[how]);
	return true;
}

static bool name_pit(struct exit_namer *n, const struct exit_record *e,
		     struct exit_name *name)
{
	unsigned int counter = (unsigned int)e->where - 0x40;
	bool high;

	if (e->reason != EXIT_IO || e->where < 0x40 || e->where > 0x43 ||
	    !e->is_write)
		return false;
	if (counter == 3)
		return name_pit_control(n, (uint8_t)e->value, name);
	if (!n->pit[counter].access)
		return false;
	high = n->pit[counter].access == 2;
	if (n->pit[counter].access == 3) {
		high = n->pit[counter].high;
		n->pit[counter].high = !high;
	}
	snprintf(name->reg, sizeof(name->reg), "counter %u[%s byte]", counter,
		 high ? "high" : "low");
	return true;
}

/* ---- all of it ---- */

void exit_namer_init(struct exit_namer *n)
{
	memset(n, 0, sizeof(*n));
}

static bool is_bus_access(const struct exit_record *e)
{
	return !e->run_errno &&
	       (e->reason == EXIT_IO || e->reason == EXIT_MMIO);
}

void exit_namer_next(struct exit_namer *n, const struct exit_record *e,
		     struct exit_name *name)
{
	const char *reg = e->reg;
	char msr[MSR_NAME_MAX] = "";

	*name = (struct exit_name){.device = e->device,
				   .claimed = e->device != NULL};
	if (!is_bus_access(e)) {
		if (exit_record_is_access(e))
			msr_name((uint32_t)e->where, msr);
		snprintf(name->reg, sizeof(name->reg), "%s", reg ? reg : msr);
		return;
	}
	if (!name->device)
		name->device = port_device(space_of(e), e->where);
	if (!reg)
		reg = port_register(space_of(e), e->where, e->is_write);
	if (!reg)
		reg = "";
	if (name_pci(n, e, reg, name))
		return;
	/* state first: it is to be kept whoever names the access */
	if ((name_pair(n, e, reg, name) || name_pic(n, e, name) ||
	     name_pit(n, e, name)) &&
	    !e->reg)
		return;
	snprintf(name->reg, sizeof(name->reg), "%s", reg);
}

void exit_name_print(struct buf *out, const struct exit_record *e,
		     const struct exit_name *name)
{
	const char *gap = "";

	if (is_bus_access(e) && !name->claimed) {
		buf_str(out, "unclaimed");
		gap = ": ";
	}
	if (name->device) {
		buf_printf(out, "%s%s", gap, name->device);
		gap = " ";
	}
	if (name->reg[0])
		buf_printf(out, "%s%s", gap, name->reg);
}
