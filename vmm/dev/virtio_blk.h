/* virtio block device (Virtual I/O Device 1.2, "Block Device"). */
#ifndef VMM_DEV_VIRTIO_BLK_H
#define VMM_DEV_VIRTIO_BLK_H

#include "vmm/dev/disk.h"
#include "vmm/dev/virtio.h"

struct virtio_blk_state {
	struct virtio_state virtio;
	uint64_t reads, writes, flushes, errors;
};

struct virtio_blk {
	struct virtio v;
	struct disk *disk; /* not owned */
	char id[21];	   /* answer to GET_ID */
	struct virtio_blk_state s;
};

/* The disk outlives the device.  index: 0 is "vda" in Linux. */
void virtio_blk_init(struct virtio_blk *b, struct disk *disk,
		     unsigned int index, const struct dma *dma,
		     struct irq_line irq);

#endif
