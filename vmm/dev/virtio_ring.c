/*
 * Split virtqueues (Virtual I/O Device 1.2, "Split Virtqueues"), the device's
 * side.  Everything read from the guest is copied before it is looked at.
 */
#include <endian.h>
#include <string.h>

#include "vmm/dev/virtio.h"

enum {
	DESC_SIZE = 16,
	DESC_NEXT = 1,
	DESC_WRITE = 2,
	DESC_INDIRECT = 4,
	AVAIL_NO_INTERRUPT = 1,
	RING = 4, /* of the avail and the used ring: flags, idx, then ring[] */
	USED_SIZE = 8,
	IRQ_USED = 1, /* InterruptStatus: used buffer notification */
};

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* x86 keeps loads in order and stores in order; the compiler must, too. */
static void order_memory(void)
{
	__asm__ volatile("" ::: "memory");
}

static bool load(struct virtio *v, gpa_t gpa, void *buf, size_t len,
		 const char *what)
{
	struct err err;

	if (v->dma.read(v->dma.ctx, gpa, buf, len, &err))
		return true;
	virtio_broken(v, what);
	return false;
}

static bool store(struct virtio *v, gpa_t gpa, const void *buf, size_t len,
		  const char *what)
{
	struct err err;

	if (v->dma.write(v->dma.ctx, gpa, buf, len, &err))
		return true;
	virtio_broken(v, what);
	return false;
}

static bool load16(struct virtio *v, gpa_t gpa, uint16_t *value,
		   const char *what)
{
	uint16_t raw;

	if (!load(v, gpa, &raw, sizeof(raw), what))
		return false;
	*value = le16toh(raw);
	return true;
}

static bool load_desc(struct virtio *v, gpa_t table, uint16_t index,
		      struct desc *d)
{
	uint8_t raw[DESC_SIZE];

	if (!load(v, table + (gpa_t)index * DESC_SIZE, raw, sizeof(raw),
		  "its descriptors are not in RAM"))
		return false;
	memcpy(&d->addr, raw, 8);
	memcpy(&d->len, raw + 8, 4);
	memcpy(&d->flags, raw + 12, 2);
	memcpy(&d->next, raw + 14, 2);
	d->addr = le64toh(d->addr);
	d->len = le32toh(d->len);
	d->flags = le16toh(d->flags);
	d->next = le16toh(d->next);
	return true;
}

bool virtio_queue_live(const struct virtio *v, unsigned int queue)
{
	const uint32_t driver_ok = 4, needs_reset = 0x40;

	return queue < v->ops->queues && v->state->queue[queue].ready &&
	       (v->state->status & (driver_ok | needs_reset)) == driver_ok;
}

static bool add_segment(struct virtio *v, struct virtio_request *r,
			const struct desc *d)
{
	unsigned int n = r->outs + r->ins;

	if (n == VIRTIO_SEGMENTS) {
		virtio_broken(v, "a request has too many descriptors");
		return false;
	}
	if (!(d->flags & DESC_WRITE) && r->ins) {
		virtio_broken(v, "a request has a readable descriptor after a "
				 "writable one");
		return false;
	}
	if (r->out_len + r->in_len + d->len > VIRTIO_REQUEST_MAX) {
		virtio_broken(v, "a request is longer than 64 MiB");
		return false;
	}
	r->segment[n] = (struct virtio_segment){d->addr, d->len};
	if (d->flags & DESC_WRITE) {
		r->ins++;
		r->in_len += d->len;
	} else {
		r->outs++;
		r->out_len += d->len;
	}
	return true;
}

