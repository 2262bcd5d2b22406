/*
 * The register image of one x86-64 logical processor: the only form in which
 * registers pass between a target (live VM, saved crash, test fake) and the
 * code that shows, changes or reasons about them.
 *
 * Not here: anything of KVM.  vmm/convert.c turns KVM's structs into this.
 */
#ifndef ARCH_X86_STATE_H
#define ARCH_X86_STATE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t gpa_t; /* guest-physical address */
typedef uint64_t gva_t; /* guest-linear ("virtual") address */

/* Order of gpr[]: the gdb order of org.gnu.gdb.i386.core. */
enum x86_gpr {
	X86_RAX,
	X86_RBX,
	X86_RCX,
	X86_RDX,
	X86_RSI,
	X86_RDI,
	X86_RBP,
	X86_RSP,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15,
	X86_NR_GPR,
};

/* Order of seg[]: the gdb order, then the two system segments. */
enum x86_seg_index {
	X86_CS,
	X86_SS,
	X86_DS,
	X86_ES,
	X86_FS,
	X86_GS,
	X86_LDTR,
	X86_TR,
	X86_NR_SEG,
};

/*
 * attr is the access-rights word of the VMCS (SDM Vol 3C, "Guest Register
 * State"): type[3:0] s[4] dpl[6:5] p[7] avl[12] l[13] db[14] g[15] unusable[16].
 */
enum {
	X86_AR_TYPE = 0x000f,
	X86_AR_S = 0x0010,
	X86_AR_DPL = 0x0060,
	X86_AR_DPL_SHIFT = 5,
	X86_AR_P = 0x0080,
	X86_AR_AVL = 0x1000,
	X86_AR_L = 0x2000,
	X86_AR_DB = 0x4000,
	X86_AR_G = 0x8000,
	X86_AR_UNUSABLE = 0x10000,
};

struct x86_seg {
	uint64_t base;
	uint32_t limit; /* in bytes, granularity applied */
	uint32_t attr;
	uint32_t sel; /* 16 bits used */
};

struct x86_dtable {
	uint64_t base;
	uint32_t limit; /* 16 bits used */
};

/*
 * x87, SSE, AVX, AVX-512 and PKRU.  The x87 control words are widened to the
 * 32 bits gdb gives them; ftag is the full 16-bit tag word, two bits a
 * register.  zmmh is the upper half of zmm0-15; zmm16-31 lie whole in hi16.
 */
struct x86_fpu {
	uint8_t st[8][10];
	uint32_t fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop;
	uint8_t xmm[16][16];
	uint32_t mxcsr;
	uint32_t pkru;
	uint8_t ymmh[16][16];
	uint64_t k[8];
	uint8_t zmmh[16][32];
	uint8_t hi16[16][64];
};

/* MSRs that the register file shows; everything else goes by number. */
struct x86_msrs {
	uint64_t star, lstar, cstar, sfmask;
	uint64_t k_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc, debugctl;
};

/* Pending and injected events (KVM api.rst, KVM_GET_VCPU_EVENTS). */
struct x86_events {
	bool exception_injected, exception_pending, exception_has_error;
	uint8_t exception_nr;
	uint32_t exception_error;
	bool exception_has_payload;
	uint64_t exception_payload;
	bool interrupt_injected, interrupt_soft;
	uint8_t interrupt_nr;
	uint8_t interrupt_shadow; /* bit 0 MOV SS, bit 1 STI */
	bool nmi_injected, nmi_pending, nmi_masked;
	bool smm, smm_pending;
};

enum x86_run_state {
	X86_RUNNABLE,
	X86_WAIT_INIT, /* AP that nobody has started */
	X86_WAIT_SIPI,
	X86_HALTED,
};

/*
 * Which parts of the image a get or set is about.  A reader asks for what it
 * needs: the first two are nearly free at a stop, the others cost an ioctl.
 */
