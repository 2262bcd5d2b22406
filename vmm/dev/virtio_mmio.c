/* The register block (Virtual I/O Device 1.2, "MMIO Device Register Layout"). */
#include <string.h>

#include "base/log.h"
#include "vmm/dev/virtio.h"

enum {
	MAGIC = 0x74726976, /* "virt" */
	VERSION_MODERN = 2,
	VENDOR = 0x4744564b, /* "KVDG" */

	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_VENDOR_ID = 0x00c,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_SIZE_MAX = 0x034,
	REG_QUEUE_SIZE = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080, /* low, then high */
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
	REG_SHM_LEN = 0x0b0,
	REG_SHM_BASE = 0x0b8,
	REG_CONFIG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

enum {
	STATUS_FEATURES_OK = 0x08,
	STATUS_DRIVER_OK = 0x04,
	STATUS_NEEDS_RESET = 0x40,
	IRQ_CONFIG = 2,
};

static const struct {
	uint16_t offset;
	const char *name;
} reg_names[] = {
	{REG_MAGIC, "MagicValue"},
	{REG_VERSION, "Version"},
	{REG_DEVICE_ID, "DeviceID"},
	{REG_VENDOR_ID, "VendorID"},
	{REG_DEVICE_FEATURES, "DeviceFeatures"},
	{REG_DEVICE_FEATURES_SEL, "DeviceFeaturesSel"},
	{REG_DRIVER_FEATURES, "DriverFeatures"},
	{REG_DRIVER_FEATURES_SEL, "DriverFeaturesSel"},
	{REG_QUEUE_SEL, "QueueSel"},
	{REG_QUEUE_SIZE_MAX, "QueueSizeMax"},
	{REG_QUEUE_SIZE, "QueueSize"},
	{REG_QUEUE_READY, "QueueReady"},
	{REG_QUEUE_NOTIFY, "QueueNotify"},
	{REG_INTERRUPT_STATUS, "InterruptStatus"},
	{REG_INTERRUPT_ACK, "InterruptACK"},
	{REG_STATUS, "Status"},
	{REG_QUEUE_DESC, "QueueDescLow"},
	{REG_QUEUE_DESC + 4, "QueueDescHigh"},
	{REG_QUEUE_DRIVER, "QueueDriverLow"},
	{REG_QUEUE_DRIVER + 4, "QueueDriverHigh"},
	{REG_QUEUE_DEVICE, "QueueDeviceLow"},
	{REG_QUEUE_DEVICE + 4, "QueueDeviceHigh"},
	{REG_SHM_LEN, "SHMLenLow"},
	{REG_SHM_LEN + 4, "SHMLenHigh"},
	{REG_SHM_BASE, "SHMBaseLow"},
	{REG_SHM_BASE + 4, "SHMBaseHigh"},
	{REG_CONFIG_GENERATION, "ConfigGeneration"},
};

static struct virtio *of(struct device *dev)
{
	return (struct virtio *)dev;
}

/* The selected queue, or NULL when the device has no such queue. */
static struct virtq_state *selected(struct virtio *v)
{
	uint32_t n = v->state->queue_sel;

	return n < v->ops->queues ? &v->state->queue[n] : NULL;
}

static void update_line(struct virtio *v)
{
	irq_line_set(&v->irq, v->state->irq_status != 0);
}

void virtio_broken(struct virtio *v, const char *why)
{
	v->state->status |= STATUS_NEEDS_RESET;
	if (v->state->status & STATUS_DRIVER_OK) {
		v->state->irq_status |= IRQ_CONFIG;
		update_line(v);
	}
	if (!v->state->broken)
		log_msg(LOG_WARN,
			"%s: the guest's driver broke the rules: %s; the "
			"device waits for a reset",
			v->ops->name, why);
	v->state->broken = true;
}

void virtio_reset(struct virtio *v)
{
	bool line = v->state->irq_status != 0;

	memset(v->state, 0, sizeof(*v->state));
	for (unsigned int i = 0; i < v->ops->queues; i++)
		v->state->queue[i].size = VIRTIO_QUEUE_MAX;
	if (v->ops->reset)
		v->ops->reset(v);
	if (line)
		update_line(v);
}

void virtio_device_reset(struct device *dev)
{
	virtio_reset(of(dev));
}

/* ---- reading ---- */

static uint64_t read_config(struct virtio *v, uint64_t offset,
			    unsigned int size)
{
	uint8_t config[64] = {0};
	uint64_t value = 0;

	if (!range_ok(0, v->ops->config_len, offset, size))
		return 0;
	v->ops->read_config(v, config);
	memcpy(&value, config + offset, size);
	return value;
}

static uint32_t read_queue(struct virtio *v, uint64_t offset)
{
	const struct virtq_state *q = selected(v);

	if (!q)
		return 0;
	return offset == REG_QUEUE_SIZE_MAX ? VIRTIO_QUEUE_MAX : q->ready;
}

static uint64_t mmio_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	struct virtio *v = of(dev);
	uint32_t sel = v->state->device_features_sel;

