/* The devices and their registers: ours, and by name those that KVM has. */
#include <stdlib.h>

#include "vmm/inspect/inspect.h"

/* What the last register that was asked for is called. */
struct device_text {
	struct device_value v;
	struct buf bits;
};

/* Behind those of the bus; split: also with --irqchip split. */
static const struct {
	struct target_device device;
	bool split;
} kernel_devices[] = {
	{{"lapics", "local APICs", 0, true}, true},
	{{"ioapic", "I/O APIC", 0, true}, false},
	{{"pic", "two 8259 interrupt controllers", 0, true}, false},
	{{"pit", "8254 timer", 1, true}, false},
};

static bool kernel_device(const struct vm *vm, unsigned int i,
			  struct target_device *device)
{
	bool kernel = vm->config.irqchip == IRQCHIP_KERNEL;

	if (!kernel && vm->config.irqchip != IRQCHIP_SPLIT)
		return false;
	if (i >= ARRAY_SIZE(kernel_devices) ||
	    (!kernel && !kernel_devices[i].split))
		return false;
	*device = kernel_devices[i].device;
	return true;
}

bool live_device(struct target *t, unsigned int i, struct target_device *device)
{
	struct vm *vm = inspect_vm(t);
	const struct device *d;

	if (i >= vm->bus.devices)
		return kernel_device(vm, i - vm->bus.devices, device);
	d = vm->bus.device[i];
	*device = (struct target_device){
		.name = d->name, .about = d->class->about, .irqs = d->irqs};
	return true;
}

bool live_device_reg(struct target *t, unsigned int i, unsigned int j,
		     struct target_device_reg *reg)
{
	struct vm *vm = inspect_vm(t);
	struct device_text *text = vm->device_text;
	bool found;

	if (!text)
		text = vm->device_text = calloc(1, sizeof(*text));
	if (!text || i >= vm->bus.devices)
		return false;
	pthread_mutex_lock(&vm->bus.lock);
	found = device_value(vm->bus.device[i], j, &text->v);
	pthread_mutex_unlock(&vm->bus.lock);
	if (!found)
		return false;
	buf_clear(&text->bits);
	if (text->v.bits)
		bits_print(&text->bits, text->v.bits, text->v.value);
	*reg = (struct target_device_reg){
		.name = text->v.name,
		.index = text->v.index,
		.count = text->v.count,
		.size = text->v.size,
		.value = text->v.value,
		.bits = text->v.bits ? buf_cstr(&text->bits) : NULL,
	};
	return true;
}

bool live_type(struct target *t, bool begin, const char *text, size_t len,
	       struct err *err)
{
	return devices_serial_type(&inspect_vm(t)->devices, begin, text, len,
				   err);
}

bool live_power_button(struct target *t, bool *heard, struct err *err)
{
	*heard = devices_power_button(&inspect_vm(t)->devices);
	return true;
}

void device_text_free(struct device_text *text)
{
	if (text)
		buf_deinit(&text->bits);
	free(text);
}
