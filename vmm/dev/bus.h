/*
 * Port and memory-mapped I/O: which device answers which access.
 *
 * Devices register ranges at machine creation.  An access that no device
 * claims reads all-ones, a write is dropped; both are counted and reported to
 * the caller so that the flight recorder can show them.
 *
 * Threading: bus_access() takes the bus lock, so device callbacks run one at a
 * time, on a vCPU thread (or the main thread, for host input).  Registration
 * is before the first vCPU runs.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <pthread.h>
#include <stddef.h>

#include "arch/x86_state.h"
#include "base/err.h"

enum bus_kind {
	BUS_PIO,
	BUS_MMIO,
};

struct bus_device;

struct bus_device_ops {
	const char *name; /* "16550", "cmos", ... */
	/*
	 * Widest access the device takes, 0 = any.  A wider one reaches it as
	 * bytes, lowest address first, as an 8-bit ISA card sees it.
	 */
	unsigned int width;
	/* offset from the range's base; size 1, 2, 4 or 8 bytes */
	uint64_t (*read)(struct bus_device *dev, uint64_t offset,
			 unsigned int size);
	void (*write)(struct bus_device *dev, uint64_t offset,
		      unsigned int size, uint64_t value);
	/* Power-on state; may be NULL. */
	void (*reset)(struct bus_device *dev);
	/* Name of the register at an offset, for traces; may be NULL. */
	const char *(*reg_name)(struct bus_device *dev, uint64_t offset,
				bool write);
};

/* Devices embed this first. */
struct bus_device {
	const struct bus_device_ops *ops;
};

struct bus_range {
	enum bus_kind kind;
	uint64_t base, len;
	struct bus_device *dev;
	uint64_t reads, writes; /* by the guest, that began here */
};

#define BUS_RANGES 48

struct bus {
	pthread_mutex_t lock; /* guards every device's state */
	struct bus_range range[BUS_RANGES];
	unsigned int ranges;
	uint64_t unclaimed; /* accesses nobody answered */
	unsigned int cpu;   /* lock: who makes the access; debuggers are 0 */
};

void bus_init(struct bus *b);
void bus_deinit(struct bus *b);

/* Ranges must not overlap others of the same kind; the device outlives b. */
bool bus_add(struct bus *b, enum bus_kind kind, uint64_t base, uint64_t len,
	     struct bus_device *dev, struct err *err) MUST_CHECK;

/*
 * One access.  *value is written for reads.  Returns the device that answered
 * or NULL when none did (reads then give all-ones of that size).  An access
 * that starts in a range and leaves it is made byte by byte; the device at its
 * first byte is the one returned.
 */
const struct bus_device *bus_access(struct bus *b, enum bus_kind kind,
				    uint64_t addr, unsigned int size,
				    bool write, uint64_t *value);

/*
 * The same by vCPU cpu, and *reg (unless reg is NULL) becomes the name of the
 * register as it is before the access, for traces: NULL where there is none.
 */
const struct bus_device *bus_access_named(struct bus *b, unsigned int cpu,
					  enum bus_kind kind, uint64_t addr,
					  unsigned int size, bool write,
					  uint64_t *value, const char **reg);

/* The same by a debugger: it is not counted. */
const struct bus_device *bus_debug_access(struct bus *b, enum bus_kind kind,
					  uint64_t addr, unsigned int size,
					  bool write, uint64_t *value);

/*
 * Name of the device register at an address, for traces, or NULL.  Takes the
 * lock: what an address means can depend on the device's state.
 */
const char *bus_reg_name(struct bus *b, enum bus_kind kind, uint64_t addr,
			 bool write);

/* The range an address lies in, or NULL. */
const struct bus_range *bus_find(const struct bus *b, enum bus_kind kind,
				 uint64_t addr);

/* Every device back to its power-on state; takes the lock. */
void bus_reset(struct bus *b);

/* ---- what devices need of the machine ---- */

/*
 * One interrupt line; set() may be called from any thread, under the bus lock.
 * A NULL set means that nothing is wired to it.
 */
struct irq_line {
	void (*set)(void *ctx, unsigned int gsi, int level);
	void *ctx;
	unsigned int gsi;
};

/* Where a device's output bytes go; called under the bus lock. */
struct byte_sink {
	void (*write)(void *ctx, const void *data, size_t len);
	void *ctx;
};

/*
 * Requests of the guest to the machine; called on a vCPU thread, under the bus
 * lock, so the callee notes the request and acts on it after bus_access().
 */
struct machine_ops {
	/* isa-debug-exit, ACPI power-off: the guest is over */
	void (*exit)(void *ctx, int status, const char *by);
	/* keyboard controller, 0xcf9, 0x92: reset */
	void (*reset)(void *ctx, const char *by);
	void *ctx;
};

#endif