/* Follow a chain through a table of `size` descriptors, at most once each. */
static bool follow(struct virtio *v, gpa_t table, uint32_t size, uint16_t index,
		   bool indirect, struct virtio_request *r)
{
	struct desc d;

	for (uint32_t n = 0;; n++) {
		if (n == size || index >= size) {
			virtio_broken(v, n == size ? "a descriptor chain has a "
						     "loop"
						   : "a descriptor's index is "
						     "outside its table");
			return false;
		}
		if (!load_desc(v, table, index, &d))
			return false;
		if (d.flags & DESC_INDIRECT) {
			if (indirect || d.len % DESC_SIZE || !d.len ||
			    d.flags & DESC_NEXT) {
				virtio_broken(v, "an indirect descriptor is "
						 "malformed");
				return false;
			}
			return follow(v, d.addr,
				      (uint32_t)min_u64(d.len / DESC_SIZE,
							UINT16_MAX + 1),
				      0, true, r);
		}
		if (!add_segment(v, r, &d))
			return false;
		if (!(d.flags & DESC_NEXT))
			return true;
		index = d.next;
	}
}

bool virtio_pop(struct virtio *v, unsigned int queue, struct virtio_request *r)
{
	struct virtq_state *q = &v->state->queue[queue];
	uint16_t idx, head;

	if (!virtio_queue_live(v, queue) ||
	    !load16(v, q->driver + 2, &idx, "its avail ring is not in RAM"))
		return false;
	if (idx == q->next_avail)
		return false;
	if ((uint16_t)(idx - q->next_avail) > q->size) {
		virtio_broken(v, "its avail index ran ahead of its queue");
		return false;
	}
	/* the entry is read after the index that made it available */
	order_memory();
	if (!load16(v, q->driver + RING + q->next_avail % q->size * 2u, &head,
		    "its avail ring is not in RAM"))
		return false;
	r->head = head;
	r->outs = r->ins = 0;
	r->out_len = r->in_len = 0;
	if (!follow(v, q->desc, q->size, head, false, r))
		return false;
	q->next_avail++;
	return true;
}

/* Walk the pieces of [offset, offset + len) over segments. */
static bool copy(struct virtio *v, const struct virtio_segment *s,
		 unsigned int n, uint64_t offset, void *to, const void *from,
		 size_t len)
{
	size_t done = 0;

	for (unsigned int i = 0; i < n && done < len; i++) {
		size_t part;

		if (offset >= s[i].len) {
			offset -= s[i].len;
			continue;
		}
		part = (size_t)min_u64(len - done, s[i].len - offset);
		if (to ? !load(v, s[i].gpa + offset, (char *)to + done, part,
			       "a request's data is not in RAM")
		       : !store(v, s[i].gpa + offset, (const char *)from + done,
				part, "a request's data is not in RAM"))
			return false;
		done += part;
		offset = 0;
	}
	if (done == len)
		return true;
	virtio_broken(v, "a request is too short");
	return false;
}

bool virtio_copy_out(struct virtio *v, const struct virtio_request *r,
		     uint64_t offset, void *buf, size_t len)
{
	return copy(v, r->segment, r->outs, offset, buf, NULL, len);
}

bool virtio_copy_in(struct virtio *v, const struct virtio_request *r,
		    uint64_t offset, const void *buf, size_t len)
{
	return copy(v, r->segment + r->outs, r->ins, offset, NULL, buf, len);
}

void virtio_push(struct virtio *v, unsigned int queue,
		 const struct virtio_request *r, uint32_t written)
{
	struct virtq_state *q = &v->state->queue[queue];
	const uint32_t entry[2] = {htole32(r->head), htole32(written)};
	uint16_t idx;

	if (!virtio_queue_live(v, queue) ||
	    !store(v, q->device + RING + q->next_used % q->size * USED_SIZE,
		   entry, sizeof(entry), "its used ring is not in RAM"))
		return;
	/* the index is written after the entry it announces */
	order_memory();
	idx = htole16(++q->next_used);
	store(v, q->device + 2, &idx, sizeof(idx),
	      "its used ring is not in RAM");
}

void virtio_notify_driver(struct virtio *v, unsigned int queue)
{
	uint16_t flags;

	if (!virtio_queue_live(v, queue))
		return;
	/* the used index goes out before the flags are read */
	__asm__ volatile("mfence" ::: "memory");
	if (!load16(v, v->state->queue[queue].driver, &flags,
		    "its avail ring is not in RAM") ||
	    flags & AVAIL_NO_INTERRUPT)
		return;
	v->state->irq_status |= IRQ_USED;
	irq_line_set(&v->irq, 1);
}
