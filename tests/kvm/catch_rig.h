/* Catchpoints by command, and the lines they tell. */
#ifndef TESTS_KVM_CATCH_RIG_H
#define TESTS_KVM_CATCH_RIG_H

#include "tests/kvm/machine.h"

/*
 * Give a 64-bit guest an IDT of its own, outside its image, before it runs.
 * #DB returns: Bochs raises one too many after a single-step that had an exit
 * in it.  #GP pops its frame into r12 (error code), r13 (rip), r14 (cs) and
 * r15 (flags), and ends the guest with status 0xef.
 */
void rig_install_handlers(struct machine *m);
/* Run a monitor command that works; its output. */
const char *rig_monitor(struct machine *m, const char *line);
/* One that fails; what it says. */
const char *rig_refused(struct machine *m, const char *line);
/* The hits of catchpoint `id`. */
uint64_t rig_hits(struct machine *m, unsigned int id);
/* Lines of notify hits since the last call. */
const char *rig_notes(struct machine *m);

#endif
