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
#include "vmm/dev/device.h"

enum bus_kind {
	BUS_PIO,
	BUS_MMIO,
};

struct region_ops {
	const char *name; /* for traces: "16550", "cmos", ... */
	/*
	 * Widest access the device takes, 0 = any.  A wider one reaches it as
	 * bytes, lowest address first, as an 8-bit ISA card sees it.
	 */
	unsigned int width;
	/* offset from the range's base; size 1, 2, 4 or 8 bytes */
	uint64_t (*read)(struct device *dev, uint64_t offset,
			 unsigned int size);
	void (*write)(struct device *dev, uint64_t offset, unsigned int size,
		      uint64_t value);
	/* Name of the register at an offset, for traces; may be NULL. */
	const char *(*reg_name)(struct device *dev, uint64_t offset,
				bool write);
};

struct bus_range {
	enum bus_kind kind;
	uint64_t base, len;
	const struct region_ops *ops;
	struct device *dev;
	uint64_t reads, writes; /* by the guest, that began here */
};

#define BUS_RANGES  48
#define BUS_DEVICES 320

struct bus {
	pthread_mutex_t lock; /* guards every device's state */
	struct bus_range range[BUS_RANGES];
	unsigned int ranges;
	struct device *device[BUS_DEVICES]; /* each once */
	unsigned int devices;
	uint64_t unclaimed; /* accesses nobody answered */
	unsigned int cpu;   /* lock: who makes the access; debuggers are 0 */
};

void bus_init(struct bus *b);
void bus_deinit(struct bus *b);

/* Ranges must not overlap others of the same kind; the device outlives b. */
bool bus_add(struct bus *b, enum bus_kind kind, uint64_t base, uint64_t len,
	     const struct region_ops *ops, struct device *dev,
	     struct err *err) MUST_CHECK;
/* A device that has no ranges of its own, or none yet. */
bool bus_add_device(struct bus *b, struct device *dev,
		    struct err *err) MUST_CHECK;

/*
 * One access.  *value is written for reads.  Returns the range that answered
 * or NULL when none did (reads then give all-ones of that size).  An access
 * that starts in a range and leaves it is made byte by byte; the range of its
 * first byte is the one returned.
 */
const struct bus_range *bus_access(struct bus *b, enum bus_kind kind,
				   uint64_t addr, unsigned int size, bool write,
				   uint64_t *value);

/*
 * The same by vCPU cpu, and *reg (unless reg is NULL) becomes the name of the
 * register as it is before the access, for traces: NULL where there is none.
 */
const struct bus_range *bus_access_named(struct bus *b, unsigned int cpu,
					 enum bus_kind kind, uint64_t addr,
					 unsigned int size, bool write,
					 uint64_t *value, const char **reg);

/* The same by a debugger: it is not counted. */
const struct bus_range *bus_debug_access(struct bus *b, enum bus_kind kind,
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
/* The same, but for those that are on standby while the machine sleeps. */
void bus_sleep(struct bus *b);

/* Timers: when bus_run_timers() has something to do; under the lock. */
uint64_t bus_next_timer(const struct bus *b);
void bus_run_timers(struct bus *b);

#endif
