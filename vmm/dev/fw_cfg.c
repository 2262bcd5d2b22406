#include "vmm/dev/fw_cfg.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

enum {
	OFF_SELECT = 0,
	OFF_DATA = 1,
	OFF_DMA_HIGH = 4,
	OFF_DMA_LOW = 8,

	ID_TRADITIONAL = 1,
	ID_DMA = 2,

	DMA_ERROR = 1,
	DMA_READ = 2,
	DMA_SKIP = 4,
	DMA_SELECT = 8,
	DMA_WRITE = 16,

	PIECE = 4096,
};

/* What the DMA register reads as. */
#define DMA_SIGNATURE UINT64_C(0x51454d5520434647) /* "QEMU CFG" */

static struct fw_cfg *of(struct device *dev)
{
	return (struct fw_cfg *)dev;
}

/* ---- contents ---- */

static struct fw_cfg_item *find(struct fw_cfg *f, uint16_t key)
{
	for (unsigned int i = 0; i < f->items; i++)
		if (f->item[i].key == key)
			return &f->item[i];
	return NULL;
}

static struct fw_cfg_item *find_file(struct fw_cfg *f, const char *name)
{
	for (unsigned int i = 0; i < f->items; i++)
		if (!strcmp(f->item[i].name, name))
			return &f->item[i];
	return NULL;
}

static bool fill(struct fw_cfg *f, struct fw_cfg_item *item, uint16_t key,
		 const char *name, const void *data, size_t len,
		 struct err *err)
{
	if (!item) {
		if (f->items == FW_CFG_ITEMS)
			return err_set(err, ERR_LIMIT,
				       "fw_cfg: no room for item 0x%x", key);
		item = &f->item[f->items++];
		item->key = key;
		snprintf(item->name, sizeof(item->name), "%s", name);
		f->files += *name != '\0';
	}
	buf_clear(&item->data);
	buf_append(&item->data, data, len);
	return !item->data.failed ||
	       err_set(err, ERR_LIMIT, "fw_cfg: no memory for item 0x%x", key);
}

/* "FWCfgFiles": a count, then size, key and name of each; big-endian. */
static bool make_directory(struct fw_cfg *f, struct err *err)
{
	struct buf dir = BUF_INIT;
	uint32_t count = htobe32(f->files);
	bool ok;

	buf_append(&dir, &count, sizeof(count));
	for (unsigned int i = 0; i < f->items; i++) {
		const struct fw_cfg_item *item = &f->item[i];
		uint32_t size = htobe32((uint32_t)item->data.len);
		uint16_t key = htobe16(item->key), reserved = 0;

		if (!*item->name)
			continue;
		buf_append(&dir, &size, sizeof(size));
		buf_append(&dir, &key, sizeof(key));
		buf_append(&dir, &reserved, sizeof(reserved));
		buf_append(&dir, item->name, sizeof(item->name));
	}
	ok = fw_cfg_add(f, FW_CFG_FILE_DIR, dir.data, dir.len, err);
	buf_deinit(&dir);
	return ok;
}

bool fw_cfg_add(struct fw_cfg *f, uint16_t key, const void *data, size_t len,
		struct err *err)
{
	return fill(f, find(f, key), key, "", data, len, err);
}

bool fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data,
		     size_t len, struct err *err)
{
	if (strlen(name) >= FW_CFG_NAME)
		return err_set(err, ERR_RANGE, "fw_cfg: '%s' is too long",
			       name);
	return fill(f, find_file(f, name),
		    (uint16_t)(FW_CFG_FILE_FIRST + f->files), name, data, len,
		    err) &&
	       make_directory(f, err);
}

/* ---- the guest's side ---- */

static void choose(struct fw_cfg *f, uint16_t key)
{
	f->s.selected = key;
	f->s.offset = 0;
}

/* Copy what is left of the selected item; beyond its end it reads as zeros. */
static void take(struct fw_cfg *f, uint8_t *to, size_t len)
{
	const struct fw_cfg_item *item = find(f, f->s.selected);
	size_t have = item && f->s.offset < item->data.len
			      ? item->data.len - f->s.offset
			      : 0;
	size_t n = (size_t)min_u64(len, have);

	memset(to, 0, len);
	if (n)
		memcpy(to, item->data.data + f->s.offset, n);
	f->s.offset += (uint32_t)min_u64(len, UINT32_MAX - f->s.offset);
}

static bool dma_read(struct fw_cfg *f, uint64_t to, uint32_t len)
{
	uint8_t piece[PIECE];
	struct err err;
	size_t n;

	for (uint32_t done = 0; done < len; done += (uint32_t)n) {
		n = (size_t)min_u64(len - done, sizeof(piece));
		take(f, piece, n);
		if (!f->dma.write(f->dma.ctx, to + done, piece, n, &err))
			return false;
	}
	return true;
}

