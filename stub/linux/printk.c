#include "stub/linux/printk.h"

#include <inttypes.h>
#include <string.h>

#include "stub/core/vmcoreinfo.h"
#include "base/wire.h"

#define SMALL	  UINT64_C(4096) /* no struct of printk's is larger */
#define COUNT_MAX 20		 /* log2; a log of 32 MiB has that many */
#define BYTES_MAX 31		 /* log2; LOG_BUF_LEN_MAX */

/* A descriptor's state lies in the two topmost bits beside its id. */
#define STATE_SHIFT 62
#define ID_MASK	    ((UINT64_C(1) << STATE_SHIFT) - 1)

enum desc_state {
	DESC_COMMITTED = 1,
	DESC_FINALIZED = 2,
};

/* What VMCOREINFO has to tell, hexadecimal or not, and where it goes. */
struct wanted {
	const char *key;
	bool is_symbol;
	size_t to; /* in struct fields */
};

struct fields {
	uint64_t prb, desc_ring, text_ring, count_bits, descs, infos, head,
		tail, desc_size, state_var, lpos, begin, next, info_size, ts,
		text_len, size_bits, data;
};

#define WANTED(key, field)                                 \
	{                                                  \
		key, false, offsetof(struct fields, field) \
	}

static const struct wanted wanted[] = {
	{"SYMBOL(prb)", true, offsetof(struct fields, prb)},
	WANTED("OFFSET(printk_ringbuffer.desc_ring)", desc_ring),
	WANTED("OFFSET(printk_ringbuffer.text_data_ring)", text_ring),
	WANTED("OFFSET(prb_desc_ring.count_bits)", count_bits),
	WANTED("OFFSET(prb_desc_ring.descs)", descs),
	WANTED("OFFSET(prb_desc_ring.infos)", infos),
	WANTED("OFFSET(prb_desc_ring.head_id)", head),
	WANTED("OFFSET(prb_desc_ring.tail_id)", tail),
	WANTED("SIZE(prb_desc)", desc_size),
	WANTED("OFFSET(prb_desc.state_var)", state_var),
	WANTED("OFFSET(prb_desc.text_blk_lpos)", lpos),
	WANTED("OFFSET(prb_data_blk_lpos.begin)", begin),
	WANTED("OFFSET(prb_data_blk_lpos.next)", next),
	WANTED("SIZE(printk_info)", info_size),
	WANTED("OFFSET(printk_info.ts_nsec)", ts),
	WANTED("OFFSET(printk_info.text_len)", text_len),
	WANTED("OFFSET(prb_data_ring.size_bits)", size_bits),
	WANTED("OFFSET(prb_data_ring.data)", data),
};

static bool take_fields(struct fields *f, const char *info, size_t len,
			struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct wanted *w = &wanted[i];
		uint64_t value;

		if (!vmcoreinfo_number(info, len, w->key, w->is_symbol, &value))
			return err_set(err, ERR_NOT_FOUND,
				       "the kernel's VMCOREINFO has no %s: its "
				       "log is not the ring buffer of Linux "
				       "5.10 and later",
				       w->key);
		if (!w->is_symbol && value >= SMALL)
			return err_set(err, ERR_MALFORMED,
				       "the kernel's VMCOREINFO: %s=%" PRIu64
				       " cannot be right",
				       w->key, value);
		memcpy((char *)f + w->to, &value, sizeof(value));
	}
	return true;
}

static bool get(const struct printk_memory *mem, gva_t at, unsigned int width,
		uint64_t *value, struct err *err)
{
	uint8_t bytes[8];

	if (!mem->read(mem->ctx, at, bytes, width, err))
		return false;
	*value = wire_number(bytes, width);
	return true;
}

/* The ring's head: where everything is, and which ids are in it. */
static bool take_ring(struct printk_log *log, const struct fields *f,
		      struct err *err)
{
	const struct printk_memory *mem = &log->mem;
	uint64_t prb, head, tail, count_bits, size_bits;
	gva_t ring, text;

