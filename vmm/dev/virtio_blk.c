#include "vmm/dev/virtio_blk.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define F_SEG_MAX   (UINT64_C(1) << 2)
#define F_READ_ONLY (UINT64_C(1) << 5)
#define F_BLK_SIZE  (UINT64_C(1) << 6)
#define F_FLUSH	    (UINT64_C(1) << 9)

enum {
	TYPE_IN = 0, /* from the disk */
	TYPE_OUT = 1,
	TYPE_FLUSH = 4,
	TYPE_GET_ID = 8,

	STATUS_OK = 0,
	STATUS_IOERR = 1,
	STATUS_UNSUPPORTED = 2,

	HEADER = 16,		       /* bytes: type, reserved, sector */
	ID_SIZE = 20,		       /* bytes */
	PIECE = 65536,		       /* bytes copied at a time */
	BUDGET = 4 * VIRTIO_QUEUE_MAX, /* requests a notification serves */
	ERRORS_TOLD = 8,
};

static struct virtio_blk *of(struct virtio *v)
{
	return (struct virtio_blk *)v;
}

static void read_config(struct virtio *v, void *config)
{
	struct {
		uint64_t capacity;
		uint32_t size_max, seg_max;
		uint32_t geometry, blk_size;
	} c = {.capacity = htole64(disk_sectors(of(v)->disk)),
	       .seg_max = htole32(VIRTIO_SEGMENTS - 2),
	       .blk_size = htole32(DISK_SECTOR)};

	memcpy(config, &c, sizeof(c));
}

static bool failed(struct virtio_blk *b, const struct err *err)
{
	if (b->s.errors++ < ERRORS_TOLD)
		log_msg(LOG_WARN, "%s: %s", b->v.ops->name, err->msg);
	return false;
}

/* Is [sector, sector + len) on the disk, in whole sectors? */
static bool on_disk(struct virtio_blk *b, uint64_t sector, uint64_t len)
{
	struct err err;

	if (len % DISK_SECTOR == 0 &&
	    range_ok(0, disk_sectors(b->disk), sector, len / DISK_SECTOR))
		return true;
	err_set(&err, ERR_RANGE,
		"the guest wants %llu bytes at sector %llu; disk %s has %llu "
		"sectors",
		(unsigned long long)len, (unsigned long long)sector,
		disk_path(b->disk), (unsigned long long)disk_sectors(b->disk));
	return failed(b, &err);
}

static bool transfer_in(struct virtio_blk *b, const struct virtio_request *r,
			uint64_t sector, uint64_t len)
{
	uint8_t piece[PIECE];
	struct err err;
	size_t n;

	b->s.reads++;
	if (!on_disk(b, sector, len))
		return false;
	for (uint64_t done = 0; done < len; done += n) {
		n = (size_t)min_u64(len - done, sizeof(piece));
		if (!disk_read(b->disk, sector * DISK_SECTOR + done, piece, n,
			       &err))
			return failed(b, &err);
		if (!virtio_copy_in(&b->v, r, done, piece, n))
			return false;
	}
	return true;
}

static bool transfer_out(struct virtio_blk *b, const struct virtio_request *r,
			 uint64_t sector, uint64_t len)
{
	uint8_t piece[PIECE];
	struct err err;
	size_t n;

	b->s.writes++;
	if (!on_disk(b, sector, len))
		return false;
	for (uint64_t done = 0; done < len; done += n) {
		n = (size_t)min_u64(len - done, sizeof(piece));
		if (!virtio_copy_out(&b->v, r, HEADER + done, piece, n))
			return false;
		if (!disk_write(b->disk, sector * DISK_SECTOR + done, piece, n,
				&err))
			return failed(b, &err);
	}
	return true;
}

static bool flush(struct virtio_blk *b)
{
	struct err err;

	b->s.flushes++;
	return disk_flush(b->disk, &err) || failed(b, &err);
}

