#include "vmm/inspect/host.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "vmm/inspect/inspect.h"

/* A boolean parameter: Y or N, 1 or 0; -1 = there is none. */
static int parameter(const char *modules, const char *module, const char *name)
{
	char path[256], c;
	FILE *file;
	int value = -1;

	snprintf(path, sizeof(path), "%s/%s/parameters/%s", modules, module,
		 name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fread(&c, 1, 1, file) == 1) {
		if (c == 'Y' || c == 'y' || (c >= '1' && c <= '9'))
			value = 1;
		else if (c == 'N' || c == 'n' || c == '0')
			value = 0;
	}
	fclose(file);
	return value;
}

static void cpu_model(const char *cpuinfo, char *to, size_t size)
{
	FILE *file = fopen(cpuinfo, "re");
	char line[256];

	*to = '\0';
	while (file && !*to && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(to, size, "%s", colon + 1 + strspn(colon + 1, " "));
	}
	if (file)
		fclose(file);
}

/* An emulating host refuses what an ordinary one does not even see. */
static int native_cpl0(const struct host_caps *caps)
{
	if (caps->cpl0.int3 == INT3_INTERNAL_ERROR || caps->sse_cpl0 == CAP_NO)
		return 0;
	return caps->sse_cpl0 == CAP_YES ? 1 : -1;
}

void host_describe(struct x86_host *host, const struct host_caps *caps,
		   const char *modules, const char *cpuinfo)
{
	const bool amd = exit_vendor_of_module(caps->backend) ==
			 EXIT_VENDOR_SVM;
	const struct {
		int *to;
		const char *intel, *amd;
	} parameters[] = {
		{&host->ept, "ept", NULL},
		{&host->unrestricted_guest, "unrestricted_guest", NULL},
		{&host->npt, NULL, "npt"},
		{&host->vpid, "vpid", NULL},
		{&host->nested, "nested", "nested"},
		{&host->dump_invalid, "dump_invalid_vmcs", "dump_invalid_vmcb"},
		{&host->apicv, "enable_apicv", "avic"},
		{&host->emulate_invalid, "emulate_invalid_guest_state", NULL},
	};

	*host = (struct x86_host){0};
	host->vendor = exit_vendor_of_module(caps->backend);
	if (strcmp(caps->backend, "?") != 0)
		snprintf(host->module, sizeof(host->module), "%.23s",
			 caps->backend);
	if (strcmp(caps->kernel, "?") != 0)
		snprintf(host->kernel, sizeof(host->kernel), "%s",
			 caps->kernel);
	cpu_model(cpuinfo, host->cpu, sizeof(host->cpu));
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const char *name = amd ? parameters[i].amd
				       : parameters[i].intel;

		*parameters[i].to =
			name ? parameter(modules, caps->backend, name) : -1;
	}
	host->runs_cpl0_natively = native_cpl0(caps);
	host->keeps_state_at_shutdown = caps->shutdown == SHUTDOWN_UNKNOWN
						? -1
						: caps->shutdown ==
							  SHUTDOWN_KEEPS;
}

void live_host(struct target *t, struct x86_host *host)
{
	host_describe(host, inspect_vm(t)->config.caps, "/sys/module",
		      "/proc/cpuinfo");
}
