/*
 * What a device is.
 *
 * One module of vmm/dev, whose struct begins with a struct device and has
 * everything that a guest can change in one further struct, its state: numbers
 * of fixed width, bools and arrays of them, no pointers, no padding but at the
 * end.  What the host gave it (where output goes, which line it drives, how
 * large a disk is) stays outside: that is made again by whoever makes the
 * machine again.
 *
 *	struct foo_state { uint8_t control; ... };
 *	struct foo {
 *		struct device dev;
 *		struct irq_line irq;
 *		struct foo_state s;
 *	};
 *
 * Its struct device_class, a constant, is all that the rest of the program
 * knows of it:
 *
 *	state	the table of that struct (base/wire.h).  With it a device is
 *		saved and loaded; fields that come later are rows with `since`,
 *		and old states stay loadable.
 *	check	what a table of limits cannot say of a loaded state.  It is not
 *		to be trusted: what passes must not be able to make the device
 *		misbehave in any other way than a guest can.
 *	regs	the registers by name, for `monitor device` and saved crashes.
 *	reset	power-on state; every `monitor reset` and every guest's own.
 *	next,	its timer, if it has one.
 *	run
 *
 * Where it answers are regions on the bus (vmm/dev/bus.h): a range of ports or
 * of memory, with the functions of struct region_ops, one of which names the
 * register behind an access for the flight recorder.
 *
 * To add one: write the module, have devices_init() (vmm/dev/devices.c) make
 * it.  tests/vmm/device_table_test.c and tests/fuzz/device_state_fuzz.c take
 * every device of a machine and find what is missing: a state that is not
 * whole, registers without names, a reset that forgets something.
 *
 * Threading: everything here runs under the bus lock, on a vCPU's thread, the
 * server's or the timers'.
 */
#ifndef VMM_DEV_DEVICE_H
#define VMM_DEV_DEVICE_H

#include "base/bits.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/wire.h"

#define DEVICE_NAME 24	       /* bytes, with the NUL */
#define DEVICE_IDLE UINT64_MAX /* device_class.next: never */

struct device;

/* A register, or an array of `count` of them. */
struct device_reg {
	const char *name;
	uint32_t offset; /* of the value in the state */
	uint8_t size;	 /* of one, bytes: 1, 2, 4, 8 */
	uint16_t count;	 /* 0 = it is no array */
	/* Instead of an offset: it is computed, without side effects. */
	uint64_t (*get)(const struct device *dev, unsigned int i);
	const struct bit_name *bits; /* may be NULL */
};

#define DEVICE_REG(type, f, ...)                               \
	{                                                      \
		.name = #f, .offset = offsetof(type, f),       \
		.size = sizeof(((type *)0)->f), ##__VA_ARGS__, \
	}
#define DEVICE_REG_AS(type, f, as, ...)                        \
	{                                                      \
		.name = (as), .offset = offsetof(type, f),     \
		.size = sizeof(((type *)0)->f), ##__VA_ARGS__, \
	}
#define DEVICE_REGS_AS(type, f, as, ...)                            \
	{                                                           \
		.name = (as), .offset = offsetof(type, f),          \
		.size = sizeof(((type *)0)->f[0]),                  \
		.count = ARRAY_SIZE(((type *)0)->f), ##__VA_ARGS__, \
	}

struct device_class {
	const char *name;  /* "uart", and of a device that is the only one */
	const char *about; /* "16550A serial port" */

	size_t state_offset; /* in the device's struct */
	const struct wire_layout *state;
	const struct device_reg *regs; /* ended by a NULL name */

	void (*reset)(struct device *dev);
	bool standby; /* goes on while the machine sleeps (S3) */
	/* May be NULL.  state: not yet this device's. */
	bool (*check)(const struct device *dev, const void *state,
		      struct err *err);
	/*
	 * The machine's clock has gone on by so many nanoseconds (modulo 2^64)
	 * while the state was kept: move the times in it.  NULL: it has none.
	 */
	void (*shift)(void *state, uint64_t ns);

	/* When run() is to be called, nanoseconds; NULL: never. */
	uint64_t (*next)(const struct device *dev);
	void (*run)(struct device *dev);
};

/* Devices embed this first. */
struct device {
	const struct device_class *class;
	char name[DEVICE_NAME]; /* unique in the machine */
	uint32_t irqs;		/* a bit per interrupt line it can drive */
};

/* name: NULL for the class's. */
void device_init(struct device *dev, const struct device_class *class,
		 const char *name);

void *device_state(struct device *dev);
const void *device_state_const(const struct device *dev);

/* Append the state's bytes. */
void device_save(const struct device *dev, struct buf *out);
/*
 * Make these the state, or leave everything as it is: the error names the
 * device and the field.  version is that of whoever saved it, wire_version()
 * of his table.  Interrupt lines are not driven: their levels are part of the
 * interrupt controllers' state.
 */
bool device_load(struct device *dev, uint32_t version, const void *data,
		 size_t len, struct err *err) MUST_CHECK;
/* The same in two steps: *state is allocated, the caller frees it. */
bool device_read_state(const struct device *dev, uint32_t version,
		       const void *data, size_t len, void **state,
		       struct err *err) MUST_CHECK;

struct device_value {
	const char *name;
	unsigned int index, count; /* of an array; count 0: it is none */
	uint64_t value;
	unsigned int size; /* bytes */
	const struct bit_name *bits;
};

/* The i-th register, i = 0, 1, ...; false at the end. */
bool device_value(const struct device *dev, unsigned int i,
		  struct device_value *v);

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

/* Note in dev->irqs that it drives this line. */
void device_drives(struct device *dev, const struct irq_line *irq);

static inline void irq_line_set(const struct irq_line *irq, int level)
{
	if (irq->set)
		irq->set(irq->ctx, irq->gsi, level);
}

/* The machine's clock and its timers' alarm. */
struct device_clock {
	/* Nanoseconds of a clock that never goes back. */
	uint64_t (*now)(void *ctx);
	/* Some device's next() says something else now. */
	void (*rearm)(void *ctx);
	void *ctx;
};

static inline uint64_t device_now(const struct device_clock *clock)
{
	return clock->now(clock->ctx);
}

static inline void device_rearm(const struct device_clock *clock)
{
	clock->rearm(clock->ctx);
}

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
	/*
	 * ACPI S3: everything but memory and what is on standby loses its
	 * state, and nothing runs until wake(), which any thread may call.
	 * NULL: the machine cannot.
	 */
	void (*sleep)(void *ctx);
	void (*wake)(void *ctx);
	void *ctx;
};

#endif
