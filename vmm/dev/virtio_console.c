#include "vmm/dev/virtio_console.h"

#include <string.h>

enum {
	QUEUE_RX = 0,
	QUEUE_TX = 1,
	PIECE = 1024,
	BUDGET = 4 * VIRTIO_QUEUE_MAX,
};

static struct virtio_console *of(struct virtio *v)
{
	return (struct virtio_console *)v;
}

static void read_config(struct virtio *v, void *config)
{
	(void)v;
	(void)config;
}

static bool send(struct virtio_console *c, const struct virtio_request *r)
{
	uint8_t piece[PIECE];
	size_t n;

	for (uint64_t done = 0; done < r->out_len; done += n) {
		n = (size_t)min_u64(r->out_len - done, sizeof(piece));
		if (!virtio_copy_out(&c->v, r, done, piece, n))
			return false;
		c->tx.write(c->tx.ctx, piece, n);
	}
	virtio_push(&c->v, QUEUE_TX, r, 0);
	return true;
}

static void transmit(struct virtio_console *c)
{
	struct virtio_request r;
	unsigned int n = 0;

	while (n < BUDGET && virtio_pop(&c->v, QUEUE_TX, &r) && send(c, &r))
		n++;
	if (n)
		virtio_notify_driver(&c->v, QUEUE_TX);
}

/* Give the driver what has come, as far as it has given buffers. */
static void receive(struct virtio_console *c)
{
	struct virtio_request r;
	unsigned int used = 0, budget = BUDGET;

	while (used < c->s.backlog_len && budget-- &&
	       virtio_pop(&c->v, QUEUE_RX, &r)) {
		uint32_t n =
			(uint32_t)min_u64(r.in_len, c->s.backlog_len - used);

		if (!virtio_copy_in(&c->v, &r, 0, c->s.backlog + used, n))
			break;
		virtio_push(&c->v, QUEUE_RX, &r, n);
		used += n;
	}
	if (!used)
		return;
	c->s.backlog_len -= used;
	memmove(c->s.backlog, c->s.backlog + used, c->s.backlog_len);
	virtio_notify_driver(&c->v, QUEUE_RX);
	if (c->s.wants_room && c->on_room) {
		c->s.wants_room = false;
		c->on_room(c->on_room_ctx);
	}
}

static void notify(struct virtio *v, unsigned int queue)
{
	if (queue == QUEUE_TX)
		transmit(of(v));
	else
		receive(of(v));
}

size_t virtio_console_room(struct virtio_console *c)
{
	size_t room = sizeof(c->s.backlog) - c->s.backlog_len;

	c->s.wants_room = !room;
	return room;
}

void virtio_console_input(struct virtio_console *c, const void *data,
			  size_t len)
{
	size_t n =
		(size_t)min_u64(len, sizeof(c->s.backlog) - c->s.backlog_len);

	memcpy(c->s.backlog + c->s.backlog_len, data, n);
	c->s.backlog_len += (unsigned int)n;
	receive(c);
}

static const struct virtio_ops console_ops = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.queues = 2,
	.queue_name = {"receive", "transmit"},
	.read_config = read_config,
	.notify = notify,
};

#define S struct virtio_console_state
static const struct device_reg console_regs[] = {
	VIRTIO_REGS2,
	DEVICE_REG_AS(S, backlog_len, "bytes on their way"),
	{.name = NULL},
};

static const struct wire_layout console_layout = {
	.name = "virtio-console",
	.size = sizeof(S),
	.field = (const struct wire_field[]){
		WIRE_SUB(S, virtio, 1, &virtio_layout),
		WIRE_U32(S, backlog_len, .max = VIRTIO_CONSOLE_BACKLOG),
		WIRE_U32(S, wants_room, .max = 1),
		WIRE_RAW(S, backlog),
		{.kind = WIRE_END}}};
#undef S

static const struct device_class console_class = {
	.name = "virtio-console",
	.about = "virtio console",
	.state_offset = offsetof(struct virtio_console, s),
	.state = &console_layout,
	.regs = console_regs,
	.reset = virtio_device_reset,
	.check = virtio_check,
};

void virtio_console_init(struct virtio_console *c, struct byte_sink tx,
			 const struct dma *dma, struct irq_line irq)
{
	memset(c, 0, sizeof(*c));
	c->tx = tx;
	virtio_init(&c->v, &console_class, NULL, &console_ops, 0, dma, irq);
}
