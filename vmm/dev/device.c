#include "vmm/dev/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void device_init(struct device *dev, const struct device_class *class,
		 const char *name)
{
	*dev = (struct device){.class = class};
	snprintf(dev->name, sizeof(dev->name), "%s", name ? name : class->name);
}

void device_drives(struct device *dev, const struct irq_line *irq)
{
	if (irq->set && irq->gsi < 32)
		dev->irqs |= UINT32_C(1) << irq->gsi;
}

const void *device_state_const(const struct device *dev)
{
	return (const char *)dev + dev->class->state_offset;
}

void *device_state(struct device *dev)
{
	return (char *)dev + dev->class->state_offset;
}

/* ---- saving and loading ---- */

void device_save(const struct device *dev, struct buf *out)
{
	wire_put(out, dev->class->state, device_state_const(dev), NULL);
}

static bool check_size(const struct wire_layout *layout, uint32_t version,
		       size_t len, struct err *err)
{
	if (!version || version > wire_version(layout))
		return err_set(err, ERR_MALFORMED,
			       "its state is of version %u, and this program "
			       "knows 1 to %u",
			       version, wire_version(layout));
	if (len != wire_size(layout, version))
		return err_set(err, ERR_MALFORMED,
			       "its state has %zu bytes, not %zu", len,
			       wire_size(layout, version));
	return true;
}

bool device_read_state(const struct device *dev, uint32_t version,
		       const void *data, size_t len, void **state,
		       struct err *err)
{
	const struct wire_layout *layout = dev->class->state;
	void *s;

	if (!check_size(layout, version, len, err))
		return err_prefix(err, "%s", dev->name);
	s = malloc(layout->size);
	if (!s)
		return err_set(err, ERR_LIMIT, "no memory for the state of %s",
			       dev->name);
	if (!wire_get(layout, version, data, s, NULL, err) ||
	    (dev->class->check && !dev->class->check(dev, s, err))) {
		free(s);
		return err_prefix(err, "%s", dev->name);
	}
	*state = s;
	return true;
}

bool device_load(struct device *dev, uint32_t version, const void *data,
		 size_t len, struct err *err)
{
	void *state;

	if (!device_read_state(dev, version, data, len, &state, err))
		return false;
	memcpy(device_state(dev), state, dev->class->state->size);
	free(state);
	return true;
}

/* ---- registers ---- */

static uint64_t load(const void *from, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, from, size); /* x86 is little-endian */
	return value;
}

bool device_value(const struct device *dev, unsigned int i,
		  struct device_value *v)
{
	const struct device_reg *r = dev->class->regs;
	const char *state = device_state_const(dev);
	unsigned int n;

	for (; r->name; r++) {
		n = r->count ? r->count : 1;
		if (i < n)
			break;
		i -= n;
	}
	if (!r->name)
		return false;
	v->name = r->name;
	v->index = i;
	v->count = r->count;
	v->value =
		r->get ? r->get(dev, i)
		       : load(state + r->offset + (size_t)i * r->size, r->size);
	v->size = r->size;
	v->bits = r->bits;
	return true;
}
