/* The other processors (SDM Vol 3A, "Multiple-Processor (MP) Initialization"). */
#include "demo.h"

#define LAPIC_ICR_LOW 0x300
#define IPI_OTHERS    0xc0000 /* all but self */
#define IPI_INIT      0x4500
#define IPI_STARTUP   0x4600

/*
 * Alone on its page: a debugger that watches memory by page protection then
 * traps on nothing else.
 */
volatile uint64_t shared_counter __attribute__((section(".bss.alone")));
volatile uint32_t cpus_started = 1;
static volatile uint64_t work_by_cpu[MAX_CPUS];

static void wait_ticks(uint64_t n)
{
	uint64_t end = ticks + n;

	while (ticks < end)
		sleep_until_interrupt();
}

static void send_ipi(uint32_t what)
{
	volatile uint32_t *lapic = (volatile uint32_t *)LAPIC_BASE;

	lapic[LAPIC_ICR_LOW / 4] = what | IPI_OTHERS;
}

/*
 * Processors of the package, as CPUID tells (leaf 0BH): on a busy host they may
 * take long to answer, and one that is alone need not wait.
 */
static uint32_t cpus_there(void)
{
	uint32_t eax = 0xb, ebx, ecx = 1, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ebx & 0xffff;
}

/* Wake whoever is there and see who answers. */
void start_other_cpus(void)
{
	volatile char *to = (volatile char *)TRAMPOLINE;
	size_t size = (size_t)(ap_trampoline_end - ap_trampoline);

	for (size_t i = 0; i < size; i++)
		to[i] = ap_trampoline[i];
	*(volatile uint32_t *)(to + (ap_cr3 - ap_trampoline)) =
		(uint32_t)read_cr3();

	send_ipi(IPI_INIT);
	wait_ticks(2);
	send_ipi(IPI_STARTUP | TRAMPOLINE >> 12);
	wait_ticks(1);
	send_ipi(IPI_STARTUP | TRAMPOLINE >> 12);
	wait_ticks(3);
	for (int i = 0; i < 100 && cpus_started < cpus_there(); i++)
		wait_ticks(1);
	print_dec("smp: ", cpus_started, " processor(s) at work\n");
}

NOINLINE void count_work(uint64_t n)
{
	locked_add(&shared_counter, n);
}

void other_cpu_main(uint32_t cpu)
{
	for (;;) {
		count_work(1);
		work_by_cpu[cpu]++;
		for (int i = 0; i < 200; i++)
			cpu_relax();
	}
}
