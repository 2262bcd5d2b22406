/* Register images that a processor enters without complaint, by mode. */
#ifndef TESTS_ARCH_VMCS_RIG_H
#define TESTS_ARCH_VMCS_RIG_H

#include "arch/vmcs/vmcs.h"

void vmcs_rig_real(struct x86_state *s);   /* as after a reset */
void vmcs_rig_prot32(struct x86_state *s); /* flat, paging off */
void vmcs_rig_pae(struct x86_state *s);
void vmcs_rig_long(struct x86_state *s, unsigned int cpl);
void vmcs_rig_v8086(struct x86_state *s);

/* A host of this vendor with everything known and on. */
void vmcs_rig_host(struct x86_host *host, enum exit_vendor vendor);

/* The model of *s on such a host. */
void vmcs_rig_model(struct vmcs_model *m, enum vmcs_kind kind,
		    const struct x86_state *s);

#endif
