#include "vmm/dev/device_set.h"

#include <stdlib.h>
#include <string.h>

struct head {
	uint64_t clock;
	uint32_t count;
};

struct item {
	char name[DEVICE_NAME];
	uint32_t version, size;
};

static const struct wire_layout head_layout = {
	.name = "head",
	.size = sizeof(struct head),
	.field = (const struct wire_field[]){WIRE_U64(struct head, clock),
					     WIRE_U32(struct head, count),
					     {.kind = WIRE_END}}};

static const struct wire_layout item_layout = {
	.name = "item",
	.size = sizeof(struct item),
	.field = (const struct wire_field[]){WIRE_TEXT(struct item, name),
					     WIRE_U32(struct item, version),
					     WIRE_U32(struct item, size),
					     {.kind = WIRE_END}}};

/* ---- saving ---- */

static void save_locked(const struct bus *b, const struct device_clock *clock,
			struct buf *out)
{
	const struct head head = {device_now(clock), b->devices};

	wire_put(out, &head_layout, &head, NULL);
	for (unsigned int i = 0; i < b->devices; i++) {
		const struct device *dev = b->device[i];
		const struct wire_layout *layout = dev->class->state;
		struct item item = {.version = wire_version(layout)};

		memcpy(item.name, dev->name, sizeof(item.name));
		item.size = (uint32_t)wire_size(layout, item.version);
		wire_put(out, &item_layout, &item, NULL);
		device_save(dev, out);
	}
}

void device_set_save(struct bus *b, const struct device_clock *clock,
		     struct buf *out)
{
	pthread_mutex_lock(&b->lock);
	save_locked(b, clock, out);
	pthread_mutex_unlock(&b->lock);
}

/* ---- loading ---- */

struct input {
	const uint8_t *at;
	size_t left;
};

static const void *take(struct input *in, size_t len, struct err *err)
{
	const void *at = in->at;

	if (len > in->left) {
		err_set(err, ERR_MALFORMED,
			"the devices' state ends %zu bytes too early",
			len - in->left);
		return NULL;
	}
	in->at += len;
	in->left -= len;
	return at;
}

static bool take_struct(struct input *in, const struct wire_layout *layout,
			void *to, struct err *err)
{
	const void *at = take(in, wire_size(layout, 1), err);

	return at && wire_get(layout, 1, at, to, NULL, err);
}

/* Index of the device of this name; b->devices: there is none. */
static unsigned int find(const struct bus *b, const char *name)
{
	unsigned int i = 0;

	while (i < b->devices && strcmp(b->device[i]->name, name))
		i++;
	return i;
}

/* One device's state into state[]. */
static bool read_one(const struct bus *b, struct input *in, void **state,
		     struct err *err)
{
	struct item item;
	const void *data;
	unsigned int i;

	if (!take_struct(in, &item_layout, &item, err))
		return false;
	i = find(b, item.name);
	if (i == b->devices)
		return err_set(err, ERR_MALFORMED,
			       "this machine has no device '%s'", item.name);
	if (state[i])
		return err_set(err, ERR_MALFORMED,
			       "the state of %s is there twice", item.name);
	data = take(in, item.size, err);
	return data && device_read_state(b->device[i], item.version, data,
					 item.size, &state[i], err);
}

static bool read_all(const struct bus *b, struct input *in, void **state,
		     struct head *head, struct err *err)
{
	if (!take_struct(in, &head_layout, head, err))
		return false;
	for (uint32_t i = 0; i < head->count; i++)
		if (!read_one(b, in, state, err))
			return false;
	for (unsigned int i = 0; i < b->devices; i++)
		if (!state[i])
			return err_set(err, ERR_MALFORMED,
				       "the state of %s is missing",
				       b->device[i]->name);
	if (in->left)
		return err_set(err, ERR_MALFORMED,
			       "%zu bytes follow the devices' state", in->left);
	return true;
}

static void give(struct device *dev, void *state, uint64_t gone)
{
	if (dev->class->shift)
		dev->class->shift(state, gone);
	memcpy(device_state(dev), state, dev->class->state->size);
}

bool device_set_load(struct bus *b, const struct device_clock *clock,
		     const void *data, size_t len, struct err *err)
{
	struct input in = {data, len};
	void **state = calloc(BUS_DEVICES, sizeof(*state));
	struct head head;
	bool ok;

	if (!state)
		return err_set(err, ERR_LIMIT, "no memory for the devices");
	pthread_mutex_lock(&b->lock);
	ok = read_all(b, &in, state, &head, err);
	for (unsigned int i = 0; ok && i < b->devices; i++)
		give(b->device[i], state[i], device_now(clock) - head.clock);
	if (ok)
		device_rearm(clock);
	pthread_mutex_unlock(&b->lock);
	for (unsigned int i = 0; i < BUS_DEVICES; i++)
		free(state[i]);
	free(state);
	return ok;
}
