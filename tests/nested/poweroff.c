/*
 * Switch an emulated PC off at once: Bochs ends at the word "Shutdown" on port
 * 0x8900, anything else at the kernel's power-off or, at worst, reset.
 */
#include <sys/io.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
	sync();
	tcdrain(STDOUT_FILENO);
	if (iopl(3) == 0)
		for (const char *c = "Shutdown"; *c; c++)
			outb((unsigned char)*c, 0x8900);
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	return 1;
}
