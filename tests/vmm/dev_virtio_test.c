#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/test.h"
#include "tests/vmm/virtio_rig.h"
#include "vmm/dev/virtio_blk.h"
#include "vmm/dev/virtio_console.h"
#include "vmm/dev/virtio_rng.h"

static struct vrig rig;
static struct virtio_blk blk;
static struct virtio_rng rng;
static struct virtio_console con;
static struct disk *disk;
static char path[] = "/tmp/virtio-test-XXXXXX";
static char said[256];

/* A disk of 8 sectors, sector n filled with 'a' + n. */
static void make_file(void)
{
	char sector[DISK_SECTOR];
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0);
	for (int i = 0; i < 8; i++) {
		memset(sector, 'a' + i, sizeof(sector));
		CHECK_EQ(write(fd, sector, sizeof(sector)), DISK_SECTOR);
	}
	close(fd);
}

static void open_blk(const char *options)
{
	struct disk_config config;
	char spec[64], *copy;
	struct dma dma = vrig_dma(&rig);
	struct err err;

	make_file();
	snprintf(spec, sizeof(spec), "%s%s", path, options);
	CHECK_OK(disk_parse(spec, &config, &copy, &err), &err);
	CHECK_OK(disk_open(&config, &disk, &err), &err);
	free(copy);
	memset(&rig, 0, sizeof(rig));
	virtio_blk_init(&blk, disk, 0, &dma, vrig_irq(&rig));
	rig.v = &blk.v;
	vrig_start(&rig);
}

static void close_blk(void)
{
	disk_close(disk);
	unlink(path);
}

/* One block request with 512 bytes at 0x10000; returns its status byte. */
static int request(uint32_t type, uint64_t sector, uint32_t len)
{
	const struct vrig_buf bufs[] = {{0x8000, 16, false},
					{0x10000, len, type != 1},
					{0x9000, 1, true}};

	memcpy(rig.ram + 0x8000, &type, 4);
	memcpy(rig.ram + 0x8008, &sector, 8);
	rig.ram[0x9000] = 0xee;
	vrig_add(&rig, 0, 3, bufs);
	vrig_kick(&rig, 0);
	return vrig_used(&rig, 0, NULL) < 0 ? -1 : rig.ram[0x9000];
}

static char file_byte(int at)
{
	struct disk_config config = {.path = path, .read_only = true};
	struct disk *d;
	struct err err;
	char c;

	CHECK_OK(disk_open(&config, &d, &err), &err);
	CHECK_OK(disk_read(d, (uint64_t)at, &c, 1, &err), &err);
	disk_close(d);
	return c;
}

TEST(registers_a_driver_looks_at_first)
{
	open_blk("");
	CHECK_EQ(vrig_read(&rig, 0), 0x74726976);
	CHECK_EQ(vrig_read(&rig, 4), 2);
	CHECK_EQ(vrig_read(&rig, 8), VIRTIO_ID_BLOCK);
	CHECK_EQ(vrig_read(&rig, 0x34), VIRTIO_QUEUE_MAX);
	CHECK_EQ(vrig_read(&rig, 0x100), 8); /* capacity */
	CHECK_EQ(vrig_read(&rig, 0x70), 0xf);
	CHECK_STR(virtio_region(&blk.v)->reg_name(&blk.v.dev, 0x50, true), "Que"
									   "ueN"
									   "oti"
									   "f"
									   "y");
	close_blk();
}

TEST(features_not_offered_are_not_ok)
{
	open_blk("");
	vrig_write(&rig, 0x70, 0);
	vrig_write(&rig, 0x70, 3);
	vrig_write(&rig, 0x24, 1);
	vrig_write(&rig, 0x20, 0xffffffff);
	vrig_write(&rig, 0x70, 0xb);
	CHECK_EQ(vrig_read(&rig, 0x70), 3);
	close_blk();
}

TEST(a_sector_is_read_and_the_driver_interrupted)
{
	open_blk("");
	CHECK_EQ(request(0, 3, 512), 0);
	CHECK_EQ(rig.ram[0x10000], 'd');
	CHECK_EQ(rig.ram[0x101ff], 'd');
	CHECK_EQ(rig.level, 1);
	CHECK_EQ(vrig_read(&rig, 0x60), 1);
	vrig_write(&rig, 0x64, 1);
	CHECK_EQ(rig.level, 0);
	close_blk();
}

