/* virtio entropy device (Virtual I/O Device 1.2, "Entropy Device"). */
#ifndef VMM_DEV_VIRTIO_RNG_H
#define VMM_DEV_VIRTIO_RNG_H

#include "vmm/dev/virtio.h"

struct virtio_rng {
	struct virtio v;
	uint64_t bytes; /* given so far */
};

void virtio_rng_init(struct virtio_rng *r, const struct dma *dma,
		     struct irq_line irq);

#endif
