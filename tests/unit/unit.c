// SPDX-License-Identifier: Apache-2.0
/* One suite a program; CK_VERBOSITY says how much it tells. */
#include "tests/unit/unit.h"

#include <stdlib.h>

static Suite *suite;

TCase *unit_case(const char *name)
{
	TCase *tcase = tcase_create(name);

	if (!suite)
		suite = suite_create(name);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int unit_run(void)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
