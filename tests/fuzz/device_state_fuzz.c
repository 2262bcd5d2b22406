/*
 * Every device of a machine through its class: accesses, time, and states that
 * somebody has tampered with.
 *
 * What must hold of each device, whatever the guest did:
 *   - its own saved state can be loaded, and saves as the same bytes again;
 *   - a state that it takes from elsewhere saves as what was loaded;
 *   - its registers can be shown;
 *   - a machine that has loaded it goes on as the first would have.
 *
 * Input: records of an op byte and its operands.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/dev/device_set.h"
#include "vmm/dev/devices.h"

enum {
	OP_WRITE, /* range, offset, size, value */
	OP_READ,
	OP_TIME,   /* two bytes: mantissa, shift */
	OP_LINE,   /* line and level */
	OP_INPUT,  /* bytes typed */
	OP_TAKE,   /* processors take what is announced */
	OP_TAMPER, /* device, offset, value, ... */
	OP_TWIN,   /* another machine goes on with the state */
	OPS,

	CPUS = 2,
	RAM = 0x2000,
};

struct machine {
	struct bus bus;
	struct devices devices;
	uint64_t now;
	uint8_t ram[RAM];
};

static struct machine one, two;

/* ---- what the machines stand on ---- */

static uint64_t on_now(void *ctx)
{
	return ((struct machine *)ctx)->now;
}

static void on_rearm(void *ctx)
{
}

static void on_exit_request(void *ctx, int status, const char *by)
{
}

static void on_sleep(void *ctx)
{
}

static void on_reset_request(void *ctx, const char *by)
{
}

static void on_cpu(void *ctx, unsigned int cpu)
{
	if (cpu >= CPUS)
		abort();
}

static void on_sipi(void *ctx, unsigned int cpu, uint8_t vector)
{
	on_cpu(ctx, cpu);
}

static void on_utc(struct timespec *ts)
{
	*ts = (struct timespec){.tv_sec = 1795280889};
}

