/*
 * The whole user space of a Linux guest: says hello and switches off.  The
 * arguments say how: "reboot" and "halt" do that instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
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
		if (!strcmp(argv[i], "reboot"))
			how = RB_AUTOBOOT;
		if (!strcmp(argv[i], "halt"))
			how = RB_HALT_SYSTEM;
	}
	sync();
	reboot(how);
	return 1;
}
