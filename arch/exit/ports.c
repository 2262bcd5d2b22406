#include "arch/exit/ports.h"

#include <stddef.h>

#include "base/bits.h"

#define LAPIC_BASE UINT64_C(0xfee00000)

/* One register of a device: read and write may be different ones. */
struct reg_name {
	uint32_t offset, len;
	const char *read, *write; /* write NULL: the same */
};

/* A device's place; its registers repeat in every place it has. */
struct place {
	enum port_space space;
	uint64_t first, last;
	const char *device;
	const struct reg_name *regs; /* ended by a NULL read */
};

#define R(o, n)               \
	{                     \
		o, 1, n, NULL \
	}
#define RL(o, l, n)           \
	{                     \
		o, l, n, NULL \
	}
#define RW(o, r, w)        \
	{                  \
		o, 1, r, w \
	}
#define END                      \
	{                        \
		0, 0, NULL, NULL \
	}

static const struct reg_name dma1[] = {
	R(0, "channel 0 address"),
	R(1, "channel 0 count"),
	R(2, "channel 1 address"),
	R(3, "channel 1 count"),
	R(4, "channel 2 address"),
	R(5, "channel 2 count"),
	R(6, "channel 3 address"),
	R(7, "channel 3 count"),
	RW(8, "status", "command"),
	R(9, "request"),
	R(10, "single mask"),
	R(11, "mode"),
	R(12, "clear flip-flop"),
	RW(13, "temporary", "master clear"),
	R(14, "clear mask"),
	R(15, "all masks"),
	END,
};

/* The second controller's registers are two ports apart. */
static const struct reg_name dma2[] = {
	RL(0, 2, "channel 4 address"),
	RL(2, 2, "channel 4 count"),
	RL(4, 2, "channel 5 address"),
	RL(6, 2, "channel 5 count"),
	RL(8, 2, "channel 6 address"),
	RL(10, 2, "channel 6 count"),
	RL(12, 2, "channel 7 address"),
	RL(14, 2, "channel 7 count"),
	{16, 2, "status", "command"},
	RL(18, 2, "request"),
	RL(20, 2, "single mask"),
	RL(22, 2, "mode"),
	RL(24, 2, "clear flip-flop"),
	{26, 2, "temporary", "master clear"},
	RL(28, 2, "clear mask"),
	RL(30, 2, "all masks"),
	END,
};

static const struct reg_name dma_page[] = {
	R(0, "channel 2 page"),	 R(1, "channel 3 page"), R(2, "channel 1 page"),
	R(6, "channel 0 page"),	 R(8, "channel 6 page"), R(9, "channel 7 page"),
	R(10, "channel 5 page"), R(14, "refresh page"),	 END,
};

static const struct reg_name pic_master[] = {R(0, "master command"),
					     R(1, "master data"), END};
static const struct reg_name pic_slave[] = {R(0, "slave command"),
					    R(1, "slave data"), END};
static const struct reg_name elcr[] = {R(0, "master triggers"),
				       R(1, "slave triggers"), END};
static const struct reg_name imcr[] = {R(0, "index"), R(1, "data"), END};
static const struct reg_name index_data[] = {R(0, "index"), R(1, "data"), END};
static const struct reg_name pit[] = {R(0, "counter 0"), R(1, "counter 1"),
				      R(2, "counter 2"), R(3, "control"), END};
static const struct reg_name keyboard_data[] = {R(0, "data"), END};
static const struct reg_name keyboard_command[] = {RW(0, "status", "command"),
						   END};
static const struct reg_name nmi_control[] = {R(0, "NMI status and speaker"),
					      END};
static const struct reg_name post[] = {R(0, "POST"), END};
static const struct reg_name control_a[] = {R(0, "control A"), END};
static const struct reg_name smi[] = {R(0, "APM command"), R(1, "APM status"),
				      END};
static const struct reg_name debugcon[] = {RW(0, "ID", "DATA"), END};
static const struct reg_name fpu[] = {R(0, "clear busy"), R(1, "reset"), END};
static const struct reg_name testdev[] = {
	RL(0, 4, "data"),
	RL(4, 4, "flush page"),
	RL(8, 1, "data"),
	END,
};
static const struct reg_name testdev_irq[] = {RL(0, 24, "IRQ line"), END};
static const struct reg_name debug_exit[] = {RL(0, 4, "EXIT"), END};

static const struct reg_name ide[] = {
	R(0, "data"),
	RW(1, "error", "features"),
	R(2, "sector count"),
	R(3, "LBA low"),
	R(4, "LBA mid"),
	R(5, "LBA high"),
	R(6, "device"),
	RW(7, "status", "command"),
	END,
};
static const struct reg_name ide_control[] = {
	RW(0, "alternate status", "device control"), END};

