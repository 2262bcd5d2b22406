/*
 * kvm-gdbserver: from the command line to a served machine, and back in the
 * opposite order.  The only file that knows every other part.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "stub/mon/monitor.h"
#include "stub/server.h"
#include "stub/core/report.h"
#include "vmm/batch.h"
#include "vmm/core/core.h"
#include "vmm/demo_image.h"
#include "vmm/kvm.h"
#include "vmm/live.h"
#include "vmm/options.h"
#include "vmm/dev/serial_feed.h"
#include "xml/tdesc.h"

#define KVM_API 12 /* the only one there ever was (KVM api.rst) */

struct program {
	struct options o;
	int kvm_fd;
	struct host_caps caps;
	struct cpuid_table cpuid;
	struct buf clear; /* flags for Linux' clearcpuid= */
	void *file;	  /* the image, when it is not the built-in one */
	struct vm_config vm;
	struct console *serial, *hvc, *debugcon;
	struct disk *disk[DISKS_MAX];
	struct live *live;
	struct core *core;     /* a saved crash in the place of live */
	struct target *target; /* of either */
	struct tdesc *tdesc;
};

/* ---- small outputs ---- */

/* Text on stdout; a full disk or closed pipe is a failure. */
static int print_and_end(struct buf *text)
{
	bool ok = !text->failed &&
		  fwrite(buf_cstr(text), 1, text->len, stdout) == text->len &&
		  !fflush(stdout);

	if (!ok)
		log_msg(LOG_ERROR, "cannot write to stdout");
	buf_deinit(text);
	return ok ? 0 : 1;
}

static int fail(const struct err *err)
{
	log_msg(LOG_ERROR, "%s", err->msg);
	return err_exit_status(err);
}

/* ---- the host ---- */

static bool explain_no_kvm(struct err *err)
{
	switch (errno) {
	case ENOENT:
		return err_set_errno(err, ERR_KVM,
				     "cannot open /dev/kvm (load the "
				     "processor's module: "
				     "modprobe kvm_intel or kvm_amd; if that "
				     "fails, switch "
				     "on VT-x or SVM in the firmware, or "
				     "nested "
				     "virtualization when this is a virtual "
				     "machine)");
	case EACCES:
	case EPERM:
		return err_set_errno(err, ERR_KVM,
				     "cannot open /dev/kvm (join its group "
				     "with `sudo "
				     "usermod -aG kvm USER' and log in again, "
				     "or run as "
				     "root)");
	default:
		return err_set_errno(err, ERR_KVM, "cannot open /dev/kvm");
	}
}

static bool open_kvm(struct program *p, struct err *err)
{
	int version;

	p->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (p->kvm_fd < 0)
		return explain_no_kvm(err);
	version = KVM_IOCTL(p->kvm_fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API)
		return err_set(err, ERR_KVM,
			       "/dev/kvm answers API version %d, not %d: that "
			       "is not Linux's KVM",
			       version, KVM_API);
	return host_probe(p->kvm_fd, &p->caps, err);
}

static int print_probe(struct program *p)
{
	struct buf text = BUF_INIT;

	host_caps_print(&p->caps, &text);
	return print_and_end(&text);
}

/* ---- the machine ---- */

static bool check_host_limits(const struct program *p, struct err *err)
{
	const struct options *o = &p->o;

	if (o->vcpus > p->caps.max_vcpus)
		return err_set(err, ERR_UNSUPPORTED,
			       "--smp %u: this host's KVM allows at most %u",
			       o->vcpus, p->caps.max_vcpus);
	if (o->vcpus > 1 && o->irqchip == IRQCHIP_NONE)
		return err_set(err, ERR_USAGE,
			       "--smp %u with --irqchip none: other vCPUs are "
			       "started through the local APIC; use --irqchip "
			       "kernel, split or user",
			       o->vcpus);
	if (o->irqchip == IRQCHIP_KERNEL && !p->caps.irqchip)
		return err_set(err, ERR_UNSUPPORTED,
			       "--irqchip kernel: this host's KVM has none "
			       "(try --irqchip user)");
	if (o->irqchip == IRQCHIP_SPLIT && !p->caps.split_irqchip)
		return err_set(err, ERR_UNSUPPORTED,
			       "--irqchip split: this host's KVM cannot (try "
			       "--irqchip kernel)");
	return true;
}

