/*
 * Kernels of other people, where somebody has them:
 *   KVM_GDBSERVER_IMAGES='PVH=/path/vmlinux:bzImage=/path/vmlinuz' ...
 * The names are those of boot_kind_name().
 */
#include "tests/test.h"
#include "tests/vmm/images.h"

static void load_one(char *item)
{
	char *path = strchr(item, '=');
	struct boot_request req;
	struct guest_mem mem;
	struct boot_result r;
	struct err err;
	size_t size;
	void *data;

	if (!path)
		test_fail(__FILE__, __LINE__, "\"%s\" is not KIND=PATH", item);
	*path++ = '\0';
	CHECK_OK(boot_read_file(path, &data, &size, &err), &err);
	req = image_request(data, size);
	req.image = path;
	image_memory(&mem, 512);
	CHECK_OK(boot_load(&mem, &req, &r, &err), &err);
	CHECK_STR(boot_kind_name(r.kind), item);
	check_entry_state(&r.cpu);
	guest_mem_deinit(&mem);
	free(data);
}

TEST(images_of_the_environment)
{
	const char *list = getenv("KVM_GDBSERVER_IMAGES");
	char *copy, *rest, *item;

	if (!list || !*list)
		test_skip("KVM_GDBSERVER_IMAGES names no kernel");
	copy = rest = strdup(list);
	CHECK(copy);
	while ((item = strsep(&rest, ":")))
		load_one(item);
	free(copy);
}
