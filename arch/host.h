/*
 * What is known of the host that runs, or ran, the guest.  Everything not
 * known is -1 or an empty string; nothing is guessed.
 */
#ifndef ARCH_HOST_H
#define ARCH_HOST_H

#include <stdbool.h>

#include "arch/exit/text.h"

struct x86_host {
	enum exit_vendor vendor; /* of the KVM module in use */
	char module[24];	 /* "kvm_intel", "kvm_amd", "kvm_pvm", "" */
	char kernel[72];	 /* uname -r */
	char cpu[64];		 /* model name of /proc/cpuinfo */
	/* Module parameters: 1 on, 0 off, -1 there is none or unreadable. */
	int ept, unrestricted_guest, npt, vpid, nested, dump_invalid;
	int apicv; /* enable_apicv or avic */
	/* Measured by the self-probe: 1 yes, 0 no, -1 not known. */
	int runs_cpl0_natively; /* 0: CPL 0 code goes through KVM's emulator */
	int keeps_state_at_shutdown;
	/* A parameter again: kvm_intel's emulate_invalid_guest_state. */
	int emulate_invalid;
};

#endif
