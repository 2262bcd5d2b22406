/* Every device of a machine that has all of them, through its class. */
#include "vmm/dev/device_set.h"

#include <unistd.h>

#include "tests/test.h"
#include "tests/vmm/device_rig.h"

static struct rig rig, twin;
static struct buf saved, again;
static struct err err;

static void setup(void)
{
	rig_init_full(&rig);
	rig_init_full(&twin);
	buf_clear(&saved);
	buf_clear(&again);
}

static void save(struct rig *r, struct buf *out)
{
	buf_clear(out);
	device_set_save(&r->bus, &r->devices.clock, out);
}

static bool load(struct rig *r, const struct buf *from)
{
	return device_set_load(&r->bus, &r->devices.clock, from->data,
			       from->len, &err);
}

static struct device *find(struct rig *r, const char *name)
{
	for (unsigned int i = 0; i < r->bus.devices; i++)
		if (!strcmp(r->bus.device[i]->name, name))
			return r->bus.device[i];
	return NULL;
}

/* Some accesses that mean something to every device. */
static void disturb(struct rig *r)
{
	static const uint8_t byte[] = {0x5a, 0xa7, 0x13, 0xfc, 0x00, 0x36};

	for (unsigned int i = 0; i < r->bus.ranges; i++) {
		struct bus_range *g = &r->bus.range[i];

		for (uint64_t at = 0; at < g->len; at += 1) {
			uint64_t v =
				byte[(at + i) % sizeof(byte)] * 0x01010101u;

			bus_access(&r->bus, g->kind, g->base + at, 1, true, &v);
			bus_access(&r->bus, g->kind, g->base + at, 4, true, &v);
			bus_access(&r->bus, g->kind, g->base + at, 1, false,
				   &v);
		}
	}
	devices_serial_input(&r->devices, "hello", 5);
	r->now += 12345678;
	bus_run_timers(&r->bus);
}

/* ---- what every device has ---- */

TEST(every_device_is_whole)
{
	setup();
	CHECK(rig.bus.devices >= 20);
	for (unsigned int i = 0; i < rig.bus.devices; i++) {
		const struct device_class *c = rig.bus.device[i]->class;

		CHECK(c->name && *c->name && c->about && *c->about);
		CHECK(c->state && c->state->field[0].kind != WIRE_END);
		CHECK(c->regs && c->regs[0].name);
		CHECK(c->reset);
		CHECK_EQ(!c->next, !c->run);
		CHECK(c->state_offset >= sizeof(struct device));
	}
}

/* Mark the bytes of a struct that its table has. */
static void mark(const struct wire_layout *layout, uint8_t *seen)
{
	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++)
		for (uint32_t i = 0; i < f->count; i++) {
			uint8_t *at = seen + f->offset + i * f->size;

			CHECK(f->kind != WIRE_STRING);
			if (f->kind == WIRE_STRUCT)
				mark(f->layout, at);
			else
				memset(at, 1, f->size);
		}
}

/* gcc 12 does not know the padding in these. */
static bool has_array_of_structs(const struct wire_layout *layout)
{
	for (const struct wire_field *f = layout->field; f->kind != WIRE_END;
	     f++)
		if (f->kind == WIRE_STRUCT &&
		    (f->count > 1 || has_array_of_structs(f->layout)))
			return true;
	return false;
}

/* The bytes of every state that are no padding, where the compiler tells. */
static struct {
	const char *class;
	uint8_t mask[0x11000];
} masks[32];
static unsigned int nmasks;

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define MASK(name, type)                                         \
	do {                                                     \
		static struct type t_;                           \
		memset(&t_, 0xff, sizeof(t_));                   \
		__builtin_clear_padding(&t_);                    \
		CHECK(sizeof(t_) <= sizeof(masks[nmasks].mask)); \
		masks[nmasks].class = (name);                    \
		memcpy(masks[nmasks++].mask, &t_, sizeof(t_));   \
	} while (0)
#else
#define MASK(name, type) test_skip("the compiler knows no padding")
#endif

