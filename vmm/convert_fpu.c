#include "vmm/convert_fpu.h"

#include <cpuid.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm.h"

/* Byte offsets in the legacy region: SDM Vol 1, "Legacy Region of an XSAVE
 * Area". */
enum {
	FX_FCW = 0,
	FX_FSW = 2,
	FX_FTW = 4, /* abridged: one bit a register, 1 = not empty */
	FX_FOP = 6,
	FX_FIP = 8,
	FX_FCS = 12,
	FX_FDP = 16,
	FX_FDS = 20,
	FX_MXCSR = 24,
	FX_ST = 32,
	FX_XMM = 160,
	XSTATE_BV = 512,
};

enum { /* XSAVE component numbers */
	XC_SSE = 1,
	XC_AVX = 2,
	XC_OPMASK = 5,
	XC_ZMM_HI256 = 6,
	XC_HI16_ZMM = 7,
	XC_PKRU = 9,
};

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

/* Two tag bits of one register, from its contents (SDM Vol 1, "x87 FPU Tag
 * Word"). */
static uint32_t tag_of(const uint8_t st[10])
{
	uint32_t exponent = get16(st + 8) & 0x7fff;
	uint64_t mantissa;

	memcpy(&mantissa, st, 8);
	if (exponent == 0x7fff)
		return 2; /* special */
	if (exponent == 0)
		return mantissa ? 2 : 1; /* denormal, zero */
	return mantissa >> 63 ? 0 : 2;
}

static uint32_t full_tag(const uint8_t *image)
{
	uint32_t top = get16(image + FX_FSW) >> 11 & 7;
	uint32_t tag = 0;

	for (uint32_t i = 0; i < 8; i++) {
		uint32_t st = (i - top) & 7;
		uint32_t two = 3;

		if (image[FX_FTW] >> i & 1)
			two = tag_of(image + FX_ST + 16 * st);
		tag |= two << 2 * i;
	}
	return tag;
}

static uint8_t abridged_tag(uint32_t tag)
{
	uint8_t out = 0;

	for (unsigned int i = 0; i < 8; i++)
		if ((tag >> 2 * i & 3) != 3)
			out |= (uint8_t)(1 << i);
	return out;
}

/* Bytes of a component that lie inside the image, or NULL. */
static const uint8_t *component(const uint8_t *image, size_t size,
				const uint32_t offset[64], unsigned int i,
				size_t len)
{
	if (!offset[i] || !range_ok(0, size, offset[i], len))
		return NULL;
	return image + offset[i];
}

void fpu_from_xsave(struct x86_fpu *f, const uint8_t *image, size_t size,
		    const uint32_t offset[64])
{
	const uint8_t *p;

	memset(f, 0, sizeof(*f));
	f->fctrl = get16(image + FX_FCW);
	f->fstat = get16(image + FX_FSW);
	f->ftag = full_tag(image);
	f->fop = get16(image + FX_FOP) & 0x7ff;
	f->fioff = get32(image + FX_FIP);
	f->fiseg = get16(image + FX_FCS);
	f->fooff = get32(image + FX_FDP);
	f->foseg = get16(image + FX_FDS);
	f->mxcsr = get32(image + FX_MXCSR);
	for (unsigned int i = 0; i < 8; i++)
		memcpy(f->st[i], image + FX_ST + 16 * i, 10);
	memcpy(f->xmm, image + FX_XMM, sizeof(f->xmm));
	p = component(image, size, offset, XC_AVX, sizeof(f->ymmh));
	if (p)
		memcpy(f->ymmh, p, sizeof(f->ymmh));
	p = component(image, size, offset, XC_OPMASK, sizeof(f->k));
	if (p)
		memcpy(f->k, p, sizeof(f->k));
	p = component(image, size, offset, XC_ZMM_HI256, sizeof(f->zmmh));
	if (p)
		memcpy(f->zmmh, p, sizeof(f->zmmh));
	p = component(image, size, offset, XC_HI16_ZMM, sizeof(f->hi16));
	if (p)
		memcpy(f->hi16, p, sizeof(f->hi16));
	p = component(image, size, offset, XC_PKRU, sizeof(f->pkru));
	if (p)
		f->pkru = get32(p);
}

static void put_component(uint8_t *image, size_t size,
			  const uint32_t offset[64], unsigned int i,
			  const void *from, size_t len)
{
	uint64_t bv;

	if (!component(image, size, offset, i, len))
		return;
	memcpy(image + offset[i], from, len);
	memcpy(&bv, image + XSTATE_BV, 8);
	bv |= BIT(i);
	memcpy(image + XSTATE_BV, &bv, 8);
}

