#include "vmm/dev/uart.h"

#include <string.h>

enum uart_reg {
	REG_DATA = 0, /* RBR, THR; DLL when DLAB is set */
	REG_IER = 1,  /* DLM when DLAB is set */
	REG_IIR = 2,  /* FCR when written */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCR = 7,
};

enum {
	IER_RDA = 0x01,
	IER_THRE = 0x02,
	IER_LINE = 0x04,
	IER_MODEM = 0x08,

	IIR_MODEM = 0x00,
	IIR_NONE = 0x01,
	IIR_THRE = 0x02,
	IIR_RDA = 0x04,
	IIR_LINE = 0x06,
	IIR_TIMEOUT = 0x0c,
	IIR_FIFO = 0xc0,

	FCR_ENABLE = 0x01,
	FCR_CLEAR_RX = 0x02,
	FCR_TRIGGER_SHIFT = 6,
	FCR_STICKY = 0xc9, /* the clear bits act once and read as gone */

	LCR_DLAB = 0x80,

	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MCR_LOOP = 0x10,
	MCR_MASK = 0x1f,

	LSR_DR = 0x01,
	LSR_OE = 0x02,
	LSR_THRE = 0x20,
	LSR_TEMT = 0x40,

	MSR_DCTS = 0x01,
	MSR_DDSR = 0x02,
	MSR_TERI = 0x04,
	MSR_DDCD = 0x08,
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
	MSR_DELTAS = 0x0f,
	/* the other end is always there and ready */
	MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD,
};

static struct uart *to_uart(struct bus_device *dev)
{
	return (struct uart *)(void *)dev;
}

static bool fifo_enabled(const struct uart *u)
{
	return u->fcr & FCR_ENABLE;
}

static unsigned int fifo_capacity(const struct uart *u)
{
	return fifo_enabled(u) ? UART_FIFO : 1;
}

