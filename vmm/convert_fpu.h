/*
 * x87, SSE, AVX, AVX-512 and PKRU between KVM's XSAVE image and struct x86_fpu.
 * Source: SDM Vol 1, "Managing State Using the XSAVE Feature Set".
 */
#ifndef VMM_CONVERT_FPU_H
#define VMM_CONVERT_FPU_H

#include "vmm/convert.h"

bool convert_get_fpu(int vcpu_fd, const struct convert_caps *caps,
		     struct x86_state *s, struct err *err) MUST_CHECK;
bool convert_set_fpu(int vcpu_fd, const struct convert_caps *caps,
		     const struct x86_state *s, struct err *err) MUST_CHECK;

/*
 * The pure halves, for tests: an XSAVE image in standard (not compacted) form,
 * of `size` bytes, component i at offset[i] (0: the guest does not have it).
 */
void fpu_from_xsave(struct x86_fpu *f, const uint8_t *image, size_t size,
		    const uint32_t offset[64]);
void fpu_to_xsave(uint8_t *image, size_t size, const struct x86_fpu *f,
		  const uint32_t offset[64]);

#endif
