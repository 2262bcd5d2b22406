/*
 * Breakpoints and watchpoints as they lie in the machine (plant.c), the bytes
 * they patch (patch.c) and the debug registers they use (debug_slots.c).
 *
 * Threading: changed by the server thread with every vCPU parked; a vCPU's
 * thread looks things up, and lifts and lowers the byte it steps off.
 */
#ifndef VMM_PLANT_H
#define VMM_PLANT_H

#include "vmm/vm.h"

/* ---- plant.c ---- */

bool plant_insert(struct vm *vm, unsigned int vcpu, const struct target_bp *bp,
		  struct err *err) MUST_CHECK;
bool plant_remove(struct vm *vm, const struct target_bp *bp,
		  struct err *err) MUST_CHECK;
struct plant *plant_find(struct vm *vm, const struct target_bp *bp);
/*
 * The patched breakpoint whose linear address this is, or NULL; where a hidden
 * one shares its place with a client's, the client's.
 */
struct plant *plant_at(struct vm *vm, gva_t pc);
/* A patch at this physical address, whatever linear address was asked for. */
struct plant *plant_at_gpa(struct vm *vm, gpa_t gpa);
/* The breakpoint of any method that stops at pc, or NULL. */
struct plant *plant_exec_at(struct vm *vm, gva_t pc);
/* The hidden one at this linear address, or NULL. */
struct plant *plant_hidden_at(struct vm *vm, gva_t pc);
/* Plant one, by a patch alone; the vCPU's page tables translate. */
bool plant_hide(struct vm *vm, unsigned int vcpu, gva_t pc,
		struct err *err) MUST_CHECK;
/* Take out the hidden ones that are not marked as wanted. */
void plant_sweep_hidden(struct vm *vm);
/* For `bl`. */
void plant_means(struct vm *vm, const struct target_bp *bp, struct buf *out);
/* Patches that the guest overwrote are laid again; pending ones tried. */
void plant_verify(struct vm *vm);
/* Anything that plant_verify() could find to do?  Also while vCPUs run. */
bool plant_needs_attention(struct vm *vm);
bool plant_wants_timer(const struct vm *vm);
/* The image has been loaded again. */
void plant_reset(struct vm *vm);

/* ---- patch.c ---- */

/* Lay the byte at gpa, and make p a PLANT_PATCH. */
void patch_lay(struct vm *vm, struct plant *p, gpa_t gpa);
/* Give the guest its byte back, unless another plant still needs the patch. */
void patch_take(struct vm *vm, struct plant *p);
/* For the step off it: the guest's byte, and the patch again. */
void patch_lift(struct vm *vm, struct plant *p);
void patch_lower(struct vm *vm, struct plant *p);
/* Does a patch lie in [gpa, gpa + len)? */
bool patch_within(const struct vm *vm, gpa_t gpa, size_t len);
/* Put the guest's bytes over patched ones in a copy of guest memory. */
void patch_hide(const struct vm *vm, gpa_t gpa, void *buf, size_t len);
/* Write guest memory under the patches. */
bool patch_write_under(struct vm *vm, gpa_t gpa, const void *buf, size_t len,
		       struct err *err) MUST_CHECK;
bool patch_overwritten(struct vm *vm, const struct plant *p);
/* The guest wrote over the patch: what it wrote is now the guest's byte. */
void patch_lay_again(struct vm *vm, struct plant *p);

/* ---- debug_slots.c ---- */

/* How many there are for breakpoints, landing places and watchpoints. */
unsigned int debug_slots_count(const struct vm *vm);
/* Index of a free one, or -1. */
int debug_slot_free(const struct vm *vm);
/*
 * Take one for p (rw: 0 exec, 1 write, 3 read or write; len 1, 2, 4, 8); one
 * that only doubles a patch gives way.  False: none left.
 */
bool debug_slot_take(struct vm *vm, struct plant *p, gva_t addr,
		     unsigned int len, unsigned int rw);
/* As many as the range of a data watchpoint needs, or none. */
bool debug_slots_take_data(struct vm *vm, struct plant *p);
void debug_slots_release(struct vm *vm, unsigned int plant);
/* What to tell KVM: the plan, plus a stepping vCPU's landing places. */
void debug_slots_plan(const struct vm *vm, const struct vcpu *v,
		      struct kvm_guest_debug *d);
/* Where that uses debug registers: the guest's own, in those that are left. */
void debug_slots_add_guest(struct vcpu *v, struct kvm_guest_debug *d);
/* Of a DEBUG exit's DR6: the B bits that the guest would see of its own. */
uint64_t debug_slots_guest_hits(const struct vcpu *v, uint64_t dr6);

#endif