	if (offset >= REG_CONFIG)
		return read_config(v, offset - REG_CONFIG, size);
	if (size != 4) /* the standard allows nothing else */
		return 0;
	switch (offset) {
	case REG_MAGIC:
		return MAGIC;
	case REG_VERSION:
		return VERSION_MODERN;
	case REG_DEVICE_ID:
		return v->ops->id;
	case REG_VENDOR_ID:
		return VENDOR;
	case REG_DEVICE_FEATURES:
		return sel < 2 ? (uint32_t)(v->features >> (32 * sel)) : 0;
	case REG_QUEUE_SIZE_MAX:
	case REG_QUEUE_READY:
		return read_queue(v, offset);
	case REG_INTERRUPT_STATUS:
		return v->state->irq_status;
	case REG_STATUS:
		return v->state->status;
	case REG_SHM_LEN:
	case REG_SHM_LEN + 4:
	case REG_SHM_BASE:
	case REG_SHM_BASE + 4:
		return UINT32_MAX; /* there are no shared memory regions */
	default:
		return 0;
	}
}

/* ---- writing ---- */

static void set_half(gpa_t *addr, bool high, uint32_t value)
{
	unsigned int shift = high ? 32 : 0;

	*addr = (*addr & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value
								     << shift;
}

static void enable_queue(struct virtio *v, struct virtq_state *q, bool on)
{
	/* 16, 2 and 4 bytes: "Virtqueues", alignment of the three parts */
	if (on && ((q->desc & 15) || (q->driver & 1) || (q->device & 3))) {
		virtio_broken(v, "a queue's parts are not aligned");
		return;
	}
	if (on && !q->ready)
		q->next_avail = q->next_used = 0;
	q->ready = on;
}

static void set_queue_size(struct virtio *v, struct virtq_state *q,
			   uint32_t size)
{
	if (size && size <= VIRTIO_QUEUE_MAX && !(size & (size - 1)))
		q->size = (uint16_t)size;
	else
		virtio_broken(v, "a queue's size is not a power of two up to "
				 "256");
}

/* Registers of the selected queue, which may be changed while it is off. */
static void write_queue(struct virtio *v, uint64_t offset, uint32_t value)
{
	struct virtq_state *q = selected(v);

	if (!q)
		return;
	if (offset == REG_QUEUE_READY) {
		enable_queue(v, q, value & 1);
		return;
	}
	if (q->ready)
		return;
	switch (offset & ~UINT64_C(4)) {
	case REG_QUEUE_SIZE & ~4:
		set_queue_size(v, q, value);
		return;
	case REG_QUEUE_DESC:
		set_half(&q->desc, offset & 4, value);
		return;
	case REG_QUEUE_DRIVER:
		set_half(&q->driver, offset & 4, value);
		return;
	default:
		set_half(&q->device, offset & 4, value);
	}
}

static void write_status(struct virtio *v, uint32_t value)
{
	struct virtio_state *s = v->state;

	if (!value) {
		virtio_reset(v);
		return;
	}
	/* FEATURES_OK stays off when something not offered was taken. */
	if (value & STATUS_FEATURES_OK && !(s->status & STATUS_FEATURES_OK) &&
	    (s->driver_features & ~v->features ||
	     !(s->driver_features & VIRTIO_F_VERSION_1)))
		value &= ~(uint32_t)STATUS_FEATURES_OK;
	s->status = (value & 0xff) | (s->status & STATUS_NEEDS_RESET);
}

static void write_features(struct virtio *v, uint32_t value)
{
	uint32_t sel = v->state->driver_features_sel;

	if (sel < 2 && !(v->state->status & STATUS_FEATURES_OK))
		set_half(&v->state->driver_features, sel, value);
}

static void mmio_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value64)
{
	struct virtio *v = of(dev);
	uint32_t value = (uint32_t)value64;

	if (offset >= REG_CONFIG || size != 4)
		return; /* no device here has a writable configuration */
	switch (offset) {
	case REG_DEVICE_FEATURES_SEL:
		v->state->device_features_sel = value;
		return;
	case REG_DRIVER_FEATURES_SEL:
		v->state->driver_features_sel = value;
		return;
	case REG_DRIVER_FEATURES:
		write_features(v, value);
		return;
	case REG_QUEUE_SEL:
		v->state->queue_sel = value;
		return;
	case REG_QUEUE_NOTIFY:
		if (virtio_queue_live(v, value))
			v->ops->notify(v, value);
		return;
	case REG_INTERRUPT_ACK:
		v->state->irq_status &= ~value;
		update_line(v);
		return;
	case REG_STATUS:
		write_status(v, value);
		return;
	case REG_QUEUE_SIZE:
	case REG_QUEUE_READY:
	case REG_QUEUE_DESC:
	case REG_QUEUE_DESC + 4:
	case REG_QUEUE_DRIVER:
	case REG_QUEUE_DRIVER + 4:
	case REG_QUEUE_DEVICE:
	case REG_QUEUE_DEVICE + 4:
		write_queue(v, offset, value);
		return;
	default:
		return;
	}
}

