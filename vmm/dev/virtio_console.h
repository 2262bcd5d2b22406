/*
 * virtio console with one port, Linux' hvc0 (Virtual I/O Device 1.2, "Console
 * Device").
 */
#ifndef VMM_DEV_VIRTIO_CONSOLE_H
#define VMM_DEV_VIRTIO_CONSOLE_H

#include "vmm/dev/virtio.h"

#define VIRTIO_CONSOLE_BACKLOG 4096

struct virtio_console_state {
	struct virtio_state virtio;
	uint32_t backlog_len;
	uint32_t wants_room; /* 0 or 1 */
	/* Input that the driver has given no buffer for yet. */
	uint8_t backlog[VIRTIO_CONSOLE_BACKLOG];
};

struct virtio_console {
	struct virtio v;
	struct byte_sink tx;
	/* Called when a backlog found full has room again; may be NULL. */
	void (*on_room)(void *ctx);
	void *on_room_ctx;
	struct virtio_console_state s;
};

void virtio_console_init(struct virtio_console *c, struct byte_sink tx,
			 const struct dma *dma, struct irq_line irq);

/* As uart_input_room() and uart_input(), vmm/dev/uart.h. */
size_t virtio_console_room(struct virtio_console *c);
void virtio_console_input(struct virtio_console *c, const void *data,
			  size_t len);

#endif