TEST(a_driver_that_wants_no_interrupt_gets_none)
{
	open_blk("");
	rig.ram[vrig_avail(0)] = 1;
	CHECK_EQ(request(0, 0, 512), 0);
	CHECK_EQ(rig.rises, 0);
	close_blk();
}

TEST(a_sector_is_written)
{
	open_blk("");
	memset(rig.ram + 0x10000, 'X', 512);
	CHECK_EQ(request(1, 2, 512), 0);
	CHECK_EQ(file_byte(1024), 'X');
	CHECK_EQ(file_byte(1536), 'd');
	CHECK_EQ(request(4, 0, 0), 0); /* flush */
	close_blk();
}

TEST(snapshot_leaves_the_file_alone)
{
	open_blk(",snapshot=on");
	memset(rig.ram + 0x10000, 'X', 512);
	CHECK_EQ(request(1, 2, 512), 0);
	CHECK_EQ(file_byte(1024), 'c');
	CHECK_EQ(request(0, 2, 512), 0);
	CHECK_EQ(rig.ram[0x10000], 'X');
	CHECK_EQ(request(0, 3, 512), 0); /* same cluster, not written */
	CHECK_EQ(rig.ram[0x10000], 'd');
	close_blk();
}

TEST(a_read_only_disk_refuses_writes)
{
	open_blk(",ro");
	vrig_write(&rig, 0x14, 0);
	CHECK(vrig_read(&rig, 0x10) & 1 << 5);
	CHECK_EQ(request(1, 2, 512), 1);
	CHECK_EQ(file_byte(1024), 'c');
	close_blk();
}

TEST(past_the_end_is_an_io_error)
{
	open_blk("");
	CHECK_EQ(request(0, 8, 512), 1);
	CHECK_EQ(request(0, UINT64_MAX, 512), 1);
	CHECK_EQ(request(0, 0, 511), 1);
	CHECK_EQ(request(99, 0, 512), 2);
	CHECK(!vrig_broken(&rig));
	close_blk();
}

TEST(identity)
{
	open_blk("");
	CHECK_EQ(request(8, 0, 20), 0);
	CHECK_STR((char *)rig.ram + 0x10000, "kvm-gdbserver-0");
	close_blk();
}

TEST(indirect_descriptors)
{
	const uint64_t sector = 1;

	open_blk("");
	memcpy(rig.ram + 0x8008, &sector, 8);
	vrig_put_desc(&rig, 0x6000, 0, 0x8000, 16, 1, 1);
	vrig_put_desc(&rig, 0x6000, 1, 0x10000, 512, 3, 2);
	vrig_put_desc(&rig, 0x6000, 2, 0x9000, 1, 2, 0);
	vrig_put_desc(&rig, vrig_desc(0), 5, 0x6000, 48, 4, 0);
	vrig_make_available(&rig, 0, 5);
	vrig_kick(&rig, 0);
	CHECK_EQ(vrig_used(&rig, 0, NULL), 5);
	CHECK_EQ(rig.ram[0x10000], 'b');
	close_blk();
}

/* Each of these breaks the device, and a reset mends it. */
static void expect_broken(void)
{
	vrig_kick(&rig, 0);
	CHECK(vrig_broken(&rig));
	CHECK_EQ(vrig_used(&rig, 0, NULL), -1);
	vrig_start(&rig);
	CHECK(!vrig_broken(&rig));
	CHECK_EQ(request(0, 0, 512), 0);
}

TEST(hostile_rings_break_the_device_only)
{
	open_blk("");
	/* a loop */
	vrig_put_desc(&rig, vrig_desc(0), 0, 0x8000, 16, 1, 0);
	vrig_make_available(&rig, 0, 0);
	expect_broken();
	/* a head outside the table */
	vrig_make_available(&rig, 0, 200);
	expect_broken();
	/* an index that ran ahead */
	memset(rig.ram + vrig_avail(0) + 2, 0x7f, 2);
	expect_broken();
	/* data outside RAM */
	vrig_add(&rig, 0, 3,
		 (struct vrig_buf[]){{0x8000, 16, false},
				     {VRIG_RAM - 8, 512, true},
				     {0x9000, 1, true}});
	expect_broken();
	/* no header */
	vrig_add(&rig, 0, 1, (struct vrig_buf[]){{0x9000, 1, true}});
	expect_broken();
	/* writable before readable */
	vrig_add(&rig, 0, 2,
		 (struct vrig_buf[]){{0x9000, 1, true}, {0x8000, 16, false}});
	expect_broken();
	/* indirect in indirect, and lengths that add up to too much */
	vrig_put_desc(&rig, 0x6000, 0, 0x6000, 16, 4, 0);
	vrig_put_desc(&rig, vrig_desc(0), 0, 0x6000, 16, 4, 0);
	vrig_make_available(&rig, 0, 0);
	expect_broken();
	vrig_add(&rig, 0, 2,
		 (struct vrig_buf[]){{0x8000, 16, false},
				     {0x9000, UINT32_MAX, true}});
	expect_broken();
	close_blk();
}