static const char *reg_name(struct device *dev, uint64_t offset, bool write)
{
	if (offset >= REG_CONFIG)
		return "config";
	for (size_t i = 0; i < ARRAY_SIZE(reg_names); i++)
		if (reg_names[i].offset == offset)
			return reg_names[i].name;
	return NULL;
}

/* The bus names a device by its region. */
#define REGION(device)                                                  \
	{                                                               \
		.name = device, .read = mmio_read, .write = mmio_write, \
		.reg_name = reg_name,                                   \
	}
static const struct region_ops blk_region = REGION("virtio-blk");
static const struct region_ops console_region = REGION("virtio-console");
static const struct region_ops rng_region = REGION("virtio-rng");

const struct region_ops *virtio_region(const struct virtio *v)
{
	return v->ops->id == VIRTIO_ID_BLOCK	 ? &blk_region
	       : v->ops->id == VIRTIO_ID_CONSOLE ? &console_region
						 : &rng_region;
}

void virtio_init(struct virtio *v, const struct device_class *class,
		 const char *name, const struct virtio_ops *ops,
		 uint64_t features, const struct dma *dma, struct irq_line irq)
{
	device_init(&v->dev, class, name);
	device_drives(&v->dev, &irq);
	v->state = device_state(&v->dev);
	v->ops = ops;
	v->features = ops->features | features | VIRTIO_F_VERSION_1 |
		      VIRTIO_F_INDIRECT_DESC;
	v->dma = *dma;
	v->irq = irq;
	virtio_reset(v);
}

/* ---- the state ---- */

#define Q struct virtq_state
static const struct wire_layout queue_layout = {
	.name = "queue",
	.size = sizeof(Q),
	.field = (const struct wire_field[]){WIRE_U64(Q, desc),
					     WIRE_U64(Q, driver),
					     WIRE_U64(Q, device),
					     WIRE_U16(Q, size,
						      .max = VIRTIO_QUEUE_MAX),
					     WIRE_U16(Q, ready, .max = 1),
					     WIRE_U16(Q, next_avail),
					     WIRE_U16(Q, next_used),
					     {.kind = WIRE_END}}};
#undef Q

#define S struct virtio_state
const struct wire_layout virtio_layout = {
	.name = "virtio",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U64(S, driver_features),
					     WIRE_U32(S, device_features_sel),
					     WIRE_U32(S, driver_features_sel),
					     WIRE_U32(S, queue_sel),
					     WIRE_U32(S, status, .max = 0xff),
					     WIRE_U32(S, irq_status, .max = 3),
					     WIRE_U32(S, broken, .max = 1),
					     WIRE_SUB(S, queue, VIRTIO_QUEUES,
						      &queue_layout),
					     {.kind = WIRE_END}}};
#undef S

const struct bit_name virtio_status_bits[] = {
	{"ACKNOWLEDGE", 0x01, "found"},
	{"DRIVER", 0x02, "there is a driver"},
	{"DRIVER_OK", STATUS_DRIVER_OK, "the driver is ready"},
	{"FEATURES_OK", STATUS_FEATURES_OK, "features agreed on"},
	{"NEEDS_RESET", STATUS_NEEDS_RESET, "the driver broke the rules"},
	{"FAILED", 0x80, "the driver gave up"},
	{NULL, 0, NULL},
};

const struct bit_name virtio_irq_bits[] = {
	{"USED", 1, "buffers were used"},
	{"CONFIG", IRQ_CONFIG, "the configuration has changed"},
	{NULL, 0, NULL},
};

static bool check_queue(const struct virtio *v, const struct virtio_state *s,
			unsigned int i, struct err *err)
{
	const struct virtq_state *q = &s->queue[i], none = {0};

	if (i >= v->ops->queues)
		return !memcmp(q, &none, sizeof(none)) ||
		       err_set(err, ERR_MALFORMED,
			       "queue[%u] is in use, and it has %u", i,
			       v->ops->queues);
	if (!q->size || q->size & (q->size - 1))
		return err_set(err, ERR_MALFORMED,
			       "queue[%u].size is %u, no power of two", i,
			       q->size);
	if (q->ready && (q->desc & 15 || q->driver & 1 || q->device & 3))
		return err_set(err, ERR_MALFORMED,
			       "queue[%u] is ready, and its parts are not "
			       "aligned",
			       i);
	return true;
}

bool virtio_check(const struct device *dev, const void *state, struct err *err)
{
	const struct virtio *v = (const struct virtio *)dev;
	const struct virtio_state *s = state;

	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++)
		if (!check_queue(v, s, i, err))
			return false;
	if (s->status & STATUS_FEATURES_OK && s->driver_features & ~v->features)
		return err_set(err, ERR_MALFORMED,
			       "driver_features is 0x%llx, and only 0x%llx is "
			       "offered",
			       (unsigned long long)s->driver_features,
			       (unsigned long long)v->features);
	return true;
}
