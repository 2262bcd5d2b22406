/*
 * QEMU's firmware configuration device, by which SeaBIOS, qboot and OVMF, and
 * some kernels, learn what machine they run on (QEMU docs/specs/fw_cfg): a
 * selector and a data port, and the DMA interface.
 *
 * Items are added before the first vCPU runs.
 */
#ifndef VMM_DEV_FW_CFG_H
#define VMM_DEV_FW_CFG_H

#include "base/buf.h"
#include "vmm/dev/bus.h"
#include "vmm/dev/virtio.h"

#define FW_CFG_PORT  0x510
#define FW_CFG_PORTS 12 /* selector 0x510, data 0x511, DMA 0x514 */

enum {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f,
	FW_CFG_FILE_DIR = 0x19,
	FW_CFG_FILE_FIRST = 0x20,

	FW_CFG_ITEMS = 24,
	FW_CFG_NAME = 56, /* bytes of a file's name, with its NUL */
};

struct fw_cfg_item {
	uint16_t key;
	char name[FW_CFG_NAME]; /* "" = no file */
	struct buf data;
};

struct fw_cfg_state {
	uint64_t dma_addr; /* being written, high half first */
	uint32_t offset;
	uint16_t selected;
};

struct fw_cfg {
	struct device dev;
	struct dma dma;
	struct fw_cfg_item item[FW_CFG_ITEMS];
	unsigned int items, files;
	struct fw_cfg_state s;
};

extern const struct region_ops fw_cfg_region;

void fw_cfg_init(struct fw_cfg *f, const struct dma *dma);
void fw_cfg_deinit(struct fw_cfg *f);

/* The contents are copied; a second item of a key or name replaces the first.
 */
bool fw_cfg_add(struct fw_cfg *f, uint16_t key, const void *data, size_t len,
		struct err *err) MUST_CHECK;
bool fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data,
		     size_t len, struct err *err) MUST_CHECK;

#endif