static unsigned int fifo_trigger(const struct uart *u)
{
	static const uint8_t level[4] = {1, 4, 8, 14};

	return fifo_enabled(u) ? level[u->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* The highest-priority source that is enabled and pending. */
static uint8_t pending_source(const struct uart *u)
{
	if ((u->ier & IER_LINE) && u->lsr_error)
		return IIR_LINE;
	if ((u->ier & IER_RDA) && u->fifo_len)
		return u->fifo_len >= fifo_trigger(u) ? IIR_RDA : IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && (u->msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

/* Loopback takes the OUT2 pin, and with it the interrupt, off the bus. */
static void update_irq(struct uart *u)
{
	bool gate = (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
	int level = gate && pending_source(u) != IIR_NONE;

	if (level == u->irq_level)
		return;
	u->irq_level = level;
	if (u->irq.set)
		u->irq.set(u->irq.ctx, u->irq.gsi, level);
}

static void fifo_push(struct uart *u, uint8_t byte)
{
	if (u->fifo_len == fifo_capacity(u)) {
		u->lsr_error |= LSR_OE;
		/* without FIFO the newer byte replaces the unread one */
		if (!fifo_enabled(u))
			u->fifo[u->fifo_head] = byte;
		return;
	}
	u->fifo[(u->fifo_head + u->fifo_len++) % UART_FIFO] = byte;
}

/*
 * Let waiting host input arrive, as far as the receiver can take it.  This is
 * done when the guest looks for input, or has asked to be told of it, and not
 * before: a guest clears the FIFO when it sets up the port, and what was typed
 * ahead of that is not to be lost.
 */
static void fifo_refill(struct uart *u)
{
	while (!(u->mcr & MCR_LOOP) && u->backlog_len &&
	       u->fifo_len < fifo_capacity(u)) {
		fifo_push(u, u->backlog[u->backlog_head]);
		u->backlog_head = (u->backlog_head + 1) % UART_BACKLOG;
		u->backlog_len--;
	}
	if (u->wants_room && u->backlog_len <= UART_BACKLOG / 2) {
		u->wants_room = false;
		if (u->on_room)
			u->on_room(u->on_room_ctx);
	}
}

static uint8_t read_data(struct uart *u)
{
	uint8_t byte = 0;

	fifo_refill(u);
	if (u->fifo_len) {
		byte = u->fifo[u->fifo_head];
		u->fifo_head = (u->fifo_head + 1) % UART_FIFO;
		u->fifo_len--;
	}
	/* drop the line first: a byte that follows is a new interrupt edge */
	update_irq(u);
	fifo_refill(u);
	return byte;
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t source = pending_source(u);

	if (source == IIR_THRE)
		u->thre_pending = false;
	return source | (fifo_enabled(u) ? IIR_FIFO : 0);
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t lsr = LSR_THRE | LSR_TEMT | u->lsr_error;

	if (u->fifo_len)
		lsr |= LSR_DR;
	u->lsr_error = 0;
	return lsr;
}

static uint8_t read_msr(struct uart *u)
{
	uint8_t msr = u->msr;

	u->msr &= ~MSR_DELTAS;
	return msr;
}

static uint8_t read_reg(struct uart *u, unsigned int reg)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return dlab ? u->dll : read_data(u);
	case REG_IER:
		return dlab ? u->dlm : u->ier;
	case REG_IIR:
		fifo_refill(u);
		return read_iir(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		fifo_refill(u);
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	default:
		return u->scr;
	}
}

static void write_data(struct uart *u, uint8_t byte)
{
	u->thre_pending = false;
	update_irq(u);
	if (u->mcr & MCR_LOOP)
		fifo_push(u, byte);
	else if (u->tx.write)
		u->tx.write(u->tx.ctx, &byte, 1);
	u->thre_pending = true;
}

static void write_ier(struct uart *u, uint8_t value)
{
	/* switching it on while the transmitter is empty raises it at once */
	if (!(u->ier & IER_THRE) && (value & IER_THRE))
		u->thre_pending = true;
	u->ier = value & 0x0f;
	if (u->ier & IER_RDA)
		fifo_refill(u);
}

static void write_fcr(struct uart *u, uint8_t value)
{
	bool toggled = (u->fcr ^ value) & FCR_ENABLE;

	/* the other bits count only while bit 0 is written as 1 */
	u->fcr = value & FCR_ENABLE ? value & FCR_STICKY : 0;
	if (toggled || (value & FCR_CLEAR_RX))
		u->fifo_len = 0;
	update_irq(u);
	if (u->ier & IER_RDA)
		fifo_refill(u);
}

static uint8_t modem_lines(const struct uart *u)
{
	uint8_t lines = 0;

	if (!(u->mcr & MCR_LOOP))
		return MSR_CONNECTED;
	if (u->mcr & MCR_RTS)
		lines |= MSR_CTS;
	if (u->mcr & MCR_DTR)
		lines |= MSR_DSR;
	if (u->mcr & MCR_OUT1)
		lines |= MSR_RI;
	if (u->mcr & MCR_OUT2)
		lines |= MSR_DCD;
	return lines;
}

static void write_mcr(struct uart *u, uint8_t value)
{
	uint8_t before, after, changed;

	before = u->msr & ~MSR_DELTAS;
	u->mcr = value & MCR_MASK;
	after = modem_lines(u);
	changed = before ^ after;
	u->msr = after | (u->msr & MSR_DELTAS);
	if (changed & MSR_CTS)
		u->msr |= MSR_DCTS;
	if (changed & MSR_DSR)
		u->msr |= MSR_DDSR;
	if (changed & before & MSR_RI)
		u->msr |= MSR_TERI;
	if (changed & MSR_DCD)
		u->msr |= MSR_DDCD;
	if (u->ier & IER_RDA)
		fifo_refill(u);
}

static void write_reg(struct uart *u, unsigned int reg, uint8_t value)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		if (dlab)
			u->dll = value;
		else
			write_data(u, value);
		break;
	case REG_IER:
		if (dlab)
			u->dlm = value;
		else
			write_ier(u, value);
		break;
	case REG_IIR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCR:
		u->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static uint64_t uart_read(struct bus_device *dev, uint64_t offset,
			  unsigned int size)
{
	struct uart *u = to_uart(dev);
	uint8_t value = read_reg(u, offset & 7);

	update_irq(u);
	return value;
}

static void uart_write(struct bus_device *dev, uint64_t offset,
		       unsigned int size, uint64_t value)
{
	struct uart *u = to_uart(dev);

	write_reg(u, offset & 7, (uint8_t)value);
	update_irq(u);
}

/* Input the guest has not seen survives a reset, like keys typed early. */
static void uart_reset(struct bus_device *dev)
{
	struct uart *u = to_uart(dev);

	u->ier = u->fcr = u->lcr = u->mcr = u->scr = 0;
	u->dll = 12; /* 9600 baud, what a PC's firmware leaves */
	u->dlm = 0;
	u->lsr_error = 0;
	u->msr = MSR_CONNECTED;
	u->thre_pending = false;
	u->fifo_head = u->fifo_len = 0;
	update_irq(u);
}

static const char *uart_reg_name(struct bus_device *dev, uint64_t offset,
				 bool write)
{
	static const char *const read_name[8] = {"RBR", "IER", "IIR", "LCR",
						 "MCR", "LSR", "MSR", "SCR"};
	static const char *const write_name[8] = {"THR", "IER", "FCR", "LCR",
						  "MCR", "LSR", "MSR", "SCR"};

	if ((to_uart(dev)->lcr & LCR_DLAB) && offset < 2)
		return offset ? "DLM" : "DLL";
	return (write ? write_name : read_name)[offset & 7];
}

static const struct bus_device_ops uart_ops = {
	.name = "16550",
	.width = 1,
	.read = uart_read,
	.write = uart_write,
	.reset = uart_reset,
	.reg_name = uart_reg_name,
};

void uart_init(struct uart *u, struct byte_sink tx, struct irq_line irq)
{
	memset(u, 0, sizeof(*u));
	u->dev.ops = &uart_ops;
	u->tx = tx;
	u->irq = irq;
	uart_reset(&u->dev);
}

static size_t backlog_room(const struct uart *u)
{
	return UART_BACKLOG - u->backlog_len;
}

size_t uart_input_room(struct uart *u)
{
	size_t room = backlog_room(u);

	u->wants_room = !room;
	return room;
}

void uart_input(struct uart *u, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t room = backlog_room(u);

	if (len > room) {
		u->lost += len - room;
		u->lsr_error |= LSR_OE;
		len = room;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned int at = u->backlog_head + u->backlog_len++;

		u->backlog[at % UART_BACKLOG] = bytes[i];
	}
	if (u->ier & IER_RDA)
		fifo_refill(u);
	update_irq(u);
}
