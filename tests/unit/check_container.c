/* SPDX-License-Identifier: Apache-2.0 */
/* Containers by the names of their control groups. */
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "tracer/model/container.h"

#define ID "3f2a9c0b1d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd"

static void expect(const char *cgroup, const char *want)
{
	char room[64];
	const char *name = vgpu_container_name(cgroup, room, sizeof(room));

	if (want)
		ck_assert_pstr_eq(name, want);
	else
		ck_assert_ptr_null(name);
}

START_TEST(engines_are_told_by_their_names)
{
	expect("/system.slice/docker-" ID ".scope", "docker 3f2a9c0b1d4e");
	expect("/docker/" ID, "docker 3f2a9c0b1d4e");
	expect("/machine.slice/libpod-" ID ".scope/container", "podman 3f2a9c0b1d4e");
	expect("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman 3f2a9c0b1d4e");
	expect("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12ab.slice/cri-containerd-" ID ".scope",
	       "kubernetes 3f2a9c0b1d4e");
	expect("/kubepods/besteffort/pod1234-5678/" ID, "kubernetes 3f2a9c0b1d4e");
	expect("/system.slice/crio-" ID ".scope", "cri-o 3f2a9c0b1d4e");
	expect("/lxc/web/init.scope", "lxc web");
}
END_TEST

START_TEST(what_is_no_container_is_none)
{
	expect(NULL, NULL);
	expect("/", NULL);
	expect("/system.slice/ollama.service", NULL);
	expect("/system.slice/docker.service", NULL);
	expect("/system.slice/docker-compose.service", NULL);
	expect("/user.slice/user-1000.slice/session-2.scope", NULL);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("container");

	tcase_add_test(tests, engines_are_told_by_their_names);
	tcase_add_test(tests, what_is_no_container_is_none);
	return unit_run();
}
