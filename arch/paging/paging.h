/*
 * The guest page walk, written once: `m` packets, breakpoints, monitor
 * commands and the diagnosers all use it.  Rules: SDM Vol 3A, "Paging"; where
 * KVM's own walker differs, KVM's rule is named in the comment.
 *
 * It reads guest memory through a callback and never writes it (no A/D
 * updates).  Threading: none of its own.
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <stddef.h>

#include "arch/x86_state.h"
#include "base/err.h"

enum paging_mode {
	PAGING_NONE, /* CR0.PG = 0: linear is physical */
	PAGING_32,   /* 2 levels */
	PAGING_PAE,  /* 3 levels, cached PDPTRs */
	PAGING_4LEVEL,
	PAGING_5LEVEL,
};

enum access_flags { /* the bits of a page-fault error code that ask */
	ACCESS_READ = 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_USER = 1 << 2,
	ACCESS_FETCH = 1 << 4,
	/*
	 * What a debugger wants: follow the tables.  Permissions and reserved
	 * bits stop nothing; the steps still report them.
	 */
	ACCESS_DEBUG = 1 << 30,
};

enum pfec_bits { /* SDM Vol 3A, "Page-Fault Exceptions" */
	PFEC_P = 1 << 0,
	PFEC_W = 1 << 1,
	PFEC_U = 1 << 2,
	PFEC_RSVD = 1 << 3,
	PFEC_F = 1 << 4,
	PFEC_PK = 1 << 5,
};

enum walk_result {
	WALK_OK,
	WALK_NOT_CANONICAL, /* #GP or #SS, no walk happens */
	WALK_NOT_PRESENT,
	WALK_RESERVED,
	WALK_PROTECTED, /* a permission */
	WALK_NO_TABLE,	/* a table lies where there is no memory */
};

/* What the walk depends on; filled by paging_init(). */
struct paging {
	enum paging_mode mode;
	uint64_t cr3;
	uint64_t pdptr[4]; /* PAGING_PAE, when pdptr_valid */
	bool pdptr_valid;  /* else they are read from memory */
	bool wp, nxe, smep, smap, pse, pke, ac;
	bool lam, lam_sup; /* 64-bit mode; CR4.LAM_SUP.  The rest is in cr3 */
	bool pcid;	   /* cr3[11:0] is a process-context identifier */
	uint32_t pkru;
	struct x86_cpu_info cpu;
};

/* Reads guest-physical memory; false with *err filled when it cannot. */
struct phys_reader {
	bool (*read)(void *ctx, gpa_t gpa, void *buf, size_t len,
		     struct err *err);
	void *ctx;
};

struct walk_step {
	int level;	 /* 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE */
	gpa_t entry_gpa; /* where the entry lies */
	uint64_t entry;
	uint64_t reserved; /* reserved bits that are set */
};

struct walk {
	gva_t gva;    /* as asked */
	gva_t linear; /* as walked: without LAM's metadata bits */
	uint32_t access;
	enum walk_result result;
	int level;	    /* level at which it ended (0: no paging) */
	unsigned int steps; /* entries read */
	/* WALK_NO_TABLE: step[steps].entry_gpa is where the next one lies */
	struct walk_step step[5];
	gpa_t gpa;	    /* WALK_OK: translation of gva */
	uint64_t page_size; /* WALK_OK: 4096, 2 MiB, 4 MiB, 1 GiB; bytes */
	bool writable, user, executable; /* ANDed over the levels */
	bool keyed;			 /* the protection key refuses */
	uint32_t pfec; /* failed: the #PF error code the CPU would give */
};

/* Needs groups GPR, SYS (and FPU for PKRU when CR4.PKE is set). */
void paging_init(struct paging *p, const struct x86_state *s,
		 const struct x86_cpu_info *cpu);

/* The same with another CPUID (the host's) or another CR3 (of a process). */
void paging_set_cpu(struct paging *p, const struct x86_cpu_info *cpu);
void paging_set_cr3(struct paging *p, uint64_t cr3);

/*
 * What is left of a pointer when the processor has dropped its metadata bits
 * (linear-address masking), for an access of this kind.
 */
gva_t paging_untag(const struct paging *p, gva_t gva, uint32_t access);

/* Walk.  Returns w->result == WALK_OK; *w is always filled. */
bool paging_walk(const struct paging *p, const struct phys_reader *mem,
		 gva_t gva, uint32_t access, struct walk *w);

/* One sentence: "linear 0x...: PDE at 0x... is not present (0x0)". */
void walk_explain(const struct walk *w, char *text, size_t size);

/*
 * Copy from guest-linear memory, page by page.  *done says how many bytes
 * arrived before the first that cannot be read (then false and *err).
 */
bool paging_read(const struct paging *p, const struct phys_reader *mem,
		 gva_t gva, void *buf, size_t len, size_t *done,
		 struct err *err) MUST_CHECK;

/* Mask of the bits that may not be set in this present entry. */
uint64_t paging_reserved(const struct paging *p, int level, uint64_t entry);

const char *paging_mode_name(enum paging_mode mode); /* "4-level", ... */
const char *walk_level_name(const struct paging *p, int level); /* "PDE" */

/* Why these bits of an entry are reserved: "bit 7: ...". */
void walk_explain_reserved(const struct walk_step *step, char *text,
			   size_t size);

#endif
