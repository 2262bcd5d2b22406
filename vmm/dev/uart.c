#include "vmm/dev/uart.h"

#include <string.h>

#include "vmm/dev/uart_impl.h"

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

static struct uart *to_uart(struct device *dev)
{
	return (struct uart *)dev;
}

static bool fifo_enabled(const struct uart *u)
{
	return u->s.fcr & FCR_ENABLE;
}

static unsigned int fifo_capacity(const struct uart *u)
{
	return fifo_enabled(u) ? UART_FIFO : 1;
}

static unsigned int fifo_trigger(const struct uart *u)
{
	static const uint8_t level[4] = {1, 4, 8, 14};

	return fifo_enabled(u) ? level[u->s.fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* The highest-priority source that is enabled and pending. */
uint8_t uart_source(const struct uart *u)
{
	if ((u->s.ier & IER_LINE) && u->s.lsr_error)
		return IIR_LINE;
	if ((u->s.ier & IER_RDA) && u->s.fifo_len)
		return u->s.fifo_len >= fifo_trigger(u) ? IIR_RDA : IIR_TIMEOUT;
	if ((u->s.ier & IER_THRE) && u->s.thre_pending)
		return IIR_THRE;
	if ((u->s.ier & IER_MODEM) && (u->s.msr & MSR_DELTAS))
		return IIR_MODEM;
	return IIR_NONE;
}

/* Loopback takes the OUT2 pin, and with it the interrupt, off the bus. */
static void update_irq(struct uart *u)
{
	bool gate = (u->s.mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
	bool level = gate && uart_source(u) != IIR_NONE;

	if (level == u->s.irq_level)
		return;
	u->s.irq_level = level;
	irq_line_set(&u->irq, level);
}

static void fifo_push(struct uart *u, uint8_t byte)
{
	if (u->s.fifo_len == fifo_capacity(u)) {
		u->s.lsr_error |= LSR_OE;
		/* without FIFO the newer byte replaces the unread one */
		if (!fifo_enabled(u))
			u->s.fifo[u->s.fifo_head] = byte;
		return;
	}
	u->s.fifo[(u->s.fifo_head + u->s.fifo_len++) % UART_FIFO] = byte;
}

/*
 * Let waiting host input arrive, as far as the receiver can take it.  This is
 * done when the guest looks for input, or has asked to be told of it, and not
 * before: a guest clears the FIFO when it sets up the port, and what was typed
 * ahead of that is not to be lost.
 */
static void fifo_refill(struct uart *u)
{
	while (!(u->s.mcr & MCR_LOOP) && u->s.break_after && u->s.backlog_len &&
	       u->s.fifo_len < fifo_capacity(u)) {
		fifo_push(u, u->s.backlog[u->s.backlog_head]);
		u->s.backlog_head = (u->s.backlog_head + 1u) % UART_BACKLOG;
		u->s.backlog_len--;
		if (u->s.break_after != UART_NO_BREAK)
			u->s.break_after--;
	}
	if (!(u->s.mcr & MCR_LOOP) && !u->s.break_after && !u->s.fifo_len) {
		u->s.break_after = UART_NO_BREAK;
		fifo_push(u, 0);
		u->s.lsr_error |= LSR_BI;
		return; /* what follows, once this one has been read */
	}
	if (u->s.wants_room && u->s.backlog_len <= UART_BACKLOG / 2) {
		u->s.wants_room = false;
		if (u->on_room)
			u->on_room(u->on_room_ctx);
	}
}

static uint8_t read_data(struct uart *u)
{
	uint8_t byte = 0;

	fifo_refill(u);
	if (u->s.fifo_len) {
		byte = u->s.fifo[u->s.fifo_head];
		u->s.fifo_head = (u->s.fifo_head + 1) % UART_FIFO;
		u->s.fifo_len--;
	}
	/* drop the line first: a byte that follows is a new interrupt edge */
	update_irq(u);
	fifo_refill(u);
	return byte;
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t source = uart_source(u);

	if (source == IIR_THRE)
		u->s.thre_pending = false;
	return source | (fifo_enabled(u) ? IIR_FIFO : 0);
}

uint8_t uart_lsr(const struct uart *u)
{
	uint8_t lsr = LSR_THRE | LSR_TEMT | u->s.lsr_error;

	if (fifo_enabled(u) && u->s.lsr_error & LSR_BI)
		lsr |= LSR_FIFO_ERROR;
	return u->s.fifo_len ? lsr | LSR_DR : lsr;
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t lsr = uart_lsr(u);

	u->s.lsr_error = 0;
	return lsr;
}

static uint8_t read_msr(struct uart *u)
{
	uint8_t msr = u->s.msr;

	u->s.msr &= ~MSR_DELTAS;
	return msr;
}

static uint8_t read_reg(struct uart *u, unsigned int reg)
{
	bool dlab = u->s.lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return dlab ? u->s.dll : read_data(u);
	case REG_IER:
		return dlab ? u->s.dlm : u->s.ier;
	case REG_IIR:
		fifo_refill(u);
		return read_iir(u);
	case REG_LCR:
		return u->s.lcr;
	case REG_MCR:
		return u->s.mcr;
	case REG_LSR:
		fifo_refill(u);
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	default:
		return u->s.scr;
	}
}

static void write_data(struct uart *u, uint8_t byte)
{
	u->s.thre_pending = false;
	update_irq(u);
	if (u->s.mcr & MCR_LOOP)
		fifo_push(u, byte);
	else if (u->tx.write)
		u->tx.write(u->tx.ctx, &byte, 1);
	u->s.thre_pending = true;
}

static void write_ier(struct uart *u, uint8_t value)
{
	/* switching it on while the transmitter is empty raises it at once */
	if (!(u->s.ier & IER_THRE) && (value & IER_THRE))
		u->s.thre_pending = true;
	u->s.ier = value & 0x0f;
	if (u->s.ier & IER_RDA)
		fifo_refill(u);
}

static void write_fcr(struct uart *u, uint8_t value)
{
	bool toggled = (u->s.fcr ^ value) & FCR_ENABLE;

	/* the other bits count only while bit 0 is written as 1 */
	u->s.fcr = value & FCR_ENABLE ? value & FCR_STICKY : 0;
	if (toggled || (value & FCR_CLEAR_RX))
		u->s.fifo_len = 0;
	update_irq(u);
	if (u->s.ier & IER_RDA)
		fifo_refill(u);
}

static uint8_t modem_lines(const struct uart *u)
{
	uint8_t lines = 0;

	if (!(u->s.mcr & MCR_LOOP))
		return MSR_CONNECTED;
	if (u->s.mcr & MCR_RTS)
		lines |= MSR_CTS;
	if (u->s.mcr & MCR_DTR)
		lines |= MSR_DSR;
	if (u->s.mcr & MCR_OUT1)
		lines |= MSR_RI;
	if (u->s.mcr & MCR_OUT2)
		lines |= MSR_DCD;
	return lines;
}

static void write_mcr(struct uart *u, uint8_t value)
{
	uint8_t before, after, changed;

	before = u->s.msr & ~MSR_DELTAS;
	u->s.mcr = value & MCR_MASK;
	after = modem_lines(u);
	changed = before ^ after;
	u->s.msr = after | (u->s.msr & MSR_DELTAS);
	if (changed & MSR_CTS)
		u->s.msr |= MSR_DCTS;
	if (changed & MSR_DSR)
		u->s.msr |= MSR_DDSR;
	if (changed & before & MSR_RI)
		u->s.msr |= MSR_TERI;
	if (changed & MSR_DCD)
		u->s.msr |= MSR_DDCD;
	if (u->s.ier & IER_RDA)
		fifo_refill(u);
}

static void write_reg(struct uart *u, unsigned int reg, uint8_t value)
{
	bool dlab = u->s.lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		if (dlab)
			u->s.dll = value;
		else
			write_data(u, value);
		break;
	case REG_IER:
		if (dlab)
			u->s.dlm = value;
		else
			write_ier(u, value);
		break;
	case REG_IIR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->s.lcr = value;
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCR:
		u->s.scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static uint64_t uart_read(struct device *dev, uint64_t offset,
			  unsigned int size)
{
	struct uart *u = to_uart(dev);
	uint8_t value = read_reg(u, offset & 7);

	update_irq(u);
	return value;
}

static void uart_write(struct device *dev, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct uart *u = to_uart(dev);

	write_reg(u, offset & 7, (uint8_t)value);
	update_irq(u);
}

/* Input the guest has not seen survives a reset, like keys typed early. */
static void uart_reset(struct device *dev)
{
	struct uart *u = to_uart(dev);

	u->s.ier = u->s.fcr = u->s.lcr = u->s.mcr = u->s.scr = 0;
	u->s.dll = 12; /* 9600 baud, what a PC's firmware leaves */
	u->s.dlm = 0;
	u->s.lsr_error = 0;
	u->s.msr = MSR_CONNECTED;
	u->s.thre_pending = false;
	u->s.fifo_head = u->s.fifo_len = 0;
	update_irq(u);
}

static const char *uart_reg_name(struct device *dev, uint64_t offset,
				 bool write)
{
	static const char *const read_name[8] = {"RBR", "IER", "IIR", "LCR",
						 "MCR", "LSR", "MSR", "SCR"};
	static const char *const write_name[8] = {"THR", "IER", "FCR", "LCR",
						  "MCR", "LSR", "MSR", "SCR"};

	if ((to_uart(dev)->s.lcr & LCR_DLAB) && offset < 2)
		return offset ? "DLM" : "DLL";
	return (write ? write_name : read_name)[offset & 7];
}

static const struct device_class uart_class = {
	.name = "uart",
	.about = "16550A serial port",
	.state_offset = offsetof(struct uart, s),
	.state = &uart_layout,
	.regs = uart_regs,
	.reset = uart_reset,
	.check = uart_check,
};

const struct region_ops uart_region = {
	.name = "16550",
	.width = 1,
	.read = uart_read,
	.write = uart_write,
	.reg_name = uart_reg_name,
};

void uart_init(struct uart *u, const char *name, struct byte_sink tx,
	       struct irq_line irq)
{
	memset(u, 0, sizeof(*u));
	device_init(&u->dev, &uart_class, name);
	device_drives(&u->dev, &irq);
	u->tx = tx;
	u->irq = irq;
	u->s.break_after = UART_NO_BREAK;
	uart_reset(&u->dev);
}

static size_t backlog_room(const struct uart *u)
{
	return UART_BACKLOG - u->s.backlog_len;
}

size_t uart_input_room(struct uart *u)
{
	size_t room = backlog_room(u);

	u->s.wants_room = !room;
	return room;
}

void uart_input(struct uart *u, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t room = backlog_room(u);

	if (len > room) {
		u->s.lost += len - room;
		u->s.lsr_error |= LSR_OE;
		len = room;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned int at = u->s.backlog_head + u->s.backlog_len++;

		u->s.backlog[at % UART_BACKLOG] = bytes[i];
	}
	if (u->s.ier & IER_RDA)
		fifo_refill(u);
	update_irq(u);
}

bool uart_break(struct uart *u)
{
	if (u->s.break_after != UART_NO_BREAK || u->s.lsr_error & LSR_BI)
		return false;
	u->s.break_after = u->s.backlog_len;
	if (u->s.ier & IER_RDA)
		fifo_refill(u);
	update_irq(u);
	return true;
}
