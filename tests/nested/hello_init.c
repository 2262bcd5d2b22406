/*
 * The whole user space of a Linux guest: says hello and switches off.  The
 * arguments say how: "reboot" and "halt" do that instead; "virtio" first tries
 * a disk, an entropy device and a console, with the modules in /m.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* An initramfs has no /dev/console unless it brought one along. */
static void open_console(void)
{
	int fd;

	mkdir("/dev", 0755);
	if (mount("dev", "/dev", "devtmpfs", 0, NULL))
		return;
	fd = open("/dev/console", O_RDWR);
	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
}

static void load_modules(void)
{
	static const char *const names[] = {"virtio_ring", "virtio",
					    "virtio_mmio", "virtio_blk",
					    "virtio-rng",  "virtio_console"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/m/%s.ko", names[i]);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			printf("module %s: %m\n", names[i]);
		close(fd);
	}
}

/* The device's file appears a moment after its driver. */
static int open_soon(const char *path, int flags)
{
	int fd = -1;

	for (int i = 0; i < 100 && fd < 0; i++) {
		fd = open(path, flags);
		if (fd < 0)
			usleep(20000);
	}
	if (fd < 0)
		printf("%s: %m\n", path);
	return fd;
}

static void try_disk(void)
{
	static char sector[4096] __attribute__((aligned(4096)));
	int fd = open_soon("/dev/vda", O_RDWR | O_SYNC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, sector, sizeof(sector));
	printf("disk says: %.20s (%zd bytes)\n", sector, n);
	strcpy(sector, "written by the guest");
	n = pwrite(fd, sector, sizeof(sector), 8192);
	printf("disk wrote %zd bytes, fsync %d\n", n, fsync(fd));
	close(fd);
}

static void try_entropy(void)
{
	unsigned char bytes[8] = {0};
	int fd = open_soon("/dev/hwrng", O_RDONLY);

	printf("entropy: %zd bytes\n", read(fd, bytes, sizeof(bytes)));
	close(fd);
}

static void try_hvc(void)
{
	int fd = open_soon("/dev/hvc0", O_WRONLY | O_NOCTTY);

	dprintf(fd, "hello from hvc0\n");
	close(fd);
}

static void try_virtio(void)
{
	load_modules();
	try_disk();
	try_entropy();
	try_hvc();
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct utsname name;
	int how = RB_POWER_OFF;

	open_console();
	if (uname(&name))
		return 1;
	printf("hello from user space of Linux %s, pid %d\n", name.release,
	       (int)getpid());
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "virtio"))
			try_virtio();
		if (!strcmp(argv[i], "reboot"))
			how = RB_AUTOBOOT;
		if (!strcmp(argv[i], "halt"))
			how = RB_HALT_SYSTEM;
	}
	sync();
	reboot(how);
	return 1;
}
