/* A processor and its memory for the tests of the diagnosers. */
#ifndef TESTS_ARCH_DIAG_RIG_H
#define TESTS_ARCH_DIAG_RIG_H

#include "arch/diag/chain.h"

#define DIAG_RAM   0x40000u /* bytes of memory at physical 0 */
#define DIAG_CODE  0x6000u
#define DIAG_STACK 0x5000u /* rsp at the start is DIAG_STACK + 0x800 */
#define DIAG_GDT   0x8000u
#define DIAG_IDT   0x9000u
#define DIAG_TSS   0xa000u
#define DIAG_FREE  0x10000u /* memory for tests, to the end */

struct diag_rig {
	uint8_t ram[DIAG_RAM];
	struct x86_state s;
	struct x86_cpu_info info;
	int in_service;
	bool stale;

	/* what the last call made of it */
	struct x86_view view;
	struct decoded insn;
	struct chain chain;
	struct x86_fault fault;
};

extern struct diag_rig diag;

/*
 * 64-bit code at CPL 0, the memory mapped one to one by 4-KiB pages, rip at
 * DIAG_CODE.  GDT: 0x08 64-bit code, 0x10 data, 0x18 32-bit code, 0x20 user
 * code, 0x28 TSS (2 entries), 0x38 user data.  IDT of 256 empty entries.
 */
void diag_long_mode(void);
/* 32-bit code without paging; the same selectors. */
void diag_prot32(void);
/* Real mode; the vectors of the IVT point at 0:DIAG_CODE. */
void diag_real(void);

/* Bytes at rip, as "0f 0b". */
void diag_code(const char *hex);
void diag_put64(gpa_t gpa, uint64_t value);
/* Remove or change the page of the one-to-one map; long mode. */
void diag_unmap(gva_t gva);
void diag_map(gva_t gva, uint64_t entry);

/* An IDT entry with these 16 bits of type and IST; its handler is DIAG_CODE. */
void diag_gate(unsigned int vector, uint16_t type);
void diag_handler(unsigned int vector, uint64_t offset);
/* A TSS in TR with this IST1. */
void diag_tss64(uint64_t ist1);
/* An available 32-bit TSS in the GDT whose EIP is DIAG_CODE. */
void diag_tss32(uint16_t sel, uint32_t esp);

/* Decode what is at rip, and look. */
bool diag_find(void);
const char *diag_chain(void);  /* fails the test when there is none */
const char *diag_checks(void); /* of diag.chain */
/* The fault of the instruction: "#GP(0x18): why", or "" */
const char *diag_fault(void);

#endif