enum x86_group {
	X86_GROUP_GPR = 1 << 0,	  /* gpr, rip, rflags */
	X86_GROUP_SYS = 1 << 1,	  /* seg, gdt, idt, cr*, efer, apic_base */
	X86_GROUP_FPU = 1 << 2,	  /* fpu */
	X86_GROUP_DEBUG = 1 << 3, /* dr, dr6, dr7: the guest's own */
	X86_GROUP_MSR = 1 << 4,	  /* msr */
	X86_GROUP_XCR = 1 << 5,	  /* xcr0 */
	X86_GROUP_EVENT = 1 << 6, /* event, run_state */
	X86_GROUP_ALL = (1 << 7) - 1,
};

struct x86_state {
	uint64_t gpr[X86_NR_GPR];
	uint64_t rip, rflags;

	struct x86_seg seg[X86_NR_SEG];
	struct x86_dtable gdt, idt;
	uint64_t cr0, cr2, cr3, cr4, cr8;
	uint64_t efer, apic_base;
	uint64_t pdptr[4]; /* PAE page-directory pointers the CPU has cached */
	bool pdptr_valid;

	struct x86_fpu fpu;
	uint64_t dr[4], dr6, dr7;
	struct x86_msrs msr;
	uint64_t xcr0;
	struct x86_events event;
	enum x86_run_state run_state;
};

/* What the guest's CPUID says, as far as this program reasons about it. */
struct x86_cpu_info {
	uint8_t maxphyaddr; /* bits; 36 when leaf 80000008 is absent */
	bool amd;	    /* AuthenticAMD or HygonGenuine */
	bool gbpages, nx, la57, pku, pcid, smep, smap;
	bool xsave, avx, avx512;
};

/* Control-register and flag bits used in code (SDM Vol 3A, "Control
 * Registers"). */
#define X86_CR0_PE    (UINT64_C(1) << 0)
#define X86_CR0_WP    (UINT64_C(1) << 16)
#define X86_CR0_PG    (UINT64_C(1) << 31)
#define X86_CR4_PSE   (UINT64_C(1) << 4)
#define X86_CR4_PAE   (UINT64_C(1) << 5)
#define X86_CR4_LA57  (UINT64_C(1) << 12)
#define X86_CR4_PCIDE (UINT64_C(1) << 17)
#define X86_CR4_SMEP  (UINT64_C(1) << 20)
#define X86_CR4_SMAP  (UINT64_C(1) << 21)
#define X86_CR4_PKE   (UINT64_C(1) << 22)
#define X86_EFER_SCE  (UINT64_C(1) << 0)
#define X86_EFER_LME  (UINT64_C(1) << 8)
#define X86_EFER_LMA  (UINT64_C(1) << 10)
#define X86_EFER_NXE  (UINT64_C(1) << 11)
#define X86_FL_ZF     (UINT64_C(1) << 6)
#define X86_FL_TF     (UINT64_C(1) << 8)
#define X86_FL_IF     (UINT64_C(1) << 9)
#define X86_FL_RF     (UINT64_C(1) << 16)
#define X86_FL_VM     (UINT64_C(1) << 17)
#define X86_FL_AC     (UINT64_C(1) << 18)

#define X86_CR4_LAM_SUP (UINT64_C(1) << 28)
#define X86_CR3_LAM_U57 (UINT64_C(1) << 61)
#define X86_CR3_LAM_U48 (UINT64_C(1) << 62)

/* Which kind of code the processor runs (needs GPR and SYS). */
enum x86_mode {
	X86_MODE_REAL,
	X86_MODE_VM86,
	X86_MODE_PROT16,
	X86_MODE_PROT32,
	X86_MODE_COMPAT16,
	X86_MODE_COMPAT32,
	X86_MODE_LONG64,
};

enum x86_mode x86_mode(const struct x86_state *s);
const char *x86_mode_name(enum x86_mode mode); /* "real", "long64", ... */

/* CPL (SS.DPL; 0 in real mode, 3 in virtual-8086 mode). */
unsigned int x86_cpl(const struct x86_state *s);

/* Linear address of the next instruction: rip in long mode, else CS.base + rip.
 */
gva_t x86_linear_pc(const struct x86_state *s);

#endif
