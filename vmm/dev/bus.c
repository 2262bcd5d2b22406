#include "vmm/dev/bus.h"

#include <string.h>

void bus_init(struct bus *b)
{
	memset(b, 0, sizeof(*b));
	pthread_mutex_init(&b->lock, NULL);
}

void bus_deinit(struct bus *b)
{
	pthread_mutex_destroy(&b->lock);
}

static const char *kind_name(enum bus_kind kind)
{
	return kind == BUS_PIO ? "port" : "MMIO";
}

bool bus_add(struct bus *b, enum bus_kind kind, uint64_t base, uint64_t len,
	     const struct region_ops *ops, struct device *dev, struct err *err)
{
	uint64_t space = kind == BUS_PIO ? 0x10000 : UINT64_MAX;

	if (!len || !range_ok(0, space, base, len))
		return err_set(err, ERR_RANGE,
			       "%s: %s range 0x%llx length 0x%llx does not fit "
			       "the address space",
			       ops->name, kind_name(kind),
			       (unsigned long long)base,
			       (unsigned long long)len);
	if (b->ranges == ARRAY_SIZE(b->range))
		return err_set(err, ERR_LIMIT,
			       "%s: the bus has room for %zu ranges only",
			       ops->name, ARRAY_SIZE(b->range));
	for (unsigned int i = 0; i < b->ranges; i++) {
		const struct bus_range *r = &b->range[i];

		if (r->kind == kind &&
		    ranges_overlap(r->base, r->len, base, len))
			return err_set(err, ERR_INTERNAL,
				       "%s: %s range at 0x%llx overlaps %s at "
				       "0x%llx",
				       ops->name, kind_name(kind),
				       (unsigned long long)base, r->ops->name,
				       (unsigned long long)r->base);
	}
	b->range[b->ranges++] = (struct bus_range){
		.kind = kind, .base = base, .len = len, .ops = ops, .dev = dev};
	return bus_add_device(b, dev, err);
}

bool bus_add_device(struct bus *b, struct device *dev, struct err *err)
{
	for (unsigned int i = 0; i < b->devices; i++) {
		if (b->device[i] == dev)
			return true;
		if (!strcmp(b->device[i]->name, dev->name))
			return err_set(err, ERR_INTERNAL,
				       "there are two devices '%s'", dev->name);
	}
	if (b->devices == ARRAY_SIZE(b->device))
		return err_set(err, ERR_LIMIT,
			       "%s: the bus has room for %zu devices only",
			       dev->name, ARRAY_SIZE(b->device));
	b->device[b->devices++] = dev;
	return true;
}

const struct bus_range *bus_find(const struct bus *b, enum bus_kind kind,
				 uint64_t addr)
{
	for (unsigned int i = 0; i < b->ranges; i++) {
		const struct bus_range *r = &b->range[i];

		if (r->kind == kind && range_ok(r->base, r->len, addr, 1))
			return r;
	}
	return NULL;
}

static uint64_t size_mask(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : BITS(8 * size - 1, 0);
}

static uint64_t range_access(const struct bus_range *r, uint64_t addr,
			     unsigned int size, bool write, uint64_t value)
{
	const struct region_ops *ops = r->ops;

	if (!write)
		return ops->read ? ops->read(r->dev, addr - r->base, size)
				 : UINT64_MAX;
	if (ops->write)
		ops->write(r->dev, addr - r->base, size, value);
	return 0;
}

/* Each byte goes to whoever owns its address; nobody's bytes read 0xff. */
static uint64_t access_bytes(const struct bus *b, enum bus_kind kind,
			     uint64_t addr, unsigned int size, bool write,
			     uint64_t value)
{
	uint64_t result = 0;

	for (unsigned int i = 0; i < size; i++) {
		const struct bus_range *r = bus_find(b, kind, addr + i);
		uint64_t byte = 0xff;

		if (r)
			byte = range_access(r, addr + i, 1, write,
					    value >> (8 * i) & 0xff);
		result |= (byte & 0xff) << (8 * i);
	}
	return result;
}

