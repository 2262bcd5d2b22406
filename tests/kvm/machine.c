#include "tests/kvm/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "arch/regs.h"
#include "stub/clock.h"

#define STOP_TIMEOUT_MS 5000

/*
 * Bochs, where `make check-vmx` and `make check-svm` run these tests, differs
 * from processors in two ways that every test would meet:
 * - A single-step that exits to KVM in mid-instruction, as the first touch of a
 *   page does, stops at the instruction's own address first (VMX) or brings
 *   the emulated host down (SVM).
 * - A guest that runs with RFLAGS.IF clear is never left for an interrupt of
 *   its host, so nothing can stop it.
 */
static bool on_bochs(void)
{
	const char *emulator = getenv("KVMTEST_EMULATOR");

	return emulator && !strcmp(emulator, "bochs");
}

/* QEMU TCG goes by the clock of a machine that may be loaded. */
static unsigned int patience(void)
{
	const char *emulator = getenv("KVMTEST_EMULATOR");

	return emulator && !strcmp(emulator, "tcg") ? 10 : 1;
}

static void open_host(struct machine *m)
{
	struct err err;

	m->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm_fd < 0)
		test_skip("/dev/kvm cannot be opened");
	if (!host_probe(m->kvm_fd, &m->caps, &err))
		test_fail(__FILE__, __LINE__, "probe: %s", err.msg);
}

void machine_start_bytes(struct machine *m, const uint8_t *image, size_t size,
			 unsigned int mode, const struct machine_options *o)
{
	static const struct machine_options none;
	struct cpuid_table supported;
	struct err err;

	if (!o)
		o = &none;
	memset(m, 0, sizeof(*m));
	open_host(m);
	if (o->irqchip == IRQCHIP_SPLIT && !m->caps.split_irqchip)
		test_skip("this KVM has no KVM_CAP_SPLIT_IRQCHIP");
	CHECK_OK(cpuid_supported(m->kvm_fd, &supported, &err), &err);
	CHECK_OK(cpuid_build("auto", &supported, &m->caps, &m->cpuid, NULL,
			     &err),
		 &err);
	m->config = (struct vm_config){
		.memory = o->memory ? o->memory : 32u << 20,
		.vcpus = o->vcpus ? o->vcpus : 1,
		.irqchip = o->irqchip,
		.boot = {.image = "guest",
			 .data = image,
			 .size = size,
			 .cmdline = "",
			 .mode = mode},
		.cpuid = &m->cpuid,
		.caps = &m->caps,
		.serial = o->serial,
		.debugcon = o->serial,
		.recorder = o->recorder,
		.assist = o->assist,
	};
	CHECK_OK(live_create(m->kvm_fd, &m->config, &m->live, &err), &err);
	m->target = live_target(m->live);
	if (on_bochs())
		machine_set_reg(m, "eflags", 0x202);
}

void machine_end(struct machine *m)
{
	live_destroy(m->live);
	close(m->kvm_fd);
}

struct target_stop machine_wait(struct machine *m)
{
	struct pollfd p = {.fd = target_event_fd(m->target), .events = POLLIN};
	int64_t until = now_ms() + STOP_TIMEOUT_MS * patience();
	struct target_stop stop;

	while (now_ms() < until) {
		poll(&p, 1, 10);
		if (target_next_stop(m->target, &stop))
			return stop;
	}
	target_interrupt(m->target, 0);
	for (int i = 0; i < 200; i++) {
		poll(&p, 1, 10);
		if (target_next_stop(m->target, &stop))
			test_fail(__FILE__, __LINE__,
				  "the guest did not stop by itself; pc "
				  "0x%" PRIx64,
				  machine_pc(m, 0));
	}
	test_fail(__FILE__, __LINE__, "the guest does not stop at all");
}

static void resume(struct machine *m, const struct target_action *actions)
{
	struct err err;

	m->ran = true;
	CHECK_OK(target_resume(m->target, actions, &err), &err);
}

struct target_stop machine_continue(struct machine *m)
{
	struct target_action actions[16] = {0};

	for (unsigned int i = 0; i < m->config.vcpus; i++)
		actions[i].kind = ACTION_CONTINUE;
	resume(m, actions);
	return machine_wait(m);
}

/* Have KVM map the page of the first instruction, without executing it. */
static void warm_up(struct machine *m)
{
	gva_t pc = machine_pc(m, 0);

	machine_insert(m, BP_SW, pc, 1);
	CHECK_STOP(machine_continue(m), STOP_SWBREAK);
	machine_remove(m, BP_SW, pc, 1);
	CHECK_EQ(machine_pc(m, 0), pc);
}

