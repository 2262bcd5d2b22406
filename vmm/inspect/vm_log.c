/* How the machine was made. */
#include "vmm/inspect/inspect.h"
#include "vmm/ioctl_log.h"

void live_vm_log(struct target *t, struct buf *out)
{
	ioctl_log_print(out);
}