static void log_lines(const char *line, const char *what)
{

	while (*line) {
		size_t len = strcspn(line, "\n");

		log_msg(LOG_INFO, "%s: %.*s", what, (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static bool make_cpuid(struct program *p, struct err *err)
{
	struct cpuid_table *supported = malloc(sizeof(*supported));
	struct buf notes = BUF_INIT;
	bool ok;

	cpuid_for_linux(p->o.cpu, &p->caps, &p->clear);
	if (!supported)
		return err_set(err, ERR_LIMIT, "no memory for CPUID");
	ok = cpuid_supported(p->kvm_fd, supported, err) &&
	     cpuid_build(p->o.cpu, supported, &p->caps, &p->cpuid, &notes, err);
	if (ok)
		log_lines(buf_cstr(&notes), "CPUID");
	if (p->o.irqchip == IRQCHIP_NONE || p->o.irqchip == IRQCHIP_USER)
		cpuid_without_lapic(&p->cpuid);
	buf_deinit(&notes);
	free(supported);
	return ok;
}

static bool read_image(struct program *p, struct err *err)
{
	const struct options *o = &p->o;
	struct boot_request *boot = &p->vm.boot;

	*boot = (struct boot_request){
		.image = o->image ? o->image : "built-in demo guest",
		.data = demo_image,
		.size = demo_image_size,
		.cmdline = o->append,
		.clear = buf_cstr(&p->clear),
		.initrd = o->initrd,
		.modules = o->modules,
		.load_addr_set = o->load_addr_set,
		.entry_set = o->entry_set,
		.load_addr = o->load_addr,
		.entry = o->entry,
		.mode = (unsigned int)o->mode,
	};
	memcpy(boot->module, o->module, sizeof(boot->module));
	if (!o->image && !o->bios)
		return true;
	boot->firmware = o->bios != NULL;
	if (o->bios)
		boot->image = o->bios;
	if (!boot_read_file(boot->image, &p->file, &boot->size, err))
		return false;
	boot->data = p->file;
	boot->from_file = true;
	return true;
}

/* What this host makes necessary. */
static void log_linux(const struct program *p)
{
	if (p->clear.len)
		log_msg(LOG_INFO,
			"CPUID shows the processor's own flags on this host; "
			"the guest is told clearcpuid=%s",
			p->vm.boot.clear);
	if (p->caps.syscall == CAP_NO && !p->o.assist)
		log_msg(LOG_WARN, "SYSCALL does not enter the kernel on this "
				  "host: user programs need --assist");
}

/* What was loaded and how it was started. */
static void log_machine(const struct program *p)
{
	uint64_t kib = p->vm.memory >> 10;
	enum boot_kind kind;
	struct err ignored;
	const char *how = "unknown";

	if (boot_detect(&p->vm.boot, &kind, &ignored))
		how = boot_kind_name(kind);
	log_msg(LOG_INFO, "%s: %s, %" PRIu64 " %s of memory, %u vCPU%s",
		p->vm.boot.image, how, kib % 1024 ? kib : kib / 1024,
		kib % 1024 ? "KiB" : "MiB", p->vm.vcpus,
		p->vm.vcpus == 1 ? "" : "s");
	if (boot_is_linux(&p->vm.boot))
		log_linux(p);
	if (p->vm.irqchip == IRQCHIP_SPLIT)
		log_msg(LOG_INFO, "--irqchip split: local APICs in KVM, IOAPIC "
				  "here; "
				  "there is no PIC (8259) and no PIT (8254)");
	if (p->vm.irqchip == IRQCHIP_USER)
		log_msg(LOG_INFO, "--irqchip user: every interrupt controller "
				  "and the PIT here; no x2APIC");
	if (p->vm.irqchip == IRQCHIP_NONE)
		log_msg(LOG_INFO, "--irqchip none: no interrupts, no ACPI or "
				  "MP tables; "
				  "HLT stops the guest for good");
}

static bool open_virtio(struct program *p, struct err *err)
{
	struct virtio_config *v = &p->vm.virtio;

	for (unsigned int i = 0; i < p->o.disks; i++) {
		if (!disk_open(&p->o.disk[i], &p->disk[i], err))
			return false;
		v->disk[v->disks++] = p->disk[i];
	}
	v->rng = p->o.rng;
	if (p->o.hvc && !console_open(p->o.hvc, &p->hvc, err))
		return false;
	v->hvc = p->hvc;
	if (p->o.debugcon)
		return console_open(p->o.debugcon, &p->debugcon, err);
	return true;
}

static bool make_machine(struct program *p, struct err *err)
{
	struct x86_cpu_info info;

	p->vm.memory = p->o.memory;
	p->vm.vcpus = p->o.vcpus;
	p->vm.irqchip = (enum vm_irqchip)p->o.irqchip;
	p->vm.assist = p->o.assist;
	p->vm.testdev = p->o.testdev;
	p->vm.boot_menu = p->o.boot_menu;
	p->vm.symbols = p->o.symbols;
	p->vm.cpuid = &p->cpuid;
	p->vm.caps = &p->caps;
	p->vm.recorder = p->o.recorder;
	cpuid_info(&p->cpuid, &info);
	if (!tdesc_load(p->o.tdesc, &info, &p->tdesc, err) ||
	    !read_image(p, err) ||
	    !console_open(options_serial(&p->o), &p->serial, err) ||
	    !open_virtio(p, err))
		return false;
	p->vm.serial = p->serial;
	p->vm.debugcon = p->debugcon;
	if (!p->o.debugcon && !p->o.bios)
		p->vm.debugcon = p->serial;
	if (!live_create(p->kvm_fd, &p->vm, &p->live, err))
		return false;
	p->target = live_target(p->live);
	log_machine(p);
	return true;
}

/* ---- or a saved one ---- */

static void log_core(const struct program *p)
{
	const char *text = p->target->last.text;

	log_msg(LOG_INFO, "%s: %u vCPU%s", p->o.core, p->target->nvcpus,
		p->target->nvcpus == 1 ? "" : "s");
	log_lines(core_about(p->core), "core");
	if (text)
		log_msg(LOG_INFO, "%.*s", (int)strcspn(text, "\n"), text);
}

static bool open_saved(struct program *p, struct err *err)
{
	struct x86_cpu_info info;
	size_t size;

	if (!core_open(p->o.core, &p->core, err))
		return false;
	p->target = core_target(p->core);
	if (p->o.image &&
	    (!boot_read_file(p->o.image, &p->file, &size, err) ||
	     !core_set_image(p->core, p->o.image, p->file, size, err)))
		return false;
	log_core(p);
	target_cpu_info(p->target, 0, &info);
	return tdesc_load(p->o.tdesc, &info, &p->tdesc, err);
}

/* --catch: before the first instruction. */
static bool set_catchpoints(struct program *p, struct err *err)
{
	for (unsigned int i = 0; i < p->o.catches; i++)
		if (!batch_catch(p->target, p->o.catch[i], err))
			return false;
	return true;
}

/* ---- serving it ---- */

static bool run_server(struct program *p, struct server_config *config,
		       int *status, struct err *err)
{
	struct server *server;

	config->comm = p->o.comm;
	config->once = p->o.once;
	config->run_at_start = p->o.run;
	config->on_error = (enum server_on_error)p->o.on_error;
	config->dump = p->o.dump;
	if (!server_create(config, p->target, p->tdesc, &server, err))
		return false;
	*status = server_run(server);
	server_destroy(server);
	return true;
}

/* With the keyboards of the guest's consoles, which only a live one reads. */
static bool serve(struct program *p, int *status, struct err *err)
{
	struct serial_feed feed, hvc;
	struct server_config config = {
		.inputs = {{serial_feed_fd, serial_feed_ready, &feed},
			   {serial_feed_fd, serial_feed_ready, &hvc}},
		.n_inputs = p->hvc ? 2 : 1,
	};
	bool ok;

	if (!serial_feed_init(&feed, p->serial, live_devices(p->live),
			      &serial_feed_com1, err))
		return false;
	if (p->hvc && !serial_feed_init(&hvc, p->hvc, live_devices(p->live),
					&serial_feed_hvc, err)) {
		serial_feed_deinit(&feed);
		return false;
	}
	ok = run_server(p, &config, status, err);
	if (p->hvc)
		serial_feed_deinit(&hvc);
	serial_feed_deinit(&feed);
	return ok;
}

static bool serve_saved(struct program *p, int *status, struct err *err)
{
	struct server_config config = {.n_inputs = 0};

	return run_server(p, &config, status, err);
}

static bool run_batch(struct program *p, int *status, struct err *err)
{
	struct buf out = BUF_INIT;
	bool saved = true;

	if (p->o.run && !batch_run_guest(p->target, err))
		return false;
	if (p->o.run && p->o.dump && p->target->last.kind == STOP_ERROR)
		saved = core_write_logged(p->target, p->o.dump);
	*status = batch_commands(p->target, p->o.batch, p->o.on_error, &out);
	if (print_and_end(&out) || (!saved && !*status))
		*status = 1;
	return true;
}

/* ---- all of it ---- */

/* Nothing here opens /dev/kvm. */
static bool run_saved(struct program *p, int *status, struct err *err)
{
	if (!open_saved(p, err))
		return false;
	return p->o.action == OPTIONS_BATCH ? run_batch(p, status, err)
					    : serve_saved(p, status, err);
}

static bool run(struct program *p, int *status, struct err *err)
{
	if (p->o.log && !log_open(p->o.log, err))
		return false;
	if (p->o.trace_packets)
		log_set_level(LOG_DEBUG);
	if (p->o.core)
		return run_saved(p, status, err);
	if (!open_kvm(p, err))
		return false;
	if (p->o.action == OPTIONS_PROBE) {
		*status = print_probe(p);
		return true;
	}
	if (p->caps.trouble[0])
		log_msg(LOG_WARN, "self-probe: %s (--probe shows the rest)",
			p->caps.trouble);
	if (!check_host_limits(p, err) || !make_cpuid(p, err) ||
	    !make_machine(p, err) || !set_catchpoints(p, err))
		return false;
	return p->o.action == OPTIONS_BATCH ? run_batch(p, status, err)
					    : serve(p, status, err);
}

static void program_deinit(struct program *p)
{
	core_close(p->core);
	live_destroy(p->live);
	console_close(p->serial);
	console_close(p->hvc);
	console_close(p->debugcon);
	for (unsigned int i = 0; i < DISKS_MAX; i++)
		disk_close(p->disk[i]);
	tdesc_free(p->tdesc);
	free(p->file);
	buf_deinit(&p->clear);
	if (p->kvm_fd >= 0)
		close(p->kvm_fd);
	options_deinit(&p->o);
	log_close();
}

/* --help and its like need no host. */
static bool print_only(const struct options *o, int *status)
{
	struct buf text = BUF_INIT;

	switch (o->action) {
	case OPTIONS_HELP:
		options_help(&text);
		break;
	case OPTIONS_VERSION:
		buf_str(&text, "kvm-gdbserver " VERSION "\n");
		break;
	case OPTIONS_MONITOR_MAN:
		monitor_man(NULL, &text);
		break;
	default:
		return false;
	}
	*status = print_and_end(&text);
	return true;
}

int main(int argc, char **argv)
{
	struct program *p = calloc(1, sizeof(*p));
	struct err err;
	int status = 0;

	if (!p)
		return 1;
	p->kvm_fd = -1;
	if (!options_parse(&p->o, argc, argv, &err)) {
		status = fail(&err);
	} else if (!print_only(&p->o, &status)) {
		server_block_signals();
		atexit(console_restore_terminal);
		if (!run(p, &status, &err))
			status = fail(&err);
	}
	program_deinit(p);
	free(p);
	return status;
}