TEST(misplaced_queues_break_the_device)
{
	open_blk("");
	vrig_write(&rig, 0x44, 0);
	vrig_write(&rig, 0x80, 0x1001);
	vrig_write(&rig, 0x44, 1);
	CHECK(vrig_broken(&rig));
	vrig_start(&rig);
	vrig_write(&rig, 0x44, 0);
	vrig_write(&rig, 0x38, 300);
	CHECK(vrig_broken(&rig));
	close_blk();
}

TEST(random_bytes)
{
	struct dma dma = vrig_dma(&rig);
	uint32_t len;

	memset(&rig, 0, sizeof(rig));
	virtio_rng_init(&rng, &dma, vrig_irq(&rig));
	rig.v = &rng.v;
	vrig_start(&rig);
	vrig_add(&rig, 0, 1, (struct vrig_buf[]){{0x10000, 600, true}});
	vrig_kick(&rig, 0);
	CHECK_EQ(vrig_used(&rig, 0, &len), 0);
	CHECK_EQ(len, 600);
	CHECK(memcmp(rig.ram + 0x10000, rig.ram + 0x10000 + 300, 300));
}

static void hear(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	strncat(said, data, len);
}

TEST(console_both_ways)
{
	struct dma dma = vrig_dma(&rig);
	uint32_t len;

	memset(&rig, 0, sizeof(rig));
	said[0] = '\0';
	virtio_console_init(&con, (struct byte_sink){hear, NULL}, &dma,
			    vrig_irq(&rig));
	rig.v = &con.v;
	vrig_start(&rig);
	memcpy(rig.ram + 0x10000, "login: ", 7);
	vrig_add(&rig, 1, 1, (struct vrig_buf[]){{0x10000, 7, false}});
	vrig_kick(&rig, 1);
	CHECK_STR(said, "login: ");
	/* input before there is a buffer waits for it */
	virtio_console_input(&con, "root\n", 5);
	CHECK_EQ(vrig_used(&rig, 0, NULL), -1);
	vrig_add(&rig, 0, 1, (struct vrig_buf[]){{0x11000, 64, true}});
	vrig_kick(&rig, 0);
	CHECK_EQ(vrig_used(&rig, 0, &len), 0);
	CHECK_EQ(len, 5);
	CHECK(!memcmp(rig.ram + 0x11000, "root\n", 5));
}

TEST(console_tells_when_there_is_room)
{
	struct dma dma = vrig_dma(&rig);
	static char many[VIRTIO_CONSOLE_BACKLOG];

	memset(&rig, 0, sizeof(rig));
	virtio_console_init(&con, (struct byte_sink){hear, NULL}, &dma,
			    vrig_irq(&rig));
	rig.v = &con.v;
	vrig_start(&rig);
	CHECK_EQ(virtio_console_room(&con), sizeof(many));
	virtio_console_input(&con, many, sizeof(many));
	CHECK_EQ(virtio_console_room(&con), 0);
}

TEST(disk_arguments)
{
	struct disk_config c;
	struct err err;
	char *copy;

	CHECK_OK(disk_parse("a,,b.img,ro", &c, &copy, &err), &err);
	CHECK_STR(c.path, "a,b.img");
	CHECK(c.read_only && !c.snapshot);
	free(copy);
	CHECK(!disk_parse("a.img,rw", &c, &copy, &err));
	CHECK_HAS(err.msg, "'rw' is not ro");
	CHECK(!disk_parse(",ro", &c, &copy, &err));
	CHECK_HAS(err.msg, "FILE is missing");
}

TEST(disks_that_cannot_be)
{
	struct disk_config c = {.path = "/nonexistent"};
	struct disk *d;
	struct err err;

	CHECK(!disk_open(&c, &d, &err));
	CHECK_HAS(err.msg, "/nonexistent");
	c.path = "/dev/null";
	CHECK(!disk_open(&c, &d, &err));
	CHECK_HAS(err.msg, "neither a file nor a block device");
}