static bool ram_read(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err)
{
	struct machine *m = ctx;

	if (!range_ok(0, RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(buf, m->ram + gpa, len);
	return true;
}

static bool ram_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
		      struct err *err)
{
	struct machine *m = ctx;

	if (!range_ok(0, RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(m->ram + gpa, buf, len);
	return true;
}

static struct disk *zero_disk(void)
{
	static struct disk *disk;
	struct disk_config config = {.read_only = true};
	char path[32];
	struct err err;
	int fd;

	if (disk)
		return disk;
	fd = memfd_create("disk", 0);
	if (fd < 0 || ftruncate(fd, 64 * DISK_SECTOR))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config.path = path;
	if (!disk_open(&config, &disk, &err))
		abort();
	return disk;
}

static struct console *no_console(void)
{
	static struct console *console;
	struct err err;

	if (!console && !console_open("none", &console, &err))
		abort();
	return console;
}

static void make(struct machine *m)
{
	static const struct lapic_ops chips = {on_cpu, on_cpu, on_cpu, on_sipi,
					       NULL};
	const struct devices_config config = {
		.machine = {.exit = on_exit_request,
			    .reset = on_reset_request,
			    .sleep = on_sleep,
			    .wake = on_sleep},
		.clock = {on_now, on_rearm, m},
		.chips = &chips,
		.vcpus = CPUS,
		.memory = 1 << 30,
		.firmware = true,
		.virtio = {.disk = {zero_disk()},
			   .disks = 1,
			   .rng = true,
			   .hvc = no_console(),
			   .dma = {ram_read, ram_write, m}},
	};
	struct err err;

	memset(m->ram, 0, sizeof(m->ram));
	m->now = 1;
	bus_init(&m->bus);
	if (!devices_init(&m->devices, &m->bus, &config, &err))
		abort();
	m->devices.cmos.now = on_utc;
}

static void unmake(struct machine *m)
{
	devices_deinit(&m->devices);
	bus_deinit(&m->bus);
}

/* ---- input ---- */

static const uint8_t *input;
static size_t left;

static uint8_t take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static uint64_t take_value(unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)take() << (8 * i);
	return value;
}

/* ---- ops; each is made on both machines once there are two ---- */

struct op {
	unsigned int op, cpu, size;
	const struct bus_range *range;
	uint64_t offset, value;
	uint8_t text[16];
};

static void take_op(struct op *o)
{
	*o = (struct op){.op = take() % OPS};
	switch (o->op) {
	case OP_WRITE:
	case OP_READ:
		o->range = &one.bus.range[take() % one.bus.ranges];
		o->size = 1u << (take() & 3);
		o->offset = take_value(2) % o->range->len;
		o->cpu = (unsigned int)o->offset % CPUS;
		if (o->op == OP_WRITE)
			o->value = take_value(o->size);
		break;
	case OP_TIME:
		o->value = (uint64_t)take() << (take() & 31);
		break;
	case OP_LINE:
		o->value = take();
		break;
	case OP_INPUT:
		o->size = take() % sizeof(o->text);
		for (unsigned int i = 0; i < o->size; i++)
			o->text[i] = take();
		break;
	default:
		break;
	}
}

static void take_interrupts(struct machine *m)
{
	if (m->devices.pic.s.intr)
		pic_ack(&m->devices.pic);
	for (unsigned int i = 0; i < CPUS; i++)
		lapics_ack(&m->devices.lapics, i);
}

/* What a read gave. */
static uint64_t make_op(struct machine *m, const struct op *o)
{
	uint64_t value = o->value;

	switch (o->op) {
	case OP_WRITE:
	case OP_READ:
		bus_access_named(&m->bus, o->cpu, o->range->kind,
				 o->range->base + o->offset, o->size,
				 o->op == OP_WRITE, &value, NULL);
		return value;
	case OP_TIME:
		m->now += o->value;
		bus_run_timers(&m->bus);
		if (bus_next_timer(&m->bus) <= m->now)
			abort();
		break;
	case OP_LINE:
		devices_set_line(&m->devices, o->value & 31, o->value >> 7);
		break;
	case OP_INPUT:
		devices_serial_input(&m->devices, o->text, o->size);
		devices_hvc_input(&m->devices, o->text, o->size);
		break;
	case OP_TAKE:
		take_interrupts(m);
		break;
	default:
		break;
	}
	return 0;
}

/* ---- states ---- */

static void show(const struct device *dev)
{
	struct buf text = BUF_INIT;
	struct device_value v;

	for (unsigned int i = 0; device_value(dev, i, &v); i++) {
		if (v.size < 8 && v.value >> (8 * v.size))
			abort();
		if (v.bits)
			bits_print(&text, v.bits, v.value);
	}
	buf_deinit(&text);
}

/* A state that the device has come to by itself. */
static void refused(const struct err *err)
{
	fprintf(stderr, "refused: %s\n", err->msg);
	abort();
}

/* These bytes are its state, and nothing is lost of them. */
static bool load(struct device *dev, const struct buf *state, struct err *err)
{
	struct buf again = BUF_INIT;

	if (!device_load(dev, wire_version(dev->class->state), state->data,
			 state->len, err))
		return false;
	device_save(dev, &again);
	if (again.len != state->len ||
	    memcmp(again.data, state->data, again.len))
		abort();
	buf_deinit(&again);
	return true;
}

static void tamper(struct machine *m)
{
	struct device *dev = m->bus.device[take() % m->bus.devices];
	struct buf state = BUF_INIT;
	struct err err;

	device_save(dev, &state);
	for (unsigned int n = take() & 7; n; n--) {
		size_t at = take_value(2) % state.len;

		state.data[at] = (char)take();
	}
	if (!load(dev, &state, &err) && !*err.msg)
		abort();
	show(dev);
	buf_deinit(&state);
}

static void check_all(struct machine *m)
{
	for (unsigned int i = 0; i < m->bus.devices; i++) {
		struct buf state = BUF_INIT;
		struct err err;

		device_save(m->bus.device[i], &state);
		if (!load(m->bus.device[i], &state, &err))
			refused(&err);
		buf_deinit(&state);
		show(m->bus.device[i]);
	}
}

static void save(struct machine *m, struct buf *out)
{
	device_set_save(&m->bus, &m->devices.clock, out);
}

static void begin_twin(void)
{
	struct buf state = BUF_INIT;
	struct err err;

	make(&two);
	two.now = one.now;
	memcpy(two.ram, one.ram, sizeof(two.ram));
	save(&one, &state);
	if (!device_set_load(&two.bus, &two.devices.clock, state.data,
			     state.len, &err))
		refused(&err);
	buf_deinit(&state);
}

static void compare(const struct device *x, const struct device *y)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	size_t at = 0;

	device_save(x, &a);
	device_save(y, &b);
	while (at < a.len && a.data[at] == b.data[at])
		at++;
	if (at < a.len) {
		fprintf(stderr, "%s differs at byte %zu\n", x->name, at);
		abort();
	}
	buf_deinit(&a);
	buf_deinit(&b);
}

static void compare_twins(void)
{
	for (unsigned int i = 0; i < one.bus.devices; i++)
		compare(one.bus.device[i], two.bus.device[i]);
	if (memcmp(one.ram, two.ram, sizeof(one.ram)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool twins = false;
	struct op op;

	input = data;
	left = size;
	make(&one);
	memcpy(one.ram, data, min_u64(size, RAM));
	while (left) {
		uint64_t read;

		take_op(&op);
		if (op.op == OP_TAMPER && !twins)
			tamper(&one);
		if (op.op == OP_TWIN && !twins) {
			begin_twin();
			twins = true;
		}
		read = make_op(&one, &op);
		/* no two machines have the same random numbers */
		if (twins && one.devices.rng.s.bytes != two.devices.rng.s.bytes)
			break;
		if (twins && make_op(&two, &op) != read)
			abort();
	}
	check_all(&one);
	if (twins && !one.devices.rng.s.bytes)
		compare_twins();
	if (twins)
		unmake(&two);
	unmake(&one);
	return 0;
}