	if (!get(mem, f->prb, 8, &prb, err))
		return false;
	ring = prb + f->desc_ring;
	text = prb + f->text_ring;
	if (!get(mem, ring + f->count_bits, 4, &count_bits, err) ||
	    !get(mem, ring + f->descs, 8, &log->descs, err) ||
	    !get(mem, ring + f->infos, 8, &log->infos, err) ||
	    !get(mem, ring + f->head, 8, &head, err) ||
	    !get(mem, ring + f->tail, 8, &tail, err) ||
	    !get(mem, text + f->size_bits, 4, &size_bits, err) ||
	    !get(mem, text + f->data, 8, &log->data, err))
		return false;
	if (!count_bits || count_bits > COUNT_MAX || !size_bits ||
	    size_bits > BYTES_MAX)
		return err_set(err, ERR_MALFORMED,
			       "the log at 0x%" PRIx64 " makes no sense: "
			       "2^%" PRIu64 " records, 2^%" PRIu64 " bytes",
			       prb, count_bits, size_bits);
	log->count_bits = (unsigned int)count_bits;
	log->size_bits = (unsigned int)size_bits;
	log->first = tail & ID_MASK;
	log->count = min_u64(((head - tail) & ID_MASK) + 1,
			     UINT64_C(1) << count_bits);
	return true;
}

bool printk_open(struct printk_log *log, const char *info, size_t len,
		 const struct printk_memory *mem, struct err *err)
{
	struct printk_log l = {.mem = *mem};
	struct fields f;

	if (!take_fields(&f, info, len, err) || !take_ring(&l, &f, err))
		return false;
	l.desc_size = f.desc_size;
	l.state = f.state_var;
	l.begin = f.lpos + f.begin;
	l.next = f.lpos + f.next;
	l.info_size = f.info_size;
	l.ts = f.ts;
	l.text_len = f.text_len;
	*log = l;
	return true;
}

/* The text of a data block, which begins with an id of eight bytes. */
static bool read_text(const struct printk_log *log, uint64_t begin,
		      uint64_t next, uint64_t len, struct printk_record *r)
{
	const uint64_t size = UINT64_C(1) << log->size_bits;
	struct err ignored;

	r->len = 0;
	if (begin & 1) /* an empty line, or one that was lost */
		return begin & 2;
	begin &= size - 1;
	next &= size - 1;
	if (begin > next) /* did not fit at the end: lies at the start */
		begin = 0;
	if (next - begin < 8)
		return false;
	r->len = min_u64(min_u64(len, next - begin - 8), sizeof(r->text));
	return log->mem.read(log->mem.ctx, log->data + begin + 8, r->text,
			     r->len, &ignored);
}

bool printk_read(const struct printk_log *log, uint64_t i,
		 struct printk_record *r)
{
	const struct printk_memory *mem = &log->mem;
	const uint64_t id = (log->first + i) & ID_MASK;
	const uint64_t slot = id & ((UINT64_C(1) << log->count_bits) - 1);
	const gva_t desc = log->descs + slot * log->desc_size;
	const gva_t info = log->infos + slot * log->info_size;
	uint64_t state, begin, next, len;
	struct err ignored;

	if (!get(mem, desc + log->state, 8, &state, &ignored) ||
	    (state & ID_MASK) != id)
		return false;
	state >>= STATE_SHIFT;
	return (state == DESC_COMMITTED || state == DESC_FINALIZED) &&
	       get(mem, desc + log->begin, 8, &begin, &ignored) &&
	       get(mem, desc + log->next, 8, &next, &ignored) &&
	       get(mem, info + log->ts, 8, &r->ns, &ignored) &&
	       get(mem, info + log->text_len, 2, &len, &ignored) &&
	       read_text(log, begin, next, len, r);
}

void printk_print(struct buf *out, const struct printk_record *r)
{
	const char *at = r->text, *end = r->text + r->len;

	do {
		buf_printf(out, "[%5" PRIu64 ".%06" PRIu64 "] ",
			   r->ns / UINT64_C(1000000000),
			   r->ns / 1000 % 1000000);
		while (at < end && *at != '\n') {
			const unsigned char c = (unsigned char)*at++;

			if ((c >= ' ' && c <= '~') || c == '\t')
				buf_byte(out, c);
			else
				buf_printf(out, "\\x%02x", c);
		}
		buf_byte(out, '\n');
	} while (at++ < end && at < end);
}
