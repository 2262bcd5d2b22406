/*
 * The built-in demo guest (tests/guests/demo): a plain ELF64 file with debug
 * information, what runs when no IMAGE is named.
 */
#ifndef VMM_DEMO_IMAGE_H
#define VMM_DEMO_IMAGE_H

#include <stddef.h>

extern const unsigned char demo_image[];
extern const size_t demo_image_size;

#endif
