#include "xml/tdesc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xml/embed.h"
#include "xml/tdesc_feature.h"

#define ONE(text)                \
	{                        \
		text, NULL, 0, 0 \
	}
#define RUN(text, suffix, first, last)    \
	{                                 \
		text, suffix, first, last \
	}
#define END                      \
	{                        \
		NULL, NULL, 0, 0 \
	}

/* What gdb insists on in each feature (GDB manual, "i386 Features"). */
static const struct tdesc_names core_names[] = {
	ONE("rax"),	     ONE("rbx"),	  ONE("rcx"),	 ONE("rdx"),
	ONE("rsi"),	     ONE("rdi"),	  ONE("rbp"),	 ONE("rsp"),
	RUN("r", "", 8, 15), ONE("rip"),	  ONE("eflags"), ONE("cs"),
	ONE("ss"),	     ONE("ds"),		  ONE("es"),	 ONE("fs"),
	ONE("gs"),	     RUN("st", "", 0, 7), ONE("fctrl"),	 ONE("fstat"),
	ONE("ftag"),	     ONE("fiseg"),	  ONE("fioff"),	 ONE("foseg"),
	ONE("fooff"),	     ONE("fop"),	  END,
};
static const struct tdesc_names core32_names[] = {
	ONE("eax"),	     ONE("ecx"),    ONE("edx"),	  ONE("ebx"),
	ONE("esp"),	     ONE("ebp"),    ONE("esi"),	  ONE("edi"),
	ONE("eip"),	     ONE("eflags"), ONE("cs"),	  ONE("ss"),
	ONE("ds"),	     ONE("es"),	    ONE("fs"),	  ONE("gs"),
	RUN("st", "", 0, 7), ONE("fctrl"),  ONE("fstat"), ONE("ftag"),
	ONE("fiseg"),	     ONE("fioff"),  ONE("foseg"), ONE("fooff"),
	ONE("fop"),	     END,
};
static const struct tdesc_names sse32_names[] = {
	RUN("xmm", "", 0, 7),
	ONE("mxcsr"),
	END,
};
static const struct tdesc_names avx32_names[] = {
	RUN("ymm", "h", 0, 7),
	END,
};
static const struct tdesc_names avx512_32_names[] = {
	RUN("k", "", 0, 7),
	RUN("zmm", "h", 0, 7),
	END,
};
static const struct tdesc_names sse_names[] = {
	RUN("xmm", "", 0, 15),
	ONE("mxcsr"),
	END,
};
static const struct tdesc_names segment_names[] = {
	ONE("fs_base"),
	ONE("gs_base"),
	END,
};
static const struct tdesc_names avx_names[] = {
	RUN("ymm", "h", 0, 15),
	END,
};
static const struct tdesc_names avx512_names[] = {
	RUN("xmm", "", 16, 31),
	RUN("ymm", "h", 16, 31),
	RUN("k", "", 0, 7),
	RUN("zmm", "h", 0, 31),
	END,
};
static const struct tdesc_names pkeys_names[] = {
	ONE("pkru"),
	END,
};

static bool has_avx(const struct x86_cpu_info *info)
{
	return info->avx;
}

static bool has_avx512(const struct x86_cpu_info *info)
{
	return info->avx && info->avx512;
}

static bool has_pku(const struct x86_cpu_info *info)
{
	return info->pku;
}

/* In the order of the document. */
static const struct tdesc_feature features64[] = {
	{"64bit-core.xml", "org.gnu.gdb.i386.core", core_names, NULL},
	{"64bit-sse.xml", "org.gnu.gdb.i386.sse", sse_names, NULL},
	{"64bit-segments.xml", "org.gnu.gdb.i386.segments", segment_names,
	 NULL},
	{"64bit-avx.xml", "org.gnu.gdb.i386.avx", avx_names, has_avx},
	{"64bit-avx512.xml", "org.gnu.gdb.i386.avx512", avx512_names,
	 has_avx512},
	{"64bit-pkeys.xml", "org.gnu.gdb.i386.pkeys", pkeys_names, has_pku},
	{"64bit-system.xml", "org.kvm-gdbserver.system", NULL, NULL},
	{NULL, NULL, NULL, NULL},
};

static const struct tdesc_feature features32[] = {
	{"32bit-core.xml", "org.gnu.gdb.i386.core", core32_names, NULL},
	{"32bit-sse.xml", "org.gnu.gdb.i386.sse", sse32_names, NULL},
	{"32bit-avx.xml", "org.gnu.gdb.i386.avx", avx32_names, has_avx},
	{"32bit-avx512.xml", "org.gnu.gdb.i386.avx512", avx512_32_names,
	 has_avx512},
	{"64bit-system.xml", "org.kvm-gdbserver.system", NULL, NULL},
	{"32bit-segments.xml", "org.kvm-gdbserver.segments", segment_names,
	 NULL},
	{NULL, NULL, NULL, NULL},
};

/*
 * Without an ABI of its own gdb takes that of its host's system, which knows no
 * 16-bit code, and says so.
 */
static const struct {
	const char *head; /* elements before the features */
	const struct tdesc_feature *features;
} codes[TDESC_CODES] = {
	[TDESC_64] = {"<architecture>i386:x86-64</architecture>\n", features64},
	[TDESC_32] = {"<architecture>i386</architecture>\n"
		      "<osabi>none</osabi>\n",
		      features32},
	[TDESC_16] = {"<architecture>i8086</architecture>\n"
		      "<osabi>none</osabi>\n",
		      features32},
};

