/* SPDX-License-Identifier: Apache-2.0 */
/* Watches the calls of the tests, and takes entry points away from them: see sim_watch.h. */
#include "sim_watch.h"

#include <sys/resource.h>

#include "shim/api/schema.h"
#include "shim/backend/sim/functions.h"
#include "shim/backend/stub.h"
#include "sim_client.h"

#define TESTS 192u
#define CODES 126u /* a test that calls an entry point more often proves nothing of it */
#define FILLED 4096u
#define WITHIN_S 60

enum action { PASS, RETURN, CHANGE };
enum action vgpu_fault_enter(struct vgpu_stub_frame *frame);
void vgpu_fault_leave(struct vgpu_stub_frame *frame);
extern const uint8_t vgpu_fault_stubs[];

enum { PLAIN, RECORD, SWALLOW, FREEZE };

/* What all tests' processes share. */
static struct {
	bool called[VGPU_STUBS];
	uint32_t swallowed; /* calls, in the present test */
	struct {
		uint32_t calls;
		int32_t code[CODES];
	} seen[TESTS][VGPU_STUBS];
	struct {
		bool taken;
		uint8_t bytes[FILLED];
	} first[VGPU_STUBS]; /* what the first good call of all tests filled in */
} *shared;

static const struct vgpu_api *api;
static const struct vgpu_function *functions[VGPU_STUBS];
static void *targets[VGPU_STUBS];
static const TTest *tests[TESTS];
static unsigned test_count, test_now, mode, mutant;

/* They name what they are asked for: neither a state nor a device has a part in it. */
static const char *const pure[] = { "cuGetErrorName", "cuGetErrorString", NULL };

void client_test(const TTest *test)
{
	if (test_count == TESTS)
		abort();
	tests[test_count++] = test;
}

void *client_watch(const char *name, void *symbol)
{
	const struct vgpu_function *function = vgpu_function_by_name(api->library, name);
	uint32_t number;

	if (!function)
		return symbol;
	number = VGPU_FUNCTION_NUMBER(function->id);
	__atomic_store_n(&shared->called[number], true, __ATOMIC_RELAXED);
	if (mode == PLAIN || !(function->flags & VGPU_FUNCTION_STATUS) ||
	    (mode != RECORD && number != mutant))
		return symbol;
	__atomic_store_n(&targets[number], symbol, __ATOMIC_RELAXED);
	return (void *)(uintptr_t)(vgpu_fault_stubs + (size_t)16 * number);
}

/* ---- what a call fills in ---- */

static bool is_handle(const struct vgpu_type *type)
{
	return type->kind == VGPU_TYPE_HANDLE || type->kind == VGPU_TYPE_POINTER ||
	       type->kind == VGPU_TYPE_FUNCTION;
}

static bool is_filled_in(const struct vgpu_param *param)
{
	return param->type->kind == VGPU_TYPE_POINTER && param->direction & VGPU_OUT;
}

/* A number, a struct or a text that can be put back. */
static bool can_freeze(const struct vgpu_param *param)
{
	const struct vgpu_type *element = param->type->element;

	if (!is_filled_in(param) || is_handle(element) || element->kind == VGPU_TYPE_VOID)
		return false;
	return param->capture == VGPU_CAPTURE_FIXED || param->capture == VGPU_CAPTURE_ARRAY ||
	       (param->capture == VGPU_CAPTURE_STRING && element->kind == VGPU_TYPE_CHAR);
}

/*
 * Whether all that it does is to fill in what can be frozen: handles are states of their own, and what sets or
 * copies says no more than how it went.
 */
static bool is_getter(const struct vgpu_function *function)
{
	bool freezable = false;

	if (!strstr(function->name, "Get") &&
	    (strstr(function->name, "Set") || strstr(function->name, "Batch")))
		return false;

	for (uint32_t i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];

		if (is_filled_in(param) && is_handle(param->type->element))
			return false;
		freezable = freezable || can_freeze(param);
	}
	return freezable;
}

