#include "vmm/dev/vmport.h"

#define MAGIC UINT32_C(0x564d5868) /* "VMXh" */

enum {
	CMD_GET_VERSION = 10,
	CMD_GET_RAM_SIZE = 20,

	BACKDOOR_VERSION = 6,
	PRODUCT_TYPE = 2, /* of a server */
	RAM_SIZE_BX = 0x1177,
};

static struct vmport *of(struct device *dev)
{
	return (struct vmport *)dev;
}

static void answer(const struct vmport *p, struct vmport_regs *regs)
{
	switch (p->s.command) {
	case CMD_GET_VERSION:
		regs->eax = BACKDOOR_VERSION;
		regs->ebx = MAGIC;
		regs->ecx = PRODUCT_TYPE;
		break;
	case CMD_GET_RAM_SIZE:
		regs->eax = (uint32_t)min_u64(p->memory, UINT32_MAX);
		regs->ebx = RAM_SIZE_BX;
		break;
	default:
		break;
	}
}

static uint64_t vmport_read(struct device *dev, uint64_t offset,
			    unsigned int size)
{
	struct vmport_regs regs = {0}, before;
	struct vmport *p = of(dev);

	if (p->ops.get)
		p->ops.get(p->ops.ctx, *p->cpu, &regs);
	if (!p->ops.get || regs.eax != MAGIC || offset || size != 4)
		return regs.eax & BITS(8 * size - 1, 0);
	p->s.command = regs.ecx & 0xffff;
	before = regs;
	answer(p, &regs);
	if (regs.eax != before.eax || regs.ebx != before.ebx)
		p->ops.set(p->ops.ctx, *p->cpu, &regs);
	return regs.eax;
}

static void vmport_write(struct device *dev, uint64_t offset, unsigned int size,
			 uint64_t value)
{
}

static void vmport_reset(struct device *dev)
{
	of(dev)->s.command = 0;
}

static const char *vmport_name(struct device *dev, uint64_t offset, bool write)
{
	return "backdoor";
}

static const struct wire_layout vmport_layout = {
	.name = "vmport",
	.size = sizeof(struct vmport_state),
	.field = (const struct wire_field[]){WIRE_U32(struct vmport_state,
						      command, .max = 0xffff),
					     {.kind = WIRE_END}}};

static const struct device_class vmport_class = {
	.name = "vmport",
	.about = "VMware's backdoor port",
	.state_offset = offsetof(struct vmport, s),
	.state = &vmport_layout,
	.regs = (const struct device_reg[]){DEVICE_REG(struct vmport_state,
						       command),
					    {.name = NULL}},
	.reset = vmport_reset,
};

const struct region_ops vmport_region = {
	.name = "vmport",
	.read = vmport_read,
	.write = vmport_write,
	.reg_name = vmport_name,
};

void vmport_init(struct vmport *p, const struct vmport_ops *ops,
		 const unsigned int *cpu, uint64_t memory)
{
	*p = (struct vmport){.ops = *ops, .cpu = cpu, .memory = memory};
	device_init(&p->dev, &vmport_class, NULL);
}