static void make_masks(void)
{
	nmasks = 0;
	MASK("acpi-pm", acpi_pm_state);
	MASK("cmos", cmos_state);
	MASK("debugcon", debugcon_state);
	MASK("fw_cfg", fw_cfg_state);
	MASK("hpet", hpet_state);
	MASK("i8042", i8042_state);
	MASK("ioapic", ioapic_state);
	MASK("isa-debug-exit", debug_exit_state);
	MASK("lapic", lapic_state);
	MASK("lapics", lapics_state);
	MASK("pci-host", pci_host_state);
	MASK("pic", pic_state);
	MASK("pit", pit_state);
	MASK("port92", port_state);
	MASK("post", port_state);
	MASK("reset", port_state);
	MASK("testdev", testdev_state);
	MASK("uart", uart_state);
	MASK("virtio-blk", virtio_blk_state);
	MASK("virtio-console", virtio_console_state);
	MASK("virtio-rng", virtio_rng_state);
	MASK("vmport", vmport_state);
}

TEST(every_byte_of_a_state_is_saved)
{
	static uint8_t seen[0x11000];

	setup();
	make_masks();
	for (unsigned int i = 0; i < rig.bus.devices; i++) {
		const struct device_class *c = rig.bus.device[i]->class;
		unsigned int m = 0;

		while (m < nmasks && strcmp(masks[m].class, c->name))
			m++;
		if (m == nmasks)
			test_fail(__FILE__, __LINE__,
				  "%s: no row in "
				  "make_masks()",
				  c->name);
		if (has_array_of_structs(c->state))
			continue;
		memset(seen, 0, sizeof(seen));
		mark(c->state, seen);
		for (size_t at = 0; at < c->state->size; at++)
			if (masks[m].mask[at] && !seen[at])
				test_fail(__FILE__, __LINE__,
					  "%s: byte %zu of its state is not "
					  "in its table",
					  c->name, at);
	}
}

TEST(every_register_can_be_shown)
{
	struct device_value v;

	setup();
	disturb(&rig);
	for (unsigned int i = 0; i < rig.bus.devices; i++)
		for (unsigned int r = 0; device_value(rig.bus.device[i], r, &v);
		     r++) {
			CHECK(*v.name);
			CHECK(v.size == 1 || v.size == 2 || v.size == 4 ||
			      v.size == 8);
			CHECK(v.size == 8 || !(v.value >> (8 * v.size)));
		}
}

