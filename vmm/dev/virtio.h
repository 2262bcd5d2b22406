/*
 * virtio devices on the memory-mapped transport (Virtual I/O Device 1.2,
 * "Virtio Over MMIO", "Split Virtqueues"), modern only.
 *
 * One register block a device; a device is a struct virtio with ops, and its
 * state (vmm/dev/device.h) begins with a struct virtio_state.  Rings are
 * hostile: every index and length is bounded, descriptors are copied once and
 * then looked at, and a ring that makes no sense sets DEVICE_NEEDS_RESET and is
 * left alone until the reset.
 *
 * Requests are served on the vCPU's thread that rings the bell, so a guest
 * never sees its own request complete before its notification.
 */
#ifndef VMM_DEV_VIRTIO_H
#define VMM_DEV_VIRTIO_H

#include "arch/x86_state.h"
#include "vmm/dev/bus.h"

#define VIRTIO_MMIO_BASE UINT32_C(0xd0000000) /* of the first; in the hole */
#define VIRTIO_MMIO_STEP 0x1000		      /* from one to the next */
#define VIRTIO_MMIO_LEN	 0x200		      /* bytes of registers */

enum {
	VIRTIO_QUEUES = 2, /* most that any device here has */
	VIRTIO_QUEUE_MAX = 256,
	VIRTIO_SEGMENTS = 256,	       /* descriptors of one request */
	VIRTIO_REQUEST_MAX = 64 << 20, /* bytes of one request */
};

enum virtio_id { /* "Device Types" */
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_ENTROPY = 4,
};

#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_VERSION_1     (UINT64_C(1) << 32)

/* Guest memory as a device sees it. */
struct dma {
	bool (*read)(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err);
	bool (*write)(void *ctx, gpa_t gpa, const void *buf, size_t len,
		      struct err *err);
	void *ctx;
};

struct virtq_state {
	gpa_t desc, driver, device;
	uint16_t size, ready;
	uint16_t next_avail, next_used; /* free-running, as in the rings */
};

struct virtio_state {
	uint64_t driver_features;
	uint32_t device_features_sel, driver_features_sel, queue_sel;
	uint32_t status, irq_status;
	uint32_t broken; /* NEEDS_RESET: why has been logged */
	struct virtq_state queue[VIRTIO_QUEUES];
};

struct virtio;

struct virtio_ops {
	const char *name; /* "virtio-blk" */
	enum virtio_id id;
	uint64_t features; /* its own; the common ones are added */
	unsigned int queues;
	const char *queue_name[VIRTIO_QUEUES]; /* for traces */
	unsigned int config_len;	       /* bytes */
	void (*read_config)(struct virtio *v, void *config);
	/* The driver rang this queue's bell. */
	void (*notify)(struct virtio *v, unsigned int queue);
	void (*reset)(struct virtio *v); /* may be NULL */
};

struct virtio {
	struct device dev;
	const struct virtio_ops *ops;
	uint64_t features; /* all that are offered */
	struct dma dma;
	struct irq_line irq;
	struct virtio_state *state; /* in the device's */
};

/*
 * The rest of *v is zeroes, or the device's own.  name: NULL for the class's.
 * features: added to the ops' own (such as read-only).
 */
void virtio_init(struct virtio *v, const struct device_class *class,
		 const char *name, const struct virtio_ops *ops,
		 uint64_t features, const struct dma *dma, struct irq_line irq);

/* Its register block on the bus. */
const struct region_ops *virtio_region(const struct virtio *v);

/* ---- for the devices' struct device_class ---- */

extern const struct wire_layout virtio_layout;
void virtio_device_reset(struct device *dev);
bool virtio_check(const struct device *dev, const void *state, struct err *err);

/* The rows of its registers. */
#define VIRTIO_REG_(f, as, ...) \
	DEVICE_REG_AS(struct virtio_state, f, as, ##__VA_ARGS__)
#define VIRTIO_QUEUE_REGS_(n)                                               \
	VIRTIO_REG_(queue[n].size, "Queue" #n " Size"),                     \
		VIRTIO_REG_(queue[n].ready, "Queue" #n " Ready"),           \
		VIRTIO_REG_(queue[n].desc, "Queue" #n " Desc"),             \
		VIRTIO_REG_(queue[n].driver, "Queue" #n " Driver"),         \
		VIRTIO_REG_(queue[n].device, "Queue" #n " Device"),         \
		VIRTIO_REG_(queue[n].next_avail, "Queue" #n " next avail"), \
		VIRTIO_REG_(queue[n].next_used, "Queue" #n " next used")
#define VIRTIO_REGS                                                    \
	VIRTIO_REG_(status, "Status", .bits = virtio_status_bits),     \
		VIRTIO_REG_(irq_status, "InterruptStatus",             \
			    .bits = virtio_irq_bits),                  \
		VIRTIO_REG_(driver_features, "DriverFeatures"),        \
		VIRTIO_REG_(device_features_sel, "DeviceFeaturesSel"), \
		VIRTIO_REG_(driver_features_sel, "DriverFeaturesSel"), \
		VIRTIO_REG_(queue_sel, "QueueSel"), VIRTIO_QUEUE_REGS_(0)
#define VIRTIO_REGS2 VIRTIO_REGS, VIRTIO_QUEUE_REGS_(1)
extern const struct bit_name virtio_status_bits[], virtio_irq_bits[];

/* Power-on state, as the guest's own reset of the device. */
void virtio_reset(struct virtio *v);

/* ---- for the devices: requests out of a queue ---- */

struct virtio_segment {
	gpa_t gpa;
	uint32_t len;
};

/* One request: what the device reads, then what it writes. */
struct virtio_request {
	uint16_t head;
	unsigned int outs, ins; /* segments: first outs, then ins */
	uint64_t out_len, in_len;
	struct virtio_segment segment[VIRTIO_SEGMENTS];
};

/* Take the next request.  False: none, or the ring is broken. */
bool virtio_pop(struct virtio *v, unsigned int queue, struct virtio_request *r);

/*
 * Copy from what the device reads, or to what it writes, at an offset.  A
 * piece past the end, or outside RAM, breaks the device: false.
 */
bool virtio_copy_out(struct virtio *v, const struct virtio_request *r,
		     uint64_t offset, void *buf, size_t len);
bool virtio_copy_in(struct virtio *v, const struct virtio_request *r,
		    uint64_t offset, const void *buf, size_t len);

/* The request is done, `written` bytes of its ins are valid. */
void virtio_push(struct virtio *v, unsigned int queue,
		 const struct virtio_request *r, uint32_t written);

/* Interrupt the driver for what was pushed, unless it wants none. */
void virtio_notify_driver(struct virtio *v, unsigned int queue);

/* The driver broke the rules: set DEVICE_NEEDS_RESET and say why, once. */
void virtio_broken(struct virtio *v, const char *why);

/* Is the queue usable: the driver is there and has set it up? */
bool virtio_queue_live(const struct virtio *v, unsigned int queue);

#endif