void fpu_to_xsave(uint8_t *image, size_t size, const struct x86_fpu *f,
		  const uint32_t offset[64])
{
	uint64_t bv;

	put16(image + FX_FCW, f->fctrl);
	put16(image + FX_FSW, f->fstat);
	image[FX_FTW] = abridged_tag(f->ftag);
	put16(image + FX_FOP, f->fop & 0x7ff);
	put32(image + FX_FIP, f->fioff);
	put16(image + FX_FCS, f->fiseg);
	put32(image + FX_FDP, f->fooff);
	put16(image + FX_FDS, f->foseg);
	put32(image + FX_MXCSR, f->mxcsr);
	for (unsigned int i = 0; i < 8; i++)
		memcpy(image + FX_ST + 16 * i, f->st[i], 10);
	memcpy(image + FX_XMM, f->xmm, sizeof(f->xmm));
	memcpy(&bv, image + XSTATE_BV, 8);
	bv |= BIT(0) | BIT(XC_SSE);
	memcpy(image + XSTATE_BV, &bv, 8);
	put_component(image, size, offset, XC_AVX, f->ymmh, sizeof(f->ymmh));
	put_component(image, size, offset, XC_OPMASK, f->k, sizeof(f->k));
	put_component(image, size, offset, XC_ZMM_HI256, f->zmmh,
		      sizeof(f->zmmh));
	put_component(image, size, offset, XC_HI16_ZMM, f->hi16,
		      sizeof(f->hi16));
	put_component(image, size, offset, XC_PKRU, &f->pkru, sizeof(f->pkru));
}

/* Standard-form offsets are the host CPU's: KVM copies its layout. */
static void component_offsets(const struct x86_cpu_info *cpu,
			      uint32_t offset[64])
{
	uint32_t a, b, c, d;

	memset(offset, 0, 64 * sizeof(offset[0]));
	for (uint32_t i = XC_AVX; i <= XC_PKRU; i++) {
		bool wanted =
			(i == XC_AVX && cpu->avx) ||
			(i >= XC_OPMASK && i <= XC_HI16_ZMM && cpu->avx512) ||
			(i == XC_PKRU && cpu->pku);

		if (wanted && __get_cpuid_count(0xd, i, &a, &b, &c, &d) && a)
			offset[i] = b;
	}
}

static uint8_t *read_xsave(int fd, const struct convert_caps *caps,
			   struct err *err)
{
	uint8_t *image = calloc(1, caps->xsave_size);
	bool ok;

	if (!image) {
		err_set(err, ERR_LIMIT, "no memory for the XSAVE image");
		return NULL;
	}
	if (caps->xsave_size > sizeof(struct kvm_xsave))
		ok = KVM_CALL(fd, KVM_GET_XSAVE2, image, err);
	else
		ok = KVM_CALL(fd, KVM_GET_XSAVE, image, err);
	if (ok)
		return image;
	free(image);
	return NULL;
}

/* A host without XSAVE: the FXSAVE registers, through KVM_GET_FPU. */
static bool get_legacy(int fd, struct x86_state *s, struct err *err)
{
	uint8_t image[576] = {0};
	uint32_t none[64] = {0};
	struct kvm_fpu k;

	if (!KVM_CALL(fd, KVM_GET_FPU, &k, err))
		return false;
	put16(image + FX_FCW, k.fcw);
	put16(image + FX_FSW, k.fsw);
	image[FX_FTW] = k.ftwx;
	put16(image + FX_FOP, k.last_opcode);
	memcpy(image + FX_FIP, &k.last_ip, 8);
	memcpy(image + FX_FDP, &k.last_dp, 8);
	put32(image + FX_MXCSR, k.mxcsr);
	memcpy(image + FX_ST, k.fpr, sizeof(k.fpr));
	memcpy(image + FX_XMM, k.xmm, sizeof(k.xmm));
	fpu_from_xsave(&s->fpu, image, sizeof(image), none);
	return true;
}

static bool set_legacy(int fd, const struct x86_state *s, struct err *err)
{
	uint8_t image[576] = {0};
	uint32_t none[64] = {0};
	struct kvm_fpu k = {0};

	fpu_to_xsave(image, sizeof(image), &s->fpu, none);
	k.fcw = (uint16_t)get16(image + FX_FCW);
	k.fsw = (uint16_t)get16(image + FX_FSW);
	k.ftwx = image[FX_FTW];
	k.last_opcode = (uint16_t)get16(image + FX_FOP);
	memcpy(&k.last_ip, image + FX_FIP, 8);
	memcpy(&k.last_dp, image + FX_FDP, 8);
	k.mxcsr = get32(image + FX_MXCSR);
	memcpy(k.fpr, image + FX_ST, sizeof(k.fpr));
	memcpy(k.xmm, image + FX_XMM, sizeof(k.xmm));
	return KVM_CALL(fd, KVM_SET_FPU, &k, err);
}

bool convert_get_fpu(int fd, const struct convert_caps *caps,
		     struct x86_state *s, struct err *err)
{
	uint32_t offset[64];
	uint8_t *image;

	if (!caps->xsave)
		return get_legacy(fd, s, err);
	image = read_xsave(fd, caps, err);
	if (!image)
		return false;
	component_offsets(&caps->cpu, offset);
	fpu_from_xsave(&s->fpu, image, caps->xsave_size, offset);
	free(image);
	return true;
}

bool convert_set_fpu(int fd, const struct convert_caps *caps,
		     const struct x86_state *s, struct err *err)
{
	uint32_t offset[64];
	uint8_t *image;
	bool ok;

	if (!caps->xsave)
		return set_legacy(fd, s, err);
	image = read_xsave(fd, caps, err);
	if (!image)
		return false;
	component_offsets(&caps->cpu, offset);
	fpu_to_xsave(image, caps->xsave_size, &s->fpu, offset);
	ok = KVM_CALL(fd, KVM_SET_XSAVE, image, err);
	free(image);
	return ok;
}
