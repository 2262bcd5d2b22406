/*
 * The machine's user-space devices, all in one struct, and where they sit.
 * PIC, LAPIC, IOAPIC and PIT are here as far as KVM does not have them: see
 * devices_config.ioapic and .chips.
 */
#ifndef VMM_DEVICES_H
#define VMM_DEVICES_H

#include "vmm/dev/bus.h"
#include "vmm/dev/console.h"
#include "vmm/dev/acpi_pm.h"
#include "vmm/dev/cmos.h"
#include "vmm/dev/debugcon.h"
#include "vmm/dev/exit.h"
#include "vmm/dev/fw_cfg.h"
#include "vmm/dev/hpet.h"
#include "vmm/dev/i8042.h"
#include "vmm/dev/ioapic.h"
#include "vmm/dev/lapic.h"
#include "vmm/dev/pci_host.h"
#include "vmm/dev/pic.h"
#include "vmm/dev/pit.h"
#include "vmm/dev/ports.h"
#include "vmm/dev/testdev.h"
#include "vmm/dev/uart.h"
#include "vmm/dev/virtio_blk.h"
#include "vmm/dev/virtio_console.h"
#include "vmm/dev/virtio_rng.h"
#include "vmm/dev/vmport.h"

#define DISKS_MAX   4
#define VIRTIOS_MAX (DISKS_MAX + 2)

/* The virtio devices of a machine; what they stand on stays the caller's. */
struct virtio_config {
	struct disk *disk[DISKS_MAX];
	unsigned int disks;
	bool rng;
	struct console *hvc; /* virtio console, or NULL */
	struct dma dma;
};

/* Where one sits, for the tables that tell the guest. */
struct virtio_place {
	uint32_t base; /* guest-physical, VIRTIO_MMIO_STEP bytes */
	uint8_t irq;
};

struct devices {
	struct bus *bus;
	struct machine_ops machine;
	struct device_clock clock;
	struct uart com1;
	int room_fd; /* eventfd of devices_serial_notify(), or -1 */
	struct debugcon debugcon, bios_debugcon;
	struct debug_exit exit;
	struct cmos cmos;
	struct irq_line rtc_irq; /* what is behind cmos' line */
	struct i8042 i8042;
	struct port post, port92, reset;
	struct acpi_pm acpi_pm;
	struct hpet hpet;
	struct vmport vmport;
	struct testdev testdev; /* only with devices_config.testdev */
	struct ioapic ioapic; /* on the bus with devices_config.ioapic, .chips */

	/* on the bus only with devices_config.chips */
	struct lapics lapics;
	struct pic pic;
	struct pit pit;

	struct fw_cfg fw_cfg;
	struct pci_host pci_host; /* only with devices_config.firmware */

	struct virtio_blk disk[DISKS_MAX];
	struct virtio_rng rng;
	struct virtio_console hvc; /* there if has_hvc */
	bool has_hvc;
	int hvc_room_fd; /* as room_fd */
	struct virtio_place virtio[VIRTIOS_MAX];
	unsigned int virtios;
};

/*
 * What the devices need from the machine; set and exit/reset are called under
 * the bus lock.  The struct is copied.
 */
struct devices_config {
	struct machine_ops machine;
	struct device_clock clock; /* all NULL: CLOCK_MONOTONIC, no alarm */
	/*
	 * Drive an interrupt line; NULL when there is no interrupt chip, or
	 * when the IOAPIC is one of the devices: then what it sends goes here,
	 * and the lines end at its pins.
	 */
	void (*irq)(void *ctx, unsigned int gsi, int level);
	void *irq_ctx;
	const struct ioapic_ops *ioapic;
	/*
	 * All interrupt controllers and the 8254 are devices, for so many
	 * vCPUs: what local APICs have for processors goes here.
	 */
	const struct lapic_ops *chips;
	unsigned int vcpus;
	struct console *console;  /* COM1; may be NULL */
	struct console *debugcon; /* ports 0xe9 and 0x402; may be NULL */
	uint64_t memory;	  /* bytes of RAM in all, for CMOS */
	struct virtio_config virtio;
	struct vmport_ops regs; /* vCPUs' registers, for the backdoor */
	bool testdev;		/* QEMU's pc-testdev */
	bool firmware; /* what only PC firmware needs: a PCI host bridge */
};

/* Make every device and register it; *d and the console outlive the bus. */
bool devices_init(struct devices *d, struct bus *bus,
		  const struct devices_config *config,
		  struct err *err) MUST_CHECK;

/* Drive an interrupt line, with devices_config.chips; ctx a struct devices. */
void devices_set_line(void *ctx, unsigned int gsi, int level);

/* What is on the heap. */
void devices_deinit(struct devices *d);

/*
 * Input for COM1, from any thread.  devices_serial_room() says how many bytes
 * it takes without loss: while that is 0, do not read the console.
 */
size_t devices_serial_room(struct devices *d);
/*
 * Write 1 to this eventfd when devices_serial_room() has said 0 and there is
 * room again; -1 = no more.  The descriptor stays the caller's.
 */
void devices_serial_notify(struct devices *d, int eventfd);
void devices_serial_input(struct devices *d, const void *data, size_t len);
/*
 * Input by hand, all of it or none; begin: with a break, which Linux takes for
 * the start of a SysRq.
 */
bool devices_serial_type(struct devices *d, bool begin, const void *data,
			 size_t len, struct err *err) MUST_CHECK;

/* Press the ACPI power button; false: the guest has not enabled its event. */
bool devices_power_button(struct devices *d);

/* The same for the virtio console, when there is one. */
size_t devices_hvc_room(struct devices *d);
void devices_hvc_notify(struct devices *d, int eventfd);
void devices_hvc_input(struct devices *d, const void *data, size_t len);

#endif
