/* Who lives where below 1 MiB.  The memory map, tables and loaders agree. */
#ifndef VMM_LOWMEM_H
#define VMM_LOWMEM_H

#define LOW_BDA_EBDA	 0x40e /* 16 bits: segment of the EBDA */
#define LOW_BDA_BASE_MEM 0x413 /* 16 bits: conventional memory in KiB */
#define LOW_EBDA	 0x9fc00
#define LOW_MPTABLE	 LOW_EBDA
#define LOW_MPTABLE_END	 0xa0000
#define LOW_ACPI	 0xe0000 /* where guests look for the RSDP */
#define LOW_ACPI_END	 0xfc000
#define LOW_BIG_MPTABLE	 0xfc000 /* when it does not fit into the EBDA */
#define LOW_IVT_CODE	 0xff000 /* handlers in real mode */
#define LOW_END		 0x100000

#endif