/* ---- the bytes of a feature file ---- */

static bool read_all(int fd, const char *path, struct buf *text,
		     struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set_errno(err, ERR_IO, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%s is not a regular file", path);
	for (;;) {
		char *to = buf_reserve(text, 65536);
		ssize_t n = to ? read(fd, to, 65536) : 0;

		if (n < 0)
			return err_set_errno(err, ERR_IO, "cannot read %s",
					     path);
		if (n == 0)
			break;
		text->len += (size_t)n;
		if (text->len > TDESC_MAX_FILE)
			break; /* the reader refuses it */
	}
	if (text->failed)
		return err_set(err, ERR_LIMIT, "%s: out of memory", path);
	return true;
}

static bool read_from_dir(struct tdesc *t, const struct tdesc_feature *feature,
			  const char *dir, struct err *err)
{
	struct buf text = BUF_INIT;
	char path[4096];
	bool ok;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, feature->file) >=
	    sizeof(path))
		return err_set(err, ERR_USAGE,
			       "the path of the target description is too "
			       "long: %.64s...",
			       dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(err, ERR_IO,
				     "cannot open target description %s", path);
	ok = read_all(fd, path, &text, err) &&
	     tdesc_feature_read(t, feature, path, buf_cstr(&text), text.len,
				err);
	close(fd);
	buf_deinit(&text);
	return ok;
}

static bool read_embedded(struct tdesc *t, const struct tdesc_feature *feature,
			  struct err *err)
{
	for (const struct xml_file *f = xml_embedded; f->name; f++)
		if (!strcmp(f->name, feature->file))
			return tdesc_feature_read(t, feature, f->name, f->data,
						  f->size, err);
	return err_set(err, ERR_INTERNAL, "%s is not compiled in",
		       feature->file);
}

/* ---- putting the features together ---- */

/* The g packet has every register, in the order of their numbers. */
static void lay_out_g(struct tdesc *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		struct tdesc_reg *r = &t->reg[i];

		if (!r->name)
			continue;
		r->g_offset = t->g_size;
		t->g_size += r->bits / 8;
	}
}

static bool read_features(struct tdesc *t, const char *dir,
			  const struct x86_cpu_info *info, struct err *err)
{
	const struct tdesc_feature *f = codes[t->code].features;

	buf_str(&t->xml, "<?xml version=\"1.0\"?>\n"
			 "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
			 "<target version=\"1.0\">\n");
	buf_str(&t->xml, codes[t->code].head);
	for (; f->file; f++) {
		if (f->wanted && !f->wanted(info))
			continue;
		if (dir ? !read_from_dir(t, f, dir, err)
			: !read_embedded(t, f, err))
			return false;
	}
	buf_str(&t->xml, "</target>\n");
	if (t->xml.failed)
		return err_set(err, ERR_LIMIT,
			       "target description: out of memory");
	lay_out_g(t);
	return true;
}

static bool load(enum tdesc_code code, const char *dir,
		 const struct x86_cpu_info *info, struct tdesc **out,
		 struct err *err)
{
	struct tdesc *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(err, ERR_LIMIT,
			       "target description: out of memory");
	t->code = code;
	if (!read_features(t, dir, info, err)) {
		tdesc_free(t);
		return false;
	}
	*out = t;
	return true;
}

bool tdesc_load(const char *dir, const struct x86_cpu_info *info,
		struct tdesc **out, struct err *err)
{
	struct tdesc *t = NULL;

	if (!load(TDESC_64, dir, info, &t, err))
		return false;
	for (int code = TDESC_32; code < TDESC_CODES; code++) {
		if (!load((enum tdesc_code)code, NULL, info, &t->narrow[code],
			  err)) {
			tdesc_free(t);
			return false;
		}
	}
	*out = t;
	return true;
}

void tdesc_free(struct tdesc *t)
{
	if (!t)
		return;
	for (int code = TDESC_32; code < TDESC_CODES; code++)
		tdesc_free(t->narrow[code]);
	buf_deinit(&t->xml);
	free(t);
}

const struct tdesc *tdesc_for(const struct tdesc *t, enum tdesc_code code)
{
	return t->narrow[code] ? t->narrow[code] : t;
}

enum tdesc_code tdesc_code(const struct tdesc *t)
{
	return t->code;
}

const char *tdesc_xml(const struct tdesc *t, size_t *len)
{
	*len = t->xml.len;
	return buf_cstr(&t->xml);
}

unsigned int tdesc_reg_count(const struct tdesc *t)
{
	return t->count;
}

const struct tdesc_reg *tdesc_reg(const struct tdesc *t, unsigned int regnum)
{
	return regnum < t->count && t->reg[regnum].name ? &t->reg[regnum]
							: NULL;
}

const struct tdesc_reg *tdesc_find(const struct tdesc *t, const char *name)
{
	for (unsigned int i = 0; i < t->count; i++)
		if (t->reg[i].name && !strcmp(t->reg[i].name, name))
			return &t->reg[i];
	return NULL;
}

size_t tdesc_g_size(const struct tdesc *t)
{
	return t->g_size;
}
