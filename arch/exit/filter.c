#include "arch/exit/filter.h"

#include <string.h>
#include <strings.h>

#include "arch/exit/names.h"
#include "arch/exit/text.h"

#define MSRS (BIT(EXIT_X86_RDMSR) | BIT(EXIT_X86_WRMSR))

enum word_sets {
	SETS_KIND,
	SETS_READ,
	SETS_WRITE,
	SETS_UNCLAIMED,
	SETS_RESTARTS,
};

/* Words besides the names of KVM_EXIT_*, which need no table. */
static const struct {
	const char *word;
	enum word_sets sets;
	uint64_t kinds;
} words[] = {
	{"pio", SETS_KIND, BIT(EXIT_IO)},
	{"msr", SETS_KIND, MSRS},
	{"rdmsr", SETS_KIND, BIT(EXIT_X86_RDMSR)},
	{"wrmsr", SETS_KIND, BIT(EXIT_X86_WRMSR)},
	{"eoi", SETS_KIND, BIT(EXIT_IOAPIC_EOI)},
	{"error", SETS_KIND, BIT(EXIT_COUNT_ERRNO)},
	{"restart", SETS_RESTARTS, BIT(EXIT_COUNT_ERRNO)},
	{"r", SETS_READ, 0},
	{"read", SETS_READ, 0},
	{"w", SETS_WRITE, 0},
	{"write", SETS_WRITE, 0},
	{"unclaimed", SETS_UNCLAIMED, 0},
};

/* "KVM_EXIT_IO_FOO" is "IO_FOO". */
static const char *bare_reason(uint32_t reason)
{
	static const char prefix[] = "KVM_EXIT_";
	const char *name = exit_reason_name(reason);

	return name ? name + sizeof(prefix) - 1 : NULL;
}

static bool reason_word(struct exit_filter *f, const char *word)
{
	const char *bare;

	if (!strncasecmp(word, "KVM_EXIT_", 9))
		word += 9;
	for (uint32_t i = 0; (bare = bare_reason(i)); i++)
		if (!strcasecmp(bare, word)) {
			f->kinds |= BIT(
				i < EXIT_COUNT_OTHER ? i : EXIT_COUNT_OTHER);
			return true;
		}
	return false;
}

bool exit_filter_word(struct exit_filter *f, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(words[i].word, word) != 0)
			continue;
		f->kinds |= words[i].kinds;
		f->reads |= words[i].sets == SETS_READ;
		f->writes |= words[i].sets == SETS_WRITE;
		f->unclaimed |= words[i].sets == SETS_UNCLAIMED;
		f->restarts |= words[i].sets == SETS_RESTARTS;
		return true;
	}
	return reason_word(f, word);
}

const char *exit_filter_word_at(unsigned int i)
{
	if (i < ARRAY_SIZE(words))
		return words[i].word;
	return bare_reason(i - (unsigned int)ARRAY_SIZE(words));
}

bool exit_filter_device(struct exit_filter *f, const char *device)
{
	if (f->devices == FILTER_DEVICES)
		return false;
	f->device[f->devices++] = device;
	return true;
}

static bool is_wanted_device(const struct exit_filter *f,
			     const struct exit_name *name)
{
	for (unsigned int i = 0; i < f->devices; i++)
		if (name->device && !strcasecmp(f->device[i], name->device))
			return true;
	return !f->devices;
}

static bool is_bus_access(const struct exit_record *e)
{
	return !e->run_errno &&
	       (e->reason == EXIT_IO || e->reason == EXIT_MMIO);
}

/* Does the access touch a byte of the range?  An MSR is one place. */
static bool touches(const struct exit_filter *f, const struct exit_record *e)
{
	uint64_t more = is_bus_access(e) && e->size ? e->size - 1 : 0;
	uint64_t last = e->where > UINT64_MAX - more ? UINT64_MAX
						     : e->where + more;

	return last >= f->where && e->where <= f->where_last;
}

static bool match_access(const struct exit_filter *f,
			 const struct exit_record *e,
			 const struct exit_name *name)
{
	bool access = exit_record_is_access(e);

	if (f->reads != f->writes && (!access || e->is_write != f->writes))
		return false;
	if (f->reads && f->writes && !access)
		return false;
	if (f->unclaimed && (!is_bus_access(e) || name->claimed))
		return false;
	if (f->has_where && (!access || !touches(f, e)))
		return false;
	return !f->has_value || (access && !((e->value ^ f->value) & f->mask));
}

bool exit_filter_match(const struct exit_filter *f, const struct exit_record *e,
		       const struct exit_name *name)
{
	if (f->kinds && !(f->kinds & BIT(exit_counter(e))))
		return false;
	if (f->restarts && e->run_errno && e->run_errno != 4)
		return false;
	if (f->has_rip && (e->rip < f->rip || e->rip > f->rip_last))
		return false;
	if (f->reg && !strcasestr(name->reg, f->reg))
		return false;
	return match_access(f, e, name) && is_wanted_device(f, name);
}