/* What outlives a reset: counters, a battery, and what others drive or type. */
static bool is_kept(const struct device *dev, const char *reg)
{
	static const struct {
		const char *device, *reg; /* NULL: any */
	} kept[] = {
		{"com1", "bytes on their way"},
		{"com1", "bytes lost"},
		{"cmos", "ram"},
		{"cmos", "time (s since 1970)"},
		{"cmos", "ahead of the host (s)"},
		{"ioapic", "lines"},
		{"ioapic", "raised"},
		{"pic", "master last_irr"},
		{"pic", "slave last_irr"},
		{"virtio-blk0", "reads"},
		{"virtio-blk0", "writes"},
		{"virtio-blk0", "flushes"},
		{"virtio-blk0", "errors"},
		{"virtio-rng", "bytes given"},
		{"virtio-console", "bytes on their way"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (!strcmp(kept[i].device, dev->name) &&
		    !strcmp(kept[i].reg, reg))
			return true;
	return false;
}

TEST(reset_is_power_on)
{
	struct device_value a, b;

	setup();
	disturb(&rig);
	disturb(&rig);
	twin.now = rig.now;
	bus_reset(&rig.bus);
	bus_reset(&twin.bus);
	for (unsigned int i = 0; i < rig.bus.devices; i++)
		for (unsigned int r = 0; device_value(rig.bus.device[i], r, &a);
		     r++) {
			CHECK(device_value(twin.bus.device[i], r, &b));
			if (a.value != b.value &&
			    !is_kept(rig.bus.device[i], a.name))
				test_fail(__FILE__, __LINE__,
					  "%s %s is 0x%" PRIx64 " after a "
					  "reset, not 0x%" PRIx64,
					  rig.bus.device[i]->name, a.name,
					  a.value, b.value);
		}
}

/* ---- saving and loading ---- */

TEST(a_saved_machine_goes_on_elsewhere)
{
	setup();
	disturb(&rig);
	save(&rig, &saved);
	twin.now = rig.now;
	CHECK_OK(load(&twin, &saved), &err);
	save(&twin, &again);
	CHECK(!memcmp(again.data, saved.data, saved.len));
	disturb(&rig);
	disturb(&twin);
	save(&rig, &saved);
	save(&twin, &again);
	CHECK_EQ(again.len, saved.len);
	CHECK(!memcmp(again.data, saved.data, saved.len));
}

TEST(states_that_cannot_be_are_refused_by_name)
{
	static const struct {
		const char *device, *field;
		size_t offset; /* in the saved state */
		uint8_t value;
	} bad[] = {
		{"com1", "com1: fifo_head is 0x10", 9, 16},
		{"com1", "com1: thre_pending is 2", 11, 2},
		{"pit", "pit: channel: mode is 0x6", 25, 6},
		{"lapic1", "lapic1: its ID is", 16 + 4 * 2 + 3, 0},
		{"reset", "reset: value is 0x1", 0, 1},
		{"i8042", "i8042: command is 0xaa", 2, 0xaa},
		{"cmos", "cmos: flags cannot be 0x8", 24, 8},
		{"pci-host", "pci-host: config[0x0] is read-only", 4, 1},
		{"virtio-rng", "virtio-rng: virtio: queue: size is 0x103",
		 32 + 24, 3},
	};

	setup();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct device *d = find(&rig, bad[i].device);

		buf_clear(&saved);
		device_save(d, &saved);
		saved.data[bad[i].offset] = (char)bad[i].value;
		CHECK(!device_load(d, 1, saved.data, saved.len, &err));
		CHECK_HAS(err.msg, bad[i].field);
		buf_clear(&again);
		device_save(d, &again);
		saved.data[bad[i].offset] = again.data[bad[i].offset];
		CHECK(!memcmp(again.data, saved.data, saved.len));
	}
}

TEST(a_set_is_loaded_whole_or_not_at_all)
{
	setup();
	disturb(&rig);
	save(&twin, &saved);
	save(&rig, &again);
	for (size_t len = 0; len < saved.len; len += 37) {
		struct buf part = saved;

		part.len = len;
		CHECK(!load(&rig, &part));
	}
	buf_byte(&saved, 0);
	CHECK(!load(&rig, &saved));
	CHECK_HAS(err.msg, "1 bytes follow");
	saved.data[12] = 'x'; /* the first device's name */
	CHECK(!load(&rig, &saved));
	CHECK_HAS(err.msg, "this machine has no device 'x");
	save(&rig, &saved);
	CHECK(!memcmp(again.data, saved.data, saved.len));
}

TEST(versions_of_the_future_are_refused)
{
	setup();
	device_save(find(&rig, "post"), &saved);
	CHECK(!device_load(find(&rig, "post"), 2, saved.data, saved.len, &err));
	CHECK_STR(err.msg, "post: its state is of version 2, and this program "
			   "knows 1 to 1");
	CHECK(!device_load(find(&rig, "post"), 1, saved.data, 0, &err));
	CHECK_HAS(err.msg, "0 bytes, not 1");
}

TEST(time_stands_still_for_a_saved_machine)
{
	setup();
	rig.now = 5000000;
	rig_out(&rig, 0x43, 1, 0x34);
	rig_out(&rig, 0x40, 1, 0x00);
	rig_out(&rig, 0x40, 1, 0x80);
	rig.now += 1000000;
	save(&rig, &saved);
	twin.now = UINT64_C(7) << 40; /* another boot of the host */
	CHECK_OK(load(&twin, &saved), &err);
	CHECK_EQ(bus_next_timer(&twin.bus) - twin.now,
		 bus_next_timer(&rig.bus) - rig.now);
	CHECK_EQ(rig_in(&twin, 0x608, 4), rig_in(&rig, 0x608, 4));
	CHECK_EQ(rig_in(&twin, 0x40, 1), rig_in(&rig, 0x40, 1));
}
