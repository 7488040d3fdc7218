// SPDX-License-Identifier: Apache-2.0
/* As a library (-DLIBRARY): functions that throw, or let pass what they call. As a program: calls and catches. */
#include <cstdio>
#include <stdexcept>
#include <string>

#define ANY extern "C" __attribute__((visibility("default"), noinline))

ANY int throw_it(int n);
ANY int throw_through(int n, const char *name);

#ifdef LIBRARY
int throw_it(int n)
{
	if (n % 2)
		throw std::runtime_error("thrown");
	return n;
}

int throw_through(int n, const char *name)
{
	std::string kept(name);

	return throw_it(n) + (int)kept.size();
}
#else
int main()
{
	int caught = 0, sum = 0;

	for (int i = 0; i < 100; i++) {
		try {
			sum += throw_through(i, "a name");
		} catch (const std::exception &) {
			caught++;
		}
	}
	std::printf("caught %d, sum %d\n", caught, sum);
	return 0;
}
#endif