static const struct reg_name uart[] = {
	RW(0, "RBR", "THR"), R(1, "IER"), RW(2, "IIR", "FCR"),
	R(3, "LCR"),	     R(4, "MCR"), R(5, "LSR"),
	R(6, "MSR"),	     R(7, "SCR"), END,
};
static const struct reg_name parallel[] = {R(0, "data"), R(1, "status"),
					   R(2, "control"), END};
static const struct reg_name floppy[] = {
	R(0, "status A"),
	R(1, "status B"),
	R(2, "digital output"),
	R(3, "tape"),
	RW(4, "main status", "data rate"),
	R(5, "FIFO"),
	END,
};
static const struct reg_name floppy_input[] = {
	RW(0, "digital input", "configuration"), END};

static const struct reg_name vga[] = {
	R(0x00, "ATTR index and data"),
	R(0x01, "ATTR data"),
	RW(0x02, "input status 0", "misc output"),
	R(0x03, "subsystem enable"),
	R(0x04, "SEQ index"),
	R(0x05, "SEQ data"),
	R(0x06, "DAC mask"),
	RW(0x07, "DAC state", "DAC read index"),
	R(0x08, "DAC write index"),
	R(0x09, "DAC data"),
	R(0x0a, "feature control"),
	R(0x0c, "misc output"),
	R(0x0e, "GC index"),
	R(0x0f, "GC data"),
	R(0x14, "CRTC index"),
	R(0x15, "CRTC data"),
	R(0x18, "mode control"),
	R(0x19, "color select"),
	RW(0x1a, "input status 1", "feature control"),
	END,
};
static const struct reg_name vga_mono[] = {
	R(0, "CRTC index"),
	R(1, "CRTC data"),
	R(4, "mode control"),
	RW(6, "input status 1", "feature control"),
	END,
};
static const struct reg_name dispi[] = {RL(0, 1, "DISPI index"),
					RL(1, 2, "DISPI data"), END};

static const struct reg_name fw_cfg[] = {
	R(0, "selector"),
	R(1, "data"),
	RL(4, 4, "DMA address high"),
	RL(8, 4, "DMA address low"),
	END,
};
static const struct reg_name acpi_pm[] = {
	RL(0, 2, "PM1_STS"),
	RL(2, 2, "PM1_EN"),
	RL(4, 2, "PM1_CNT"),
	RL(8, 4, "PM_TMR"),
	END,
};
static const struct reg_name unnamed[] = {END};
static const struct reg_name pci_address[] = {RL(0, 4, "CONFIG_ADDRESS"), END};
static const struct reg_name pci_data[] = {RL(0, 4, "CONFIG_DATA"), END};
static const struct reg_name reset_control[] = {R(0, "reset control"), END};
static const struct reg_name vmware[] = {R(0, "backdoor"),
					 R(1, "high-bandwidth backdoor"), END};