static const char *name_locked(const struct bus_range *r, uint64_t addr,
			       bool write)
{
	if (!r || !r->ops->reg_name)
		return NULL;
	return r->ops->reg_name(r->dev, addr - r->base, write);
}

/* r is the range of the first byte, NULL when there is none. */
static uint64_t access_locked(const struct bus *b, const struct bus_range *r,
			      enum bus_kind kind, uint64_t addr,
			      unsigned int size, bool write, uint64_t value)
{
	if (!r)
		return UINT64_MAX;
	if ((r->ops->width && size > r->ops->width) ||
	    !range_ok(r->base, r->len, addr, size))
		return access_bytes(b, kind, addr, size, write, value);
	return range_access(r, addr, size, write, value);
}

static void count_locked(struct bus *b, const struct bus_range *r, bool write)
{
	struct bus_range *mine = r ? &b->range[r - b->range] : NULL;

	if (!mine)
		b->unclaimed++;
	else if (write)
		mine->writes++;
	else
		mine->reads++;
}

const struct bus_range *bus_access_named(struct bus *b, unsigned int cpu,
					 enum bus_kind kind, uint64_t addr,
					 unsigned int size, bool write,
					 uint64_t *value, const char **reg)
{
	uint64_t in = write ? *value & size_mask(size) : 0, out;
	const struct bus_range *r;

	pthread_mutex_lock(&b->lock);
	b->cpu = cpu;
	r = bus_find(b, kind, addr);
	if (reg) /* first: the access may change what the address means */
		*reg = name_locked(r, addr, write);
	count_locked(b, r, write);
	out = access_locked(b, r, kind, addr, size, write, in);
	b->cpu = 0;
	pthread_mutex_unlock(&b->lock);
	if (!write)
		*value = out & size_mask(size);
	return r;
}

const struct bus_range *bus_access(struct bus *b, enum bus_kind kind,
				   uint64_t addr, unsigned int size, bool write,
				   uint64_t *value)
{
	return bus_access_named(b, 0, kind, addr, size, write, value, NULL);
}

const struct bus_range *bus_debug_access(struct bus *b, enum bus_kind kind,
					 uint64_t addr, unsigned int size,
					 bool write, uint64_t *value)
{
	uint64_t in = write ? *value & size_mask(size) : 0, out;
	const struct bus_range *r;

	pthread_mutex_lock(&b->lock);
	r = bus_find(b, kind, addr);
	out = access_locked(b, r, kind, addr, size, write, in);
	pthread_mutex_unlock(&b->lock);
	if (!write)
		*value = out & size_mask(size);
	return r;
}

const char *bus_reg_name(struct bus *b, enum bus_kind kind, uint64_t addr,
			 bool write)
{
	const char *name;

	pthread_mutex_lock(&b->lock);
	name = name_locked(bus_find(b, kind, addr), addr, write);
	pthread_mutex_unlock(&b->lock);
	return name;
}

static void reset_devices(struct bus *b, bool standby)
{
	pthread_mutex_lock(&b->lock);
	for (unsigned int i = 0; i < b->devices; i++)
		if (standby || !b->device[i]->class->standby)
			b->device[i]->class->reset(b->device[i]);
	pthread_mutex_unlock(&b->lock);
}

void bus_reset(struct bus *b)
{
	reset_devices(b, true);
}

void bus_sleep(struct bus *b)
{
	reset_devices(b, false);
}

uint64_t bus_next_timer(const struct bus *b)
{
	uint64_t next = DEVICE_IDLE;

	for (unsigned int i = 0; i < b->devices; i++)
		if (b->device[i]->class->next)
			next = min_u64(next,
				       b->device[i]->class->next(b->device[i]));
	return next;
}

void bus_run_timers(struct bus *b)
{
	for (unsigned int i = 0; i < b->devices; i++)
		if (b->device[i]->class->run)
			b->device[i]->class->run(b->device[i]);
}
