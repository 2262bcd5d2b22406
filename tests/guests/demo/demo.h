/*
 * The demo guest: a kernel small enough to read in ten minutes, which does
 * one of everything a debugger wants to look at and then dies of a bug.
 *
 * Memory: the image at 1 MiB, the other processors' start code at 0x8000, the
 * first 16 MiB and the local APIC identity-mapped, and one 4 KiB window at
 * WINDOW whose page the page-fault handler brings in at the first touch.
 */
#ifndef TESTS_GUESTS_DEMO_DEMO_H
#define TESTS_GUESTS_DEMO_DEMO_H

#include "../guest.h"

#define MAX_CPUS     16
#define WINDOW	     UINT64_C(0xffff800000000000)
#define LAPIC_BASE   UINT64_C(0xfee00000)
#define TRAMPOLINE   UINT64_C(0x8000)
#define VECTOR_PF    14
#define VECTOR_TIMER 0x20

/* What the processor pushes for a page fault, after saved registers. */
struct trap_frame {
	uint64_t error, rip, cs, rflags, rsp, ss;
};

/* paging.c */
void paging_start(void);
void map_window(void);
void unmap_window(void);
void on_page_fault(struct trap_frame *frame);

/* interrupt.c */
extern volatile uint64_t ticks;
void interrupts_start(void);
void load_truncated_idt(void);
void on_timer(void);

/* smp.c */
extern volatile uint64_t shared_counter;
extern volatile uint32_t cpus_started;
void start_other_cpus(void);
void other_cpu_main(uint32_t cpu);
void count_work(uint64_t n);

/* console.c */
void print(const char *text);
void print_hex(const char *before, uint64_t value, const char *after);
void print_dec(const char *before, uint64_t value, const char *after);

/* start.S, trampoline.S */
void demo_main(void);
void page_fault_entry(void);
void timer_entry(void);
extern char ap_trampoline[], ap_trampoline_end[], ap_cr3[];

#endif
