#include "tests/vmm/device_rig.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/test.h"

static void rig_exit(void *ctx, int status, const char *by)
{
	struct rig *rig = ctx;

	rig->exits++;
	rig->exit_status = status;
	rig->by = by;
}

static void rig_reset(void *ctx, const char *by)
{
	struct rig *rig = ctx;

	rig->resets++;
	rig->by = by;
}

static void rig_irq(void *ctx, unsigned int gsi, int level)
{
	struct rig *rig = ctx;

	if (level && !rig->irq_level[gsi])
		rig->irq_rises[gsi]++;
	rig->irq_level[gsi] = level;
}

static uint64_t rig_now(void *ctx)
{
	return ((struct rig *)ctx)->now;
}

static void rig_rearm(void *ctx)
{
	((struct rig *)ctx)->rearms++;
}

static struct devices_config rig_config(struct rig *rig)
{
	return (struct devices_config){
		.machine = {.exit = rig_exit, .reset = rig_reset, .ctx = rig},
		.clock = {rig_now, rig_rearm, rig},
		.irq = rig_irq,
		.irq_ctx = rig,
		.memory = UINT64_C(5) << 30,
	};
}

void rig_init(struct rig *rig)
{
	struct devices_config config = rig_config(rig);
	struct err err;

	memset(rig, 0, sizeof(*rig));
	bus_init(&rig->bus);
	CHECK_OK(devices_init(&rig->devices, &rig->bus, &config, &err), &err);
}

/* ---- one of every device ---- */

static bool rig_dma_read(void *ctx, gpa_t gpa, void *buf, size_t len,
			 struct err *err)
{
	struct rig *rig = ctx;

	if (!range_ok(0, RIG_RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(buf, rig->ram + gpa, len);
	return true;
}

static bool rig_dma_write(void *ctx, gpa_t gpa, const void *buf, size_t len,
			  struct err *err)
{
	struct rig *rig = ctx;

	if (!range_ok(0, RIG_RAM, gpa, len))
		return err_set(err, ERR_FAULT, "not RAM");
	memcpy(rig->ram + gpa, buf, len);
	return true;
}

static void on_cpu(void *ctx, unsigned int cpu)
{
}

static void on_sipi(void *ctx, unsigned int cpu, uint8_t vector)
{
}

static struct disk *memory_disk(void)
{
	struct disk_config config = {.path = "/proc/self/fd/9"};
	struct disk *disk;
	struct err err;
	int fd = memfd_create("disk", 0);

	CHECK(fd >= 0 && dup2(fd, 9) == 9 && !ftruncate(fd, 8 * DISK_SECTOR));
	CHECK_OK(disk_open(&config, &disk, &err), &err);
	close(fd);
	return disk;
}

void rig_init_full(struct rig *rig)
{
	static const struct lapic_ops chips = {on_cpu, on_cpu, on_cpu, on_sipi,
					       NULL};
	static struct console *hvc;
	struct devices_config config = rig_config(rig);
	struct err err;

	memset(rig, 0, sizeof(*rig));
	if (!hvc)
		CHECK_OK(console_open("none", &hvc, &err), &err);
	config.chips = &chips;
	config.vcpus = 2;
	config.firmware = true;
	config.testdev = true;
	config.virtio = (struct virtio_config){
		.disk = {memory_disk()},
		.disks = 1,
		.rng = true,
		.hvc = hvc,
		.dma = {rig_dma_read, rig_dma_write, rig},
	};
	bus_init(&rig->bus);
	CHECK_OK(devices_init(&rig->devices, &rig->bus, &config, &err), &err);
}

void rig_deinit(struct rig *rig)
{
	devices_deinit(&rig->devices);
	bus_deinit(&rig->bus);
}

uint64_t rig_in(struct rig *rig, uint16_t port, unsigned int size)
{
	uint64_t value = 0;

	bus_access(&rig->bus, BUS_PIO, port, size, false, &value);
	return value;
}

void rig_out(struct rig *rig, uint16_t port, unsigned int size, uint32_t value)
{
	uint64_t v = value;

	bus_access(&rig->bus, BUS_PIO, port, size, true, &v);
}
