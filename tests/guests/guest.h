/*
 * What the C guests share: instructions that C has no word for, the console,
 * and a panic-free way to end.  Guests run at CPL0 and use integer
 * instructions only, so that a KVM which emulates CPL0 code can run them.
 */
#ifndef TESTS_GUESTS_GUEST_H
#define TESTS_GUESTS_GUEST_H

#include <stddef.h>
#include <stdint.h>

#define NOINLINE __attribute__((noinline, noclone))

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline void write_cr3(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline void invalidate_page(void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Sleep until an interrupt; none is lost between the two instructions. */
static inline void sleep_until_interrupt(void)
{
	__asm__ volatile("sti\n\thlt" : : : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void locked_add(volatile uint64_t *to, uint64_t n)
{
	__asm__ volatile("lock addq %1, %0" : "+m"(*to) : "r"(n) : "memory");
}

/* COM1, a 16550: 115200 8N1, polled. */
static inline void uart_init(void)
{
	out8(0x3f9, 0);	   /* no interrupts */
	out8(0x3fb, 0x80); /* divisor latch */
	out8(0x3f8, 1);
	out8(0x3f9, 0);
	out8(0x3fb, 0x03); /* 8 bits, no parity, 1 stop bit */
	out8(0x3fa, 0x07); /* FIFOs on and empty */
	out8(0x3fc, 0x03); /* DTR, RTS */
}

static inline void uart_put(char c)
{
	while (!(in8(0x3fd) & 0x20)) /* transmit holding register empty */
		cpu_relax();
	out8(0x3f8, (uint8_t)c);
}

#endif
