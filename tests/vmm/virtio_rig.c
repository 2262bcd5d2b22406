#include "tests/vmm/virtio_rig.h"

#include <string.h>

static bool rig_dma_read(void *ctx, gpa_t gpa, void *buf, size_t len,
			 struct err *err)
{
	struct vrig *rig = ctx;

	if (!range_ok(0, VRIG_RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(buf, rig->ram + gpa, len);
	return true;
}

static bool rig_dma_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
			  struct err *err)
{
	struct vrig *rig = ctx;

	if (!range_ok(0, VRIG_RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(rig->ram + gpa, buf, len);
	return true;
}

static void rig_irq(void *ctx, unsigned int gsi, int level)
{
	struct vrig *rig = ctx;

	(void)gsi;
	rig->rises += level && !rig->level;
	rig->level = level;
}

struct dma vrig_dma(struct vrig *rig)
{
	return (struct dma){rig_dma_read, rig_dma_write, rig};
}

struct irq_line vrig_irq(struct vrig *rig)
{
	return (struct irq_line){rig_irq, rig, 5};
}

uint32_t vrig_read(struct vrig *rig, uint64_t reg)
{
	return (uint32_t)virtio_region(rig->v)->read(&rig->v->dev, reg, 4);
}

void vrig_write(struct vrig *rig, uint64_t reg, uint32_t value)
{
	virtio_region(rig->v)->write(&rig->v->dev, reg, 4, value);
}

gpa_t vrig_desc(unsigned int queue)
{
	return 0x1000 + 0x1000 * queue;
}

gpa_t vrig_avail(unsigned int queue)
{
	return vrig_desc(queue) + 0x400;
}

gpa_t vrig_used_ring(unsigned int queue)
{
	return vrig_desc(queue) + 0x800;
}

static void start_queue(struct vrig *rig, unsigned int queue)
{
	vrig_write(rig, 0x30, queue);
	vrig_write(rig, 0x38, VRIG_SIZE);
	vrig_write(rig, 0x80, (uint32_t)vrig_desc(queue));
	vrig_write(rig, 0x90, (uint32_t)vrig_avail(queue));
	vrig_write(rig, 0xa0, (uint32_t)vrig_used_ring(queue));
	vrig_write(rig, 0x44, 1);
}

void vrig_start(struct vrig *rig)
{
	memset(rig->next_desc, 0, sizeof(rig->next_desc));
	memset(rig->avail, 0, sizeof(rig->avail));
	memset(rig->used, 0, sizeof(rig->used));
	memset(rig->ram, 0, 0x4000);
	vrig_write(rig, 0x70, 0);
	vrig_write(rig, 0x70, 3);
	for (uint32_t sel = 0; sel < 2; sel++) {
		vrig_write(rig, 0x14, sel);
		vrig_write(rig, 0x24, sel);
		vrig_write(rig, 0x20, vrig_read(rig, 0x10));
	}
	vrig_write(rig, 0x70, 0xb);
	for (unsigned int q = 0; q < rig->v->ops->queues; q++)
		start_queue(rig, q);
	vrig_write(rig, 0x70, 0xf);
}

void vrig_put_desc(struct vrig *rig, gpa_t table, unsigned int index,
		   uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	uint8_t *d = rig->ram + table + 16 * index;

	memcpy(d, &addr, 8);
	memcpy(d + 8, &len, 4);
	memcpy(d + 12, &flags, 2);
	memcpy(d + 14, &next, 2);
}

void vrig_make_available(struct vrig *rig, unsigned int queue, uint16_t head)
{
	uint8_t *avail = rig->ram + vrig_avail(queue);

	memcpy(avail + 4 + 2 * (rig->avail[queue] % VRIG_SIZE), &head, 2);
	rig->avail[queue]++;
	memcpy(avail + 2, &rig->avail[queue], 2);
}

uint16_t vrig_add(struct vrig *rig, unsigned int queue, unsigned int n,
		  const struct vrig_buf *bufs)
{
	uint16_t head = rig->next_desc[queue] % VRIG_SIZE;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t at = rig->next_desc[queue]++ % VRIG_SIZE;
		uint16_t next = rig->next_desc[queue] % VRIG_SIZE;
		uint16_t flags = bufs[i].write ? 2 : 0;

		if (i + 1 < n)
			flags |= 1;
		vrig_put_desc(rig, vrig_desc(queue), at, bufs[i].gpa,
			      bufs[i].len, flags, next);
	}
	vrig_make_available(rig, queue, head);
	return head;
}

void vrig_kick(struct vrig *rig, unsigned int queue)
{
	vrig_write(rig, 0x50, queue);
}

int vrig_used(struct vrig *rig, unsigned int queue, uint32_t *len)
{
	const uint8_t *used = rig->ram + vrig_used_ring(queue);
	uint32_t entry[2];
	uint16_t idx;

	memcpy(&idx, used + 2, 2);
	if (idx == rig->used[queue])
		return -1;
	memcpy(entry, used + 4 + 8 * (rig->used[queue]++ % VRIG_SIZE), 8);
	if (len)
		*len = entry[1];
	return (int)entry[0];
}

bool vrig_broken(struct vrig *rig)
{
	return vrig_read(rig, 0x70) & 0x40;
}