static const struct reg_name ioapic[] = {
	RL(0x00, 4, "IOREGSEL"),
	RL(0x10, 4, "IOWIN"),
	RL(0x20, 4, "IRQ pin"),
	RL(0x40, 4, "EOI"),
	END,
};
#define HPET_TIMER(n)                                                 \
	RL(0x100 + 0x20 * (n), 8, "timer " #n " configuration"),      \
		RL(0x108 + 0x20 * (n), 8, "timer " #n " comparator"), \
		RL(0x110 + 0x20 * (n), 8, "timer " #n " FSB route")
static const struct reg_name hpet[] = {
	RL(0x00, 8, "GCAP_ID"),
	RL(0x10, 8, "GEN_CONF"),
	RL(0x20, 8, "GINTR_STA"),
	RL(0xf0, 8, "MAIN_CNT"),
	HPET_TIMER(0),
	HPET_TIMER(1),
	HPET_TIMER(2),
	END,
};
static const struct reg_name vga_memory[] = {
	RL(0, 0x10000, "graphics memory"),
	RL(0x10000, 0x8000, "mono text memory"),
	RL(0x18000, 0x8000, "text memory"),
	END,
};

#undef R
#undef RL
#undef RW
#undef END

/* Ordered by space, then address. */
static const struct place places[] = {
	{SPACE_PIO, 0x000, 0x00f, "dma", dma1},
	{SPACE_PIO, 0x020, 0x021, "pic", pic_master},
	{SPACE_PIO, 0x022, 0x023, "imcr", imcr},
	{SPACE_PIO, 0x02e, 0x02f, "superio", index_data},
	{SPACE_PIO, 0x040, 0x043, "pit", pit},
	{SPACE_PIO, 0x04e, 0x04f, "superio", index_data},
	{SPACE_PIO, 0x060, 0x060, "i8042", keyboard_data},
	{SPACE_PIO, 0x061, 0x061, "nmi", nmi_control},
	{SPACE_PIO, 0x064, 0x064, "i8042", keyboard_command},
	{SPACE_PIO, 0x070, 0x071, "cmos", index_data},
	{SPACE_PIO, 0x072, 0x073, "cmos", index_data},
	{SPACE_PIO, 0x080, 0x080, "post", post},
	{SPACE_PIO, 0x081, 0x08f, "dma", dma_page},
	{SPACE_PIO, 0x092, 0x092, "port92", control_a},
	{SPACE_PIO, 0x0a0, 0x0a1, "pic", pic_slave},
	{SPACE_PIO, 0x0b2, 0x0b3, "smi", smi},
	{SPACE_PIO, 0x0c0, 0x0df, "dma", dma2},
	{SPACE_PIO, 0x0e0, 0x0e8, "testdev", testdev},
	{SPACE_PIO, 0x0e9, 0x0e9, "debugcon", debugcon},
	{SPACE_PIO, 0x0f0, 0x0f1, "fpu", fpu},
	{SPACE_PIO, 0x0f4, 0x0f7, "isa-debug-exit", debug_exit},
	{SPACE_PIO, 0x170, 0x177, "ide", ide},
	{SPACE_PIO, 0x1ce, 0x1d0, "vga", dispi},
	{SPACE_PIO, 0x1f0, 0x1f7, "ide", ide},
	{SPACE_PIO, 0x278, 0x27a, "parallel", parallel},
	{SPACE_PIO, 0x2e8, 0x2ef, "16550", uart},
	{SPACE_PIO, 0x2f8, 0x2ff, "16550", uart},
	{SPACE_PIO, 0x376, 0x376, "ide", ide_control},
	{SPACE_PIO, 0x378, 0x37a, "parallel", parallel},
	{SPACE_PIO, 0x3b4, 0x3ba, "vga", vga_mono},
	{SPACE_PIO, 0x3bc, 0x3be, "parallel", parallel},
	{SPACE_PIO, 0x3c0, 0x3df, "vga", vga},
	{SPACE_PIO, 0x3e8, 0x3ef, "16550", uart},
	{SPACE_PIO, 0x3f0, 0x3f5, "floppy", floppy},
	{SPACE_PIO, 0x3f6, 0x3f6, "ide", ide_control},
	{SPACE_PIO, 0x3f7, 0x3f7, "floppy", floppy_input},
	{SPACE_PIO, 0x3f8, 0x3ff, "16550", uart},
	{SPACE_PIO, 0x402, 0x402, "debugcon", debugcon},
	{SPACE_PIO, 0x4d0, 0x4d1, "elcr", elcr},
	{SPACE_PIO, 0x510, 0x51b, "fw_cfg", fw_cfg},
	{SPACE_PIO, 0x600, 0x60b, "acpi-pm", acpi_pm},
	{SPACE_PIO, 0xcd6, 0xcd7, "amd-pm", index_data},
	{SPACE_PIO, 0xcf8, 0xcf8, "pci", pci_address},
	{SPACE_PIO, 0xcf9, 0xcf9, "reset", reset_control},
	{SPACE_PIO, 0xcfa, 0xcfb, "pci", pci_address},
	{SPACE_PIO, 0xcfc, 0xcff, "pci", pci_data},
	{SPACE_PIO, 0x2000, 0x2017, "testdev", testdev_irq},
	{SPACE_PIO, 0x5658, 0x5659, "vmware", vmware},
	{SPACE_PIO, 0xae00, 0xae17, "acpi-pci-hotplug", unnamed},
	{SPACE_PIO, 0xaf00, 0xaf1f, "acpi-cpu-hotplug", unnamed},
	{SPACE_MMIO, 0xa0000, 0xbffff, "vga", vga_memory},
	{SPACE_MMIO, 0xfec00000, 0xfec003ff, "ioapic", ioapic},
	{SPACE_MMIO, 0xfed00000, 0xfed003ff, "hpet", hpet},
	{SPACE_MMIO, 0xfed40000, 0xfed44fff, "tpm", unnamed},
	{SPACE_MMIO, 0xfed90000, 0xfed93fff, "iommu", unnamed},
	{SPACE_MMIO, 0xfee00000, 0xfee00fff, "lapic", unnamed},
	{SPACE_MMIO, 0xffc00000, 0xffffffff, "firmware", unnamed},
};

static const struct place *find_place(enum port_space space, uint64_t addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].space == space && addr >= places[i].first &&
		    addr <= places[i].last)
			return &places[i];
	return NULL;
}

const char *port_device(enum port_space space, uint64_t addr)
{
	const struct place *p = find_place(space, addr);

	return p ? p->device : NULL;
}

const char *port_device_at(unsigned int i)
{
	return i < ARRAY_SIZE(places) ? places[i].device : NULL;
}

const char *port_register(enum port_space space, uint64_t addr, bool write)
{
	const struct place *p = find_place(space, addr);

	if (!p)
		return NULL;
	if (space == SPACE_MMIO && p->first == LAPIC_BASE)
		return lapic_register((unsigned int)(addr - LAPIC_BASE));
	for (const struct reg_name *r = p->regs; r->read; r++)
		if (range_ok(r->offset, r->len, addr - p->first, 1))
			return write && r->write ? r->write : r->read;
	return NULL;
}

const char *cmos_register(unsigned int index)
{
	static const char *const names[0x80] = {
		[0x00] = "seconds",
		[0x01] = "seconds alarm",
		[0x02] = "minutes",
		[0x03] = "minutes alarm",
		[0x04] = "hours",
		[0x05] = "hours alarm",
		[0x06] = "weekday",
		[0x07] = "day",
		[0x08] = "month",
		[0x09] = "year",
		[0x0a] = "RTC_A",
		[0x0b] = "RTC_B",
		[0x0c] = "RTC_C",
		[0x0d] = "RTC_D",
		[0x0e] = "diagnostics",
		[0x0f] = "shutdown code",
		[0x10] = "floppy types",
		[0x12] = "disk types",
		[0x14] = "equipment",
		[0x15] = "base memory low",
		[0x16] = "base memory high",
		[0x17] = "extended memory low",
		[0x18] = "extended memory high",
		[0x30] = "extended memory low",
		[0x31] = "extended memory high",
		[0x32] = "century",
		[0x34] = "memory above 16M low",
		[0x35] = "memory above 16M high",
		[0x5b] = "memory above 4G low",
		[0x5c] = "memory above 4G middle",
		[0x5d] = "memory above 4G high",
	};

	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

const char *lapic_register(unsigned int offset)
{
	/* One register in 16 bytes. */
	static const char *const names[] = {
		[0x02] = "APIC_ID",	 [0x03] = "APIC_LVR",
		[0x08] = "APIC_TASKPRI", [0x09] = "APIC_ARBPRI",
		[0x0a] = "APIC_PROCPRI", [0x0b] = "APIC_EOI",
		[0x0c] = "APIC_RRR",	 [0x0d] = "APIC_LDR",
		[0x0e] = "APIC_DFR",	 [0x0f] = "APIC_SPIV",
		[0x28] = "APIC_ESR",	 [0x2f] = "APIC_LVTCMCI",
		[0x30] = "APIC_ICR",	 [0x31] = "APIC_ICR2",
		[0x32] = "APIC_LVTT",	 [0x33] = "APIC_LVTTHMR",
		[0x34] = "APIC_LVTPC",	 [0x35] = "APIC_LVT0",
		[0x36] = "APIC_LVT1",	 [0x37] = "APIC_LVTERR",
		[0x38] = "APIC_TMICT",	 [0x39] = "APIC_TMCCT",
		[0x3e] = "APIC_TDCR",	 [0x3f] = "APIC_SELF_IPI",
		[0x40] = "APIC_EFEAT",	 [0x41] = "APIC_ECTRL",
	};
	unsigned int n = offset >> 4;

	if (n >= 0x10 && n < 0x28) /* 256 bits each, in eight registers */
		return n < 0x18	  ? "APIC_ISR"
		       : n < 0x20 ? "APIC_TMR"
				  : "APIC_IRR";
	return n < ARRAY_SIZE(names) ? names[n] : NULL;
}

const char *pci_config_register(unsigned int offset)
{
	static const char *const names[] = {
		"vendor and device",
		"command and status",
		"class and revision",
		"header type",
		"BAR0",
		"BAR1",
		"BAR2",
		"BAR3",
		"BAR4",
		"BAR5",
		"CardBus CIS",
		"subsystem",
		"expansion ROM",
		"capabilities",
		NULL,
		"interrupt",
	};

	return offset / 4 < ARRAY_SIZE(names) ? names[offset / 4] : NULL;
}