/* struct FWCfgDmaAccess: control, length, address; big-endian. */
static void run_dma(struct fw_cfg *f, uint64_t at)
{
	uint32_t head[2], control, len, answer = 0;
	uint64_t addr;
	struct err err;

	if (!f->dma.read(f->dma.ctx, at, head, sizeof(head), &err) ||
	    !f->dma.read(f->dma.ctx, at + 8, &addr, sizeof(addr), &err))
		return;
	control = be32toh(head[0]);
	len = be32toh(head[1]);
	if (control & DMA_SELECT)
		choose(f, (uint16_t)(control >> 16));
	if (control & DMA_READ) {
		if (!dma_read(f, be64toh(addr), len))
			answer = DMA_ERROR;
	} else if (control & DMA_WRITE) {
		answer = DMA_ERROR; /* nothing here is for writing */
	} else if (control & DMA_SKIP) {
		f->s.offset += (uint32_t)min_u64(len, UINT32_MAX - f->s.offset);
	}
	answer = htobe32(answer);
	/* a guest that put it outside RAM never learns */
	if (!f->dma.write(f->dma.ctx, at, &answer, sizeof(answer), &err))
		return;
}

static uint64_t fw_read(struct device *dev, uint64_t offset, unsigned int size)
{
	struct fw_cfg *f = of(dev);
	uint8_t byte;

	if (offset == OFF_DATA && size == 1) {
		take(f, &byte, 1);
		return byte;
	}
	if (offset == OFF_DMA_HIGH && size == 4)
		return htobe32((uint32_t)(DMA_SIGNATURE >> 32));
	if (offset == OFF_DMA_LOW && size == 4)
		return htobe32((uint32_t)DMA_SIGNATURE);
	return 0;
}

static void fw_write(struct device *dev, uint64_t offset, unsigned int size,
		     uint64_t value)
{
	struct fw_cfg *f = of(dev);

	if (offset == OFF_SELECT && size == 2)
		choose(f, (uint16_t)value);
	if (size != 4)
		return;
	if (offset == OFF_DMA_HIGH)
		f->s.dma_addr = (uint64_t)be32toh((uint32_t)value) << 32;
	if (offset == OFF_DMA_LOW) {
		run_dma(f, f->s.dma_addr | be32toh((uint32_t)value));
		f->s.dma_addr = 0;
	}
}

static void fw_reset(struct device *dev)
{
	struct fw_cfg *f = of(dev);

	choose(f, 0);
	f->s.dma_addr = 0;
}

static const char *fw_reg_name(struct device *dev, uint64_t offset, bool write)
{
	struct fw_cfg *f = of(dev);
	const struct fw_cfg_item *item = find(f, f->s.selected);

	if (offset == OFF_SELECT)
		return "select";
	if (offset == OFF_DATA)
		return item && *item->name ? item->name : "data";
	return "DMA address";
}

#define S struct fw_cfg_state
static const struct device_reg fw_regs[] = {
	DEVICE_REG_AS(S, selected, "select"),
	DEVICE_REG_AS(S, offset, "offset"),
	DEVICE_REG_AS(S, dma_addr, "DMA address"),
	{.name = NULL},
};

static const struct wire_layout fw_layout = {
	.name = "fw_cfg",
	.size = sizeof(S),
	.field = (const struct wire_field[]){WIRE_U16(S, selected),
					     WIRE_U32(S, offset),
					     WIRE_U64(S, dma_addr),
					     {.kind = WIRE_END}}};
#undef S

static const struct device_class fw_class = {
	.name = "fw_cfg",
	.about = "firmware configuration",
	.state_offset = offsetof(struct fw_cfg, s),
	.state = &fw_layout,
	.regs = fw_regs,
	.reset = fw_reset,
};

const struct region_ops fw_cfg_region = {
	.name = "fw_cfg",
	.read = fw_read,
	.write = fw_write,
	.reg_name = fw_reg_name,
};

void fw_cfg_init(struct fw_cfg *f, const struct dma *dma)
{
	uint32_t id = htole32(ID_TRADITIONAL | ID_DMA);
	struct err ignored;

	memset(f, 0, sizeof(*f));
	device_init(&f->dev, &fw_class, NULL);
	f->dma = *dma;
	if (!fw_cfg_add(f, FW_CFG_SIGNATURE, "QEMU", 4, &ignored) ||
	    !fw_cfg_add(f, FW_CFG_ID, &id, sizeof(id), &ignored))
		f->items = 0; /* the next add reports it */
}

void fw_cfg_deinit(struct fw_cfg *f)
{
	for (unsigned int i = 0; i < f->items; i++)
		buf_deinit(&f->item[i].data);
	f->items = 0;
}
