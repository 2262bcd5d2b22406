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

static struct virtio *of(struct bus_device *dev)
{
	return (struct virtio *)dev;
}

/* The selected queue, or NULL when the device has no such queue. */
static struct virtq_state *selected(struct virtio *v)
{
	uint32_t n = v->state.queue_sel;

	return n < v->ops->queues ? &v->state.queue[n] : NULL;
}

static void update_line(struct virtio *v)
{
	if (v->irq.set)
		v->irq.set(v->irq.ctx, v->irq.gsi, v->state.irq_status != 0);
}

void virtio_broken(struct virtio *v, const char *why)
{
	v->state.status |= STATUS_NEEDS_RESET;
	if (v->state.status & STATUS_DRIVER_OK) {
		v->state.irq_status |= IRQ_CONFIG;
		update_line(v);
	}
	if (!v->told)
		log_msg(LOG_WARN,
			"%s: the guest's driver broke the rules: %s; the "
			"device waits for a reset",
			v->ops->name, why);
	v->told = true;
}

void virtio_reset(struct virtio *v)
{
	bool line = v->state.irq_status != 0;

	memset(&v->state, 0, sizeof(v->state));
	for (unsigned int i = 0; i < v->ops->queues; i++)
		v->state.queue[i].size = VIRTIO_QUEUE_MAX;
	if (v->ops->reset)
		v->ops->reset(v);
	if (line)
		update_line(v);
}

static void reset(struct bus_device *dev)
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

static uint64_t mmio_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	struct virtio *v = of(dev);
	uint32_t sel = v->state.device_features_sel;

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
		return v->state.irq_status;
	case REG_STATUS:
		return v->state.status;
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
	struct virtio_state *s = &v->state;

	if (!value) {
		v->told = false;
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
	uint32_t sel = v->state.driver_features_sel;

	if (sel < 2 && !(v->state.status & STATUS_FEATURES_OK))
		set_half(&v->state.driver_features, sel, value);
}

static void mmio_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value64)
{
	struct virtio *v = of(dev);
	uint32_t value = (uint32_t)value64;

	if (offset >= REG_CONFIG || size != 4)
		return; /* no device here has a writable configuration */
	switch (offset) {
	case REG_DEVICE_FEATURES_SEL:
		v->state.device_features_sel = value;
		return;
	case REG_DRIVER_FEATURES_SEL:
		v->state.driver_features_sel = value;
		return;
	case REG_DRIVER_FEATURES:
		write_features(v, value);
		return;
	case REG_QUEUE_SEL:
		v->state.queue_sel = value;
		return;
	case REG_QUEUE_NOTIFY:
		if (virtio_queue_live(v, value))
			v->ops->notify(v, value);
		return;
	case REG_INTERRUPT_ACK:
		v->state.irq_status &= ~value;
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

static const char *reg_name(struct bus_device *dev, uint64_t offset, bool write)
{
	if (offset >= REG_CONFIG)
		return "config";
	for (size_t i = 0; i < ARRAY_SIZE(reg_names); i++)
		if (reg_names[i].offset == offset)
			return reg_names[i].name;
	return NULL;
}

static const struct bus_device_ops blk_bus = {"virtio-blk", 0,	   mmio_read,
					      mmio_write,   reset, reg_name};
static const struct bus_device_ops console_bus = {
	"virtio-console", 0, mmio_read, mmio_write, reset, reg_name};
static const struct bus_device_ops rng_bus = {"virtio-rng", 0,	   mmio_read,
					      mmio_write,   reset, reg_name};

/* The bus names a device by its ops. */
static const struct bus_device_ops *bus_ops(enum virtio_id id)
{
	return id == VIRTIO_ID_BLOCK	 ? &blk_bus
	       : id == VIRTIO_ID_CONSOLE ? &console_bus
					 : &rng_bus;
}

void virtio_init(struct virtio *v, const struct virtio_ops *ops,
		 uint64_t features, const struct dma *dma, struct irq_line irq)
{
	memset(v, 0, sizeof(*v));
	v->dev.ops = bus_ops(ops->id);
	v->ops = ops;
	v->features = ops->features | features | VIRTIO_F_VERSION_1 |
		      VIRTIO_F_INDIRECT_DESC;
	v->dma = *dma;
	v->irq = irq;
	virtio_reset(v);
}
