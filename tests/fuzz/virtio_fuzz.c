/*
 * A hostile driver: the input is written over guest memory, then read as
 * register accesses.  First byte: the device; then records of a register
 * number (in words) and a value.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/dev/virtio_blk.h"
#include "vmm/dev/virtio_console.h"
#include "vmm/dev/virtio_rng.h"

enum {
	RAM = 0x4000,
	DISK = 64 * DISK_SECTOR,
};

static uint8_t ram[RAM];

static bool fuzz_read(void *ctx, gpa_t gpa, void *buf, size_t len,
		      struct err *err)
{
	(void)ctx;
	if (!range_ok(0, RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(buf, ram + gpa, len);
	return true;
}

static bool fuzz_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
		       struct err *err)
{
	(void)ctx;
	if (!range_ok(0, RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(ram + gpa, buf, len);
	return true;
}

static void on_irq(void *ctx, unsigned int gsi, int level)
{
	(void)ctx;
	if (gsi != 5 || (level != 0 && level != 1))
		abort();
}

static void on_output(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	if (len > VIRTIO_REQUEST_MAX || !data)
		abort();
}

static struct disk *fuzz_disk(void)
{
	static struct disk *disk;
	char path[] = "/tmp/virtio-fuzz-XXXXXX";
	struct disk_config config = {.path = path, .snapshot = true};
	struct err err;
	int fd;

	if (disk)
		return disk;
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, DISK) || !disk_open(&config, &disk, &err))
		abort();
	close(fd);
	unlink(path);
	return disk;
}

static void ready(struct virtio *v, uint32_t reg, uint32_t value)
{
	virtio_region(v)->write(&v->dev, reg, 4, value);
}

/* As far as DRIVER_OK with queues at the start of RAM: the interesting part. */
static void start(struct virtio *v)
{
	ready(v, 0x24, 1);
	ready(v, 0x20, 1);
	ready(v, 0x70, 0xb);
	for (uint32_t q = 0; q < v->ops->queues; q++) {
		ready(v, 0x30, q);
		ready(v, 0x38, 8);
		ready(v, 0x80, 0);
		ready(v, 0x90, 0x80 + 0x20 * q);
		ready(v, 0xa0, 0x100 + 0x80 * q);
		ready(v, 0x44, 1);
	}
	ready(v, 0x70, 0xf);
}

static void drive(struct virtio *v, const uint8_t *data, size_t size)
{
	const struct region_ops *ops = virtio_region(v);

	start(v);
	for (uint32_t q = 0; q < v->ops->queues; q++)
		ready(v, 0x50, q);
	for (size_t i = 0; i + 6 <= size && i < 600; i += 6) {
		uint64_t reg = (uint64_t)(data[i] & 0x7f) * 4;
		uint32_t value;

		memcpy(&value, data + i + 2, sizeof(value));
		if (data[i] & 0x80)
			ops->read(&v->dev, reg + (data[i + 1] & 3), 4);
		else
			ops->write(&v->dev, reg, 1u << (data[i + 1] & 3),
				   value);
	}
	for (unsigned int q = 0; q < VIRTIO_QUEUES; q++)
		if (v->state->queue[q].size > VIRTIO_QUEUE_MAX)
			abort();
	v->dev.class->reset(&v->dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio_blk blk;
	static struct virtio_console console;
	static struct virtio_rng rng;
	const struct dma dma = {fuzz_read, fuzz_write, NULL};
	const struct irq_line irq = {on_irq, NULL, 5};

	if (!size)
		return 0;
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data + 1, min_u64(size - 1, sizeof(ram)));
	switch (data[0] % 3) {
	case 0:
		virtio_blk_init(&blk, fuzz_disk(), 0, &dma, irq);
		drive(&blk.v, data + 1, size - 1);
		break;
	case 1:
		virtio_console_init(&console,
				    (struct byte_sink){on_output, NULL}, &dma,
				    irq);
		virtio_console_input(&console, data, min_u64(size, 100));
		drive(&console.v, data + 1, size - 1);
		if (console.s.backlog_len > VIRTIO_CONSOLE_BACKLOG)
			abort();
		break;
	default:
		virtio_rng_init(&rng, &dma, irq);
		drive(&rng.v, data + 1, size - 1);
	}
	return 0;
}