/* Returns the status byte; *written counts the data before it. */
static uint8_t serve(struct virtio_blk *b, const struct virtio_request *r,
		     uint32_t type, uint64_t sector, uint32_t *written)
{
	uint64_t in = r->in_len - 1, out = r->out_len - HEADER;
	bool ok;

	*written = 0;
	switch (type) {
	case TYPE_IN:
		ok = transfer_in(b, r, sector, in);
		*written = ok ? (uint32_t)in : 0;
		break;
	case TYPE_OUT:
		ok = transfer_out(b, r, sector, out);
		break;
	case TYPE_FLUSH:
		ok = flush(b);
		break;
	case TYPE_GET_ID:
		ok = in >= ID_SIZE &&
		     virtio_copy_in(&b->v, r, 0, b->id, ID_SIZE);
		*written = ok ? ID_SIZE : 0;
		break;
	default:
		return STATUS_UNSUPPORTED;
	}
	return ok ? STATUS_OK : STATUS_IOERR;
}

static bool one_request(struct virtio_blk *b, const struct virtio_request *r)
{
	uint8_t header[HEADER], status;
	uint32_t type, written;
	uint64_t sector;

	if (r->out_len < HEADER || !r->in_len) {
		virtio_broken(&b->v, "a request has no header or no status "
				     "byte");
		return false;
	}
	if (!virtio_copy_out(&b->v, r, 0, header, sizeof(header)))
		return false;
	memcpy(&type, header, sizeof(type));
	memcpy(&sector, header + 8, sizeof(sector));
	status = serve(b, r, le32toh(type), le64toh(sector), &written);
	if (!virtio_copy_in(&b->v, r, r->in_len - 1, &status, 1))
		return false;
	virtio_push(&b->v, 0, r, written + 1);
	return true;
}

/*
 * The budget keeps a driver that refills the queue from another vCPU from
 * holding this one for ever: each request it adds rings the bell again.
 */
static void notify(struct virtio *v, unsigned int queue)
{
	struct virtio_request r;
	unsigned int n = 0;

	while (n < BUDGET && virtio_pop(v, queue, &r) && one_request(of(v), &r))
		n++;
	if (n)
		virtio_notify_driver(v, queue);
}

static const struct virtio_ops blk_ops = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLOCK,
	.features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH,
	.queues = 1,
	.queue_name = {"requests"},
	.config_len = 24,
	.read_config = read_config,
	.notify = notify,
};

#define S struct virtio_blk_state
static const struct device_reg blk_regs[] = {
	VIRTIO_REGS,	       DEVICE_REG(S, reads),
	DEVICE_REG(S, writes), DEVICE_REG(S, flushes),
	DEVICE_REG(S, errors), {.name = NULL},
};

static const struct wire_layout blk_layout = {
	.name = "virtio-blk",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_SUB(S, virtio, 1,
						      &virtio_layout),
					     WIRE_U64(S, reads),
					     WIRE_U64(S, writes),
					     WIRE_U64(S, flushes),
					     WIRE_U64(S, errors),
					     {.kind = WIRE_END}}};
#undef S

static const struct device_class blk_class = {
	.name = "virtio-blk",
	.about = "virtio disk",
	.state_offset = offsetof(struct virtio_blk, s),
	.state = &blk_layout,
	.regs = blk_regs,
	.reset = virtio_device_reset,
	.check = virtio_check,
};

void virtio_blk_init(struct virtio_blk *b, struct disk *disk,
		     unsigned int index, const struct dma *dma,
		     struct irq_line irq)
{
	char name[DEVICE_NAME];

	memset(b, 0, sizeof(*b));
	b->disk = disk;
	snprintf(b->id, sizeof(b->id), "kvm-gdbserver-%u", index);
	snprintf(name, sizeof(name), "virtio-blk%u", index);
	virtio_init(&b->v, &blk_class, name, &blk_ops,
		    disk_read_only(disk) ? F_READ_ONLY : 0, dma, irq);
}