/* A parameter's word, as the calling convention passes it. */
static uint64_t word(const struct vgpu_stub_frame *frame, const struct vgpu_function *function,
		     unsigned wanted)
{
	unsigned integers = 0, vectors = 0, stack = 0;

	for (unsigned i = 0; i < wanted; i++) {
		const struct vgpu_type *type = function->params[i].type;
		unsigned words = (type->size + 7) / 8;

		if (type->kind == VGPU_TYPE_FLOAT)
			*(vectors < 8 ? &vectors : &stack) += 1;
		else
			*(words <= 2 && integers + words <= 6 ? &integers : &stack) += words;
	}
	return integers < 6 ? frame->integer[integers] : frame->stack[stack];
}

static uint64_t count_of(const struct vgpu_stub_frame *frame, const struct vgpu_function *function,
			 int param)
{
	const struct vgpu_type *type = function->params[param].type;
	uint64_t value = word(frame, function, (unsigned)param);

	if (type->kind != VGPU_TYPE_POINTER)
		return value;
	if (!value)
		return 0;
	return type->element->size == 8 ? *(uint64_t *)(uintptr_t)value
					: *(uint32_t *)(uintptr_t)value;
}

static size_t room_of(const struct vgpu_stub_frame *frame, const struct vgpu_function *function,
		      unsigned i, const char *at)
{
	const struct vgpu_param *param = &function->params[i];

	if (param->capture == VGPU_CAPTURE_STRING)
		return strlen(at) + 1;
	if (param->capture == VGPU_CAPTURE_FIXED)
		return param->type->element->size;
	return param->count_param < 0
		   ? 0
		   : count_of(frame, function, param->count_param) * param->type->element->size;
}

/* Arrays first: what says how long they are is put back after them. */
static void keep_or_put(const struct vgpu_stub_frame *frame, uint32_t number, bool put)
{
	const struct vgpu_function *function = functions[number];
	uint8_t *next = shared->first[number].bytes, *end = next + FILLED;

	for (int fixed = 0; fixed < 2; fixed++)
		for (unsigned i = 0; i < function->nparams; i++) {
			const struct vgpu_param *param = &function->params[i];
			char *at =
			    can_freeze(param) ? (char *)(uintptr_t)word(frame, function, i) : NULL;
			uint32_t size, kept;

			if (!can_freeze(param) || fixed != (param->capture == VGPU_CAPTURE_FIXED))
				continue;
			size = at ? (uint32_t)room_of(frame, function, i, at) : 0;
			if (next + sizeof(size) + (put ? 0 : size) > end)
				return;
			if (put)
				memcpy(&kept, next, sizeof(kept));
			else
				memcpy(next, &size, sizeof(size));
			next += sizeof(size);
			if (put)
				memcpy(at ? at : (char *)&size, next,
				       size < kept ? size
				       : at        ? kept
						   : 0);
			else if (at)
				memcpy(next, at, size);
			next += put ? kept : size;
		}
}

/* ---- calls ---- */

enum action vgpu_fault_enter(struct vgpu_stub_frame *frame)
{
	uint32_t number = (uint32_t)frame->number, call;

	frame->target = targets[number];
	if (mode != SWALLOW)
		return CHANGE;
	call = __atomic_fetch_add(&shared->swallowed, 1, __ATOMIC_RELAXED);
	memset(frame->result, 0, sizeof(frame->result));
	if (call < CODES)
		frame->result[0] = (uint64_t)shared->seen[test_now][number].code[call];
	return RETURN;
}

void vgpu_fault_leave(struct vgpu_stub_frame *frame)
{
	uint32_t number = (uint32_t)frame->number, call;

	if (mode == RECORD) {
		call =
		    __atomic_fetch_add(&shared->seen[test_now][number].calls, 1, __ATOMIC_RELAXED);
		if (call < CODES)
			shared->seen[test_now][number].code[call] = (int32_t)frame->result[0];
	}
	if ((int32_t)frame->result[0] || !is_getter(functions[number]))
		return;
	if (mode == FREEZE && shared->first[number].taken)
		keep_or_put(frame, number, true);
	else if (mode == RECORD &&
		 !__atomic_exchange_n(&shared->first[number].taken, true, __ATOMIC_RELAXED))
		keep_or_put(frame, number, false);
}

/* ---- proofs ---- */

