/*
 * A driver without a guest: guest memory in a buffer, one virtio device, and
 * the driver's side of its queues.
 *
 *	rig.v = &device.v; vrig_start(&rig);// reset, features, queues, go
 *	vrig_add(&rig, 0, 2, (struct vrig_buf[]){...});
 *	vrig_kick(&rig, 0);
 *	CHECK_EQ(vrig_used(&rig, 0, &len), head);
 */
#ifndef TESTS_VMM_VIRTIO_RIG_H
#define TESTS_VMM_VIRTIO_RIG_H

#include "vmm/dev/virtio.h"

#define VRIG_RAM  0x40000
#define VRIG_SIZE 8 /* descriptors of a queue */

struct vrig {
	struct virtio *v;
	uint8_t ram[VRIG_RAM];
	int level; /* of the interrupt line */
	unsigned int rises;
	uint16_t next_desc[VIRTIO_QUEUES], avail[VIRTIO_QUEUES],
		used[VIRTIO_QUEUES];
};

struct vrig_buf {
	gpa_t gpa;
	uint32_t len;
	bool write; /* by the device */
};

/* What the device is made with. */
struct dma vrig_dma(struct vrig *rig);
struct irq_line vrig_irq(struct vrig *rig);

uint32_t vrig_read(struct vrig *rig, uint64_t reg);
void vrig_write(struct vrig *rig, uint64_t reg, uint32_t value);

/* As a driver starts: reset, features, queues, DRIVER_OK. */
void vrig_start(struct vrig *rig);

/* Where the parts of a queue lie in ram. */
gpa_t vrig_desc(unsigned int queue);
gpa_t vrig_avail(unsigned int queue);
gpa_t vrig_used_ring(unsigned int queue);

void vrig_put_desc(struct vrig *rig, gpa_t table, unsigned int index,
		   uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
/* Make a chain available; returns its head. */
uint16_t vrig_add(struct vrig *rig, unsigned int queue, unsigned int n,
		  const struct vrig_buf *bufs);
void vrig_make_available(struct vrig *rig, unsigned int queue, uint16_t head);
void vrig_kick(struct vrig *rig, unsigned int queue);
/* The next used head, or -1; *len is what the device says it wrote. */
int vrig_used(struct vrig *rig, unsigned int queue, uint32_t *len);
bool vrig_broken(struct vrig *rig);

#endif
