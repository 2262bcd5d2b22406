/* virtio entropy device (Virtual I/O Device 1.2, "Entropy Device"). */
#ifndef VMM_DEV_VIRTIO_RNG_H
#define VMM_DEV_VIRTIO_RNG_H

#include "vmm/dev/virtio.h"

struct virtio_rng_state {
	struct virtio_state virtio;
	uint64_t bytes; /* given so far */
};

struct virtio_rng {
	struct virtio v;
	struct virtio_rng_state s;
};

void virtio_rng_init(struct virtio_rng *r, const struct dma *dma,
		     struct irq_line irq);

#endif