static bool passes(unsigned test, enum print_output how)
{
	Suite *suite = suite_create(tests[test]->name);
	TCase *tc = tcase_create(tests[test]->name);
	SRunner *runner = srunner_create(suite);
	bool passed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, WITHIN_S);
	_tcase_add_test(tc, tests[test], 0, 0, 0, 1);
	test_now = test;
	shared->swallowed = 0;
	srunner_run_all(runner, how);
	passed = !srunner_ntests_failed(runner);
	srunner_free(runner);
	return passed;
}

/* The first test that notices, TESTS: none. */
static unsigned notices(unsigned what, uint32_t number)
{
	mode = what;
	mutant = number;
	for (unsigned t = 0; t < test_count; t++)
		if (shared->seen[t][number].calls && shared->seen[t][number].calls <= CODES &&
		    !passes(t, CK_SILENT))
			return t;
	return TESTS;
}

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static const char *prove(uint32_t number, const char **why)
{
	const struct vgpu_function *function = functions[number];
	unsigned test;

	if (!(function->flags & VGPU_FUNCTION_STATUS) || listed(pure, function->name)) {
		*why = "its answer depends on neither a state nor a device, or it returns none";
		return NULL;
	}
	test = notices(SWALLOW, number);
	*why = "no test notices when it does nothing";
	if (test == TESTS || !is_getter(function))
		return test == TESTS ? NULL : tests[test]->name;
	test = notices(FREEZE, number);
	*why = "no test notices when it always says the same";
	return test == TESTS ? NULL : tests[test]->name;
}

static int prove_all(const struct sim_watch *watch)
{
	const struct rlimit none = { 0, 0 };
	unsigned proved = 0, left = 0, broken = 0;

	setrlimit(RLIMIT_CORE, &none); /* many tests are about to crash */
	if (watch->some) {
		puts("SKIPPED: some of the tests are root's");
		return 77;
	}
	mode = RECORD;
	for (unsigned t = 0; t < test_count; t++)
		broken += !passes(t, CK_NORMAL);
	if (broken)
		return 1;
	for (uint32_t number = 1; number < VGPU_STUBS; number++) {
		const struct vgpu_function *function = functions[number];
		const char *why, *test;

		if (!function || !shared->called[number] ||
		    !vgpu_sim_function_is(watch->library, function->name))
			continue;
		test = prove(number, &why);
		*(test ? &proved : &left) += 1;
		if (test)
			printf("%s: %s: proved by %s\n", watch->library, function->name, test);
		else
			printf("%s: %s: not proved: %s\n", watch->library, function->name, why);
		fflush(stdout);
	}
	printf("%s: %u of %u entry points are proved to do what a test sees, %u that the tests "
	       "call are not\n",
	       watch->library, proved, api->count, left);
	return proved < watch->proved;
}

/* ---- counting ---- */

static int count_calls(const struct sim_watch *watch)
{
	unsigned all = 0, there = 0, partly = 0, bad = 0;

	for (uint32_t number = 1; number < VGPU_STUBS; number++) {
		const char *name = functions[number] ? functions[number]->name : NULL;

		if (!name)
			continue;
		all++;
		if (vgpu_sim_function_is(watch->library, name)) {
			there++;
			partly += vgpu_sim_function_lacks(watch->library, name) != NULL;
			if (!shared->called[number]) {
				printf("%s: simulated and not called: %s\n", watch->library, name);
				bad++;
			}
		} else if (shared->called[number] && !listed(watch->refused, name)) {
			printf("%s: called and not simulated: %s\n", watch->library, name);
			bad++;
		}
	}
	printf("%s: %u of %u entry points are simulated (%u of them partly), the tests called all "
	       "but %u\n",
	       watch->library, there, all, partly, bad);
	return bad && !watch->some;
}

int sim_watch_main(int argc, char **argv, Suite *suite, const struct sim_watch *watch)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	api = vgpu_api_by_name(watch->library);
	shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!api || shared == MAP_FAILED)
		return 1;
	for (uint32_t i = 0; i < api->count; i++)
		functions[VGPU_FUNCTION_NUMBER(api->functions[i].id)] = &api->functions[i];
	if (argc == 2 && !strcmp(argv[1], "--mutants")) {
		failed = prove_all(watch);
	} else {
		srunner_run_all(runner, CK_NORMAL);
		failed = srunner_ntests_failed(runner) || count_calls(watch);
	}
	srunner_free(runner);
	return failed;
}
