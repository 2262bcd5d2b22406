#include "vmm/dev/virtio_rng.h"

#include <string.h>
#include <sys/random.h>

enum {
	PIECE = 256, /* bytes getrandom() never splits */
	REQUEST_MAX = 4096,
	BUDGET = VIRTIO_QUEUE_MAX,
};

static void read_config(struct virtio *v, void *config)
{
	(void)v;
	(void)config;
}

/* A driver may ask for any length; a device may give less. */
static void one_request(struct virtio_rng *r, const struct virtio_request *q)
{
	uint64_t want = min_u64(q->in_len, REQUEST_MAX), done = 0;
	uint8_t bytes[PIECE];

	while (done < want) {
		size_t n = (size_t)min_u64(want - done, PIECE);

		if (getrandom(bytes, n, 0) != (ssize_t)n ||
		    !virtio_copy_in(&r->v, q, done, bytes, n))
			break;
		done += n;
	}
	r->s.bytes += done;
	virtio_push(&r->v, 0, q, (uint32_t)done);
}

static void notify(struct virtio *v, unsigned int queue)
{
	struct virtio_request q;
	unsigned int n;

	for (n = 0; n < BUDGET && virtio_pop(v, queue, &q); n++)
		one_request((struct virtio_rng *)v, &q);
	if (n)
		virtio_notify_driver(v, queue);
}

static const struct virtio_ops rng_ops = {
	.name = "virtio-rng",
	.id = VIRTIO_ID_ENTROPY,
	.queues = 1,
	.queue_name = {"requests"},
	.read_config = read_config,
	.notify = notify,
};

#define S struct virtio_rng_state
static const struct device_reg rng_regs[] = {
	VIRTIO_REGS,
	DEVICE_REG_AS(S, bytes, "bytes given"),
	{.name = NULL},
};

static const struct wire_layout rng_layout = {
	.name = "virtio-rng",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_SUB(S, virtio, 1,
						      &virtio_layout),
					     WIRE_U64(S, bytes),
					     {.kind = WIRE_END}}};
#undef S

static const struct device_class rng_class = {
	.name = "virtio-rng",
	.about = "virtio entropy source",
	.state_offset = offsetof(struct virtio_rng, s),
	.state = &rng_layout,
	.regs = rng_regs,
	.reset = virtio_device_reset,
	.check = virtio_check,
};

void virtio_rng_init(struct virtio_rng *r, const struct dma *dma,
		     struct irq_line irq)
{
	memset(r, 0, sizeof(*r));
	virtio_init(&r->v, &rng_class, NULL, &rng_ops, 0, dma, irq);
}