static struct target_stop step_once(struct machine *m, unsigned int vcpu)
{
	struct target_action actions[16] = {0};

	actions[vcpu].kind = ACTION_STEP;
	resume(m, actions);
	return machine_wait(m);
}

struct target_stop machine_step_vcpu(struct machine *m, unsigned int vcpu)
{
	gva_t pc = machine_pc(m, vcpu);
	uint64_t count = machine_reg(m, "rcx"); /* a rep moves on by it */
	struct target_stop stop;

	if (on_bochs() && !m->ran)
		warm_up(m);
	stop = step_once(m, vcpu);
	for (int i = 0; i < 8 && on_bochs() && stop.kind == STOP_STEP; i++) {
		if (machine_pc(m, vcpu) != pc || machine_reg(m, "rcx") != count)
			break;
		stop = step_once(m, vcpu);
	}
	return stop;
}

struct target_stop machine_step(struct machine *m)
{
	return machine_step_vcpu(m, 0);
}

struct target_stop machine_run_for(struct machine *m, unsigned int ms)
{
	struct target_action actions[16] = {0};

	for (unsigned int i = 0; i < m->config.vcpus; i++)
		actions[i].kind = ACTION_CONTINUE;
	resume(m, actions);
	usleep(ms * 1000 * patience());
	target_interrupt(m->target, 0);
	return machine_wait(m);
}

static const struct reg_def *find(const char *name)
{
	const struct reg_def *reg = reg_find(name);

	if (!reg)
		test_fail(__FILE__, __LINE__, "no register %s", name);
	return reg;
}

uint64_t machine_reg(struct machine *m, const char *name)
{
	const struct reg_def *reg = find(name);
	const struct x86_state *s;
	uint64_t value = 0;
	struct err err;

	s = target_state(m->target, 0, reg->group, &err);
	if (!s || !reg_value(s, name, &value))
		test_fail(__FILE__, __LINE__, "%s: %s", name, err.msg);
	return value;
}

void machine_set_reg(struct machine *m, const char *name, uint64_t value)
{
	const struct reg_def *reg = find(name);
	const struct x86_state *old;
	struct x86_state s;
	struct err err;

	old = target_state(m->target, 0, reg->group, &err);
	CHECK(old != NULL);
	s = *old;
	CHECK_OK(reg_write(reg, &s, NULL, &value, &err), &err);
	CHECK_OK(target_set_state(m->target, 0, reg->group, &s, &err), &err);
}

uint64_t machine_pc(struct machine *m, unsigned int vcpu)
{
	const struct x86_state *s;
	struct err err;

	s = target_state(m->target, vcpu, X86_GROUP_GPR | X86_GROUP_SYS, &err);
	if (!s)
		test_fail(__FILE__, __LINE__, "registers: %s", err.msg);
	return x86_linear_pc(s);
}

void machine_insert(struct machine *m, enum bp_type type, gva_t addr,
		    uint64_t len)
{
	struct target_bp bp = {.type = type, .addr = addr, .len = len};
	struct err err;

	CHECK_OK(target_insert_bp(m->target, 0, &bp, &err), &err);
}

void machine_remove(struct machine *m, enum bp_type type, gva_t addr,
		    uint64_t len)
{
	struct target_bp bp = {.type = type, .addr = addr, .len = len};
	struct err err;

	CHECK_OK(target_remove_bp(m->target, &bp, &err), &err);
}

void machine_read(struct machine *m, gva_t gva, void *buf, size_t len)
{
	struct err err;
	size_t done;

	CHECK_OK(target_read_virt(m->target, 0, gva, buf, len, &done, &err),
		 &err);
}

void machine_write(struct machine *m, gva_t gva, const void *buf, size_t len)
{
	struct err err;

	CHECK_OK(target_write_virt(m->target, 0, gva, buf, len, &err), &err);
}

const char *stop_name(enum target_stop_kind kind)
{
	static const char *const name[] = {
		[STOP_NONE] = "none",	    [STOP_INTERRUPT] = "interrupt",
		[STOP_STEP] = "step",	    [STOP_SWBREAK] = "swbreak",
		[STOP_HWBREAK] = "hwbreak", [STOP_WATCH] = "watch",
		[STOP_ERROR] = "error",	    [STOP_EXITED] = "exited",
		[STOP_RESET] = "reset",
	};

	return (unsigned int)kind < ARRAY_SIZE(name) ? name[kind] : "?";
}
