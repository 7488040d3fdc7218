/* SPDX-License-Identifier: Apache-2.0 */
/* The description's parser (errors name file and line), the generated tables, and the lookup ladder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/api/gen/gen.h"
#include "shim/api/schema.h"
#include "tests/unit/unit.h"

#define HEAD                                                                                       \
	"library test 9 \"a test\"\nfile libtest.so\nsoname libtest.so.1\nstatus result "          \
	"801\nenum result {\n\tOK 0\n}\n"

#define INTS4(name) "int " name "1, int " name "2, int " name "3, int " name "4"
#define INTS8(name) INTS4(name "x") ", " INTS4(name "y")

/* The message of a description that cannot be read, from its line on; "" when it could. */
static const char *error_of(const char *text)
{
	static char path[] = "check_api.api";
	struct api *api = NULL;
	FILE *file = fopen(path, "w");
	const char *message;

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	gen_error_text[0] = '\0';
	if (!api_parse(&api, path)) {
		ck_assert_ptr_nonnull(api);
		unlink(path);
		return "";
	}
	unlink(path);
	message = strstr(gen_error_text, path);
	ck_assert_msg(message == gen_error_text, "no file in '%s'", gen_error_text);
	return gen_error_text + strlen(path) + 1;
}

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "1 result f(int a)\n1 result g(int a)\n",
	  "9: number 1 is 'f' already (check_api.api:8)" },
	{ "1 result f(int a)\n2 result f(int a)\n",
	  "9: 'f' is number 1 already (check_api.api:8)" },
	{ "0 result f(int a)\n", "8: a function's number is from 1 to 65535" },
	{ "1 result f(int a, int a)\n", "8: 'f' has two parameters 'a'" },
	{ "1 result f(int *a)\n", "8: 'a': a 'int *' must be in, out, inout or opaque" },
	{ "1 result f([out] const int *a)\n", "8: 'a': 'const int *' cannot be written" },
	{ "1 result f([out] void *a)\n", "8: 'a': what is behind a 'void *' needs bytes=N" },
	{ "1 result f([in,out] int *a)\n", "8: 'a' has more than one of in, out, inout, opaque" },
	{ "1 result f([opaque,always] int *a)\n",
	  "8: 'a' is opaque: nothing of it can be recorded" },
	{ "1 result f([out,array=n] int *a)\n", "8: 'a': there is no parameter 'n'" },
	{ "1 result f([out,array=n] int *a, float n)\n", "8: 'a': 'n' is no integer" },
	{ "1 result f([out,array=n] int *a, [opaque] int *n)\n",
	  "8: 'a': 'n' is not captured, so it cannot count" },
	{ "1 result f([out,string] char *a)\n", "8: 'a': an out string needs its room: string=N" },
	{ "1 result f([out,string=4] int *a)\n", "8: 'a': 'int *' is no text" },
	{ "1 result f([out,size=5] int *a)\n", "8: 'a': 'int' has only 4 bytes" },
	{ "1 result f([inout,versioned] int *a)\n", "8: 'a': 'int' does not begin with a version" },
	{ "1 result f([in] int a)\n", "8: 'a' is no pointer: its value is always recorded" },
	{ "1 int f([out] int *a)\n", "8: 'a': 'f' returns no status, so out needs always" },
	{ "1 result f([sideways] int *a)\n", "8: unknown annotation 'sideways'" },
	{ "1 result f([redact=shoes] int *a)\n",
	  "8: redact= takes uuid, serial, path, name or data" },
	{ "1 result f([out int *a)\n", "8: ']' is expected after the annotations" },
	{ "1 result f(int a\n", "8: ',' or ')' is expected before ''" },
	{ "1 result f(int a)  sinse 3\n", "8: unknown word 'sinse' after the prototype" },
	{ "1 result f(int call_)\n", "8: 'call_': names that end in '_' are the wrapper's own" },
	{ "1 result f(thing a)\n", "8: unknown type 'thing'" },
	{ "1 result f([out] thing *a)\nstruct thing 8 {\n\t0 int a\n}\n",
	  "9: 'thing' is stated to have 8 bytes but has 4" },
	{ "struct s 8 {\n\t0 int a\n\t5 int b\n}\n1 result f(int a)\n",
	  "10: member 'b' of 's' is stated at 5 but lies at 4" },
	{ "struct s 8 {\n\t0 s a\n}\n1 result f(int a)\n", "8: type 's' contains itself" },
	{ "struct s 8 {\n\tint a\n}\n1 result f(int a)\n", "9: a member begins with its offset" },
	{ "struct s 8 {\n\t0 int a\n", "8: 's': no closing '}'" },
	{ "handle h\n1 result f(int a)\n",
	  "8: handle 'h' needs the tag of what it points at, or void" },
	{ "alias a int\nalias a long\n",
	  "9: type 'a' is defined twice (first at check_api.api:8)" },
	{ "enum e {\n\tA one\n}\n", "9: 'e': a line is NAME VALUE, or '}'" },
	{ "enum e {\n\tA 0x100000000\n}\n", "9: 'A' does not fit 32 bits" },
	{ "include nowhere.api\n", "8: cannot read 'nowhere.api': No such file or directory" },
	{ "elephant\n", "8: unknown word 'elephant'" },
	{ "1 result f(" INTS8("a") ", " INTS8("b") ", int c)\n",
	  "8: 'f' has more than 16 parameters" },
	{ "", "0: there is no function" },
};

START_TEST(a_wrong_description_is_refused_with_file_and_line)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", HEAD, wrong[_i].text);
	ck_assert_str_eq(error_of(text), wrong[_i].error);
}
END_TEST

static const char *const right[] = {
	"1 result f(void *a, const void *b, const char *c, const int *d, [out] void **e)\n",
	"1 result f([out,array=n/m] int *a, [inout] unsigned int *n, int m)\n2 void g(const int "
	"*a)\n",
	"handle h h_st\n1 result f([out] h *a, h b)\n7 h g(h a) since 12040 lookup deprecated "
	"unsupported 3\n",
	"struct s 24 {\n\t0 int a\n\t8 union {\n\t\t0 long long b\n\t\t0 struct {\n\t\t\t0 int "
	"c\n\t\t} d[2]\n\t} u\n"
	"\t16 s *next\n}\n1 result f(s a)\n",
	"flags e {\n\tA 1\n\tB 0x80000000\n}\n1 result f([flags=e] unsigned int a, [out,flags=e] "
	"unsigned int *b)\n",
};

START_TEST(a_right_description_is_taken)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", HEAD, right[_i]);
	ck_assert_str_eq(error_of(text), "");
}
END_TEST

START_TEST(every_number_and_name_leads_to_its_function)
{
	const struct vgpu_api *const *api;
	uint32_t i, total = 0;

	for (api = vgpu_apis; *api; api++) {
		ck_assert_ptr_eq(vgpu_api_find((*api)->library), *api);
		ck_assert_ptr_eq(vgpu_api_by_name((*api)->name), *api);
		for (i = 0; i < (*api)->count; i++) {
			const struct vgpu_function *function = &(*api)->functions[i];

			ck_assert_uint_eq(VGPU_FUNCTION_LIBRARY(function->id), (*api)->library);
			ck_assert_ptr_eq(vgpu_function_find(function->id), function);
			ck_assert_ptr_eq(vgpu_function_by_name((*api)->library, function->name),
					 function);
			total++;
		}
	}
	ck_assert_uint_eq(total, 637 + 413 + 422 + 405);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	ck_assert_ptr_null(vgpu_api_find(0));
	ck_assert_ptr_null(vgpu_api_find(5));
	ck_assert_ptr_null(vgpu_api_by_name("opencl"));
	ck_assert_ptr_null(vgpu_api_by_name(NULL));
	ck_assert_ptr_null(vgpu_function_find(0));
	ck_assert_ptr_null(vgpu_function_find(VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 0)));
	ck_assert_ptr_null(vgpu_function_find(VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 0xffff)));
	ck_assert_ptr_null(vgpu_function_find(VGPU_FUNCTION(77, 1)));
	ck_assert_ptr_null(vgpu_function_by_name(VGPU_LIBRARY_NVML, "cuInit"));
	ck_assert_ptr_null(vgpu_function_by_name(0, "cuInitialise"));
	ck_assert_ptr_nonnull(vgpu_function_by_name(0, "cuInit"));
}
END_TEST

START_TEST(parameters_are_whole)
{
	const struct vgpu_api *const *api;
	uint32_t i, k;

	for (api = vgpu_apis; *api; api++) {
		for (i = 0; i < (*api)->count; i++) {
			const struct vgpu_function *function = &(*api)->functions[i];

			for (k = 0; k < function->nparams; k++) {
				const struct vgpu_param *param = &function->params[k];
				const struct vgpu_type *type = param->type;

				ck_assert_ptr_nonnull(type);
				ck_assert_int_lt(param->count_param, (int)function->nparams);
				if (param->capture == VGPU_CAPTURE_VALUE)
					ck_assert_ptr_nonnull(type->members);
				else if (param->capture != VGPU_CAPTURE_WORD)
					ck_assert_msg(type->kind == VGPU_TYPE_POINTER &&
							  type->element,
						      "%s of %s", param->name, function->name);
				if (param->capture == VGPU_CAPTURE_FIXED ||
				    param->capture == VGPU_CAPTURE_ARRAY)
					ck_assert_uint_gt(type->element->size, 0);
				/* What was written is never read where the function may not have written. */
				if ((param->direction & VGPU_OUT) && !param->always)
					ck_assert(function->flags & VGPU_FUNCTION_STATUS);
			}
		}
	}
}
END_TEST

static const struct vgpu_member *member_of(const struct vgpu_type *type, const char *name)
{
	uint32_t i;

	for (i = 0; i < type->count; i++) {
		if (!strcmp(type->members[i].name, name))
			return &type->members[i];
	}
	ck_abort_msg("%s has no member %s", type->name, name);
	return NULL;
}

START_TEST(the_two_runtimes_lay_out_properties_differently)
{
	const struct vgpu_function *f12 =
	    vgpu_function_by_name(VGPU_LIBRARY_CUDART12, "cudaGetDeviceProperties_v2");
	const struct vgpu_function *f13 =
	    vgpu_function_by_name(VGPU_LIBRARY_CUDART13, "cudaGetDeviceProperties");
	const struct vgpu_type *p12 = f12->params[0].type->element,
			       *p13 = f13->params[0].type->element;

	ck_assert_uint_eq(p12->size, 1032);
	ck_assert_uint_eq(p13->size, 1008);
	ck_assert_uint_eq(member_of(p12, "multiProcessorCount")->offset, 388);
	ck_assert_uint_eq(member_of(p13, "multiProcessorCount")->offset, 384);
	ck_assert_uint_eq(member_of(p12, "pciBusID")->offset, 584);
	ck_assert_uint_eq(member_of(p13, "pciBusID")->offset, 568);
	ck_assert_uint_eq(member_of(p13, "uuid")->type->kind, VGPU_TYPE_UUID);
	ck_assert_uint_eq(f12->params[0].direction, VGPU_OUT);
	ck_assert_uint_eq(f12->params[0].capture, VGPU_CAPTURE_FIXED);
}
END_TEST

START_TEST(discovery_calls_say_what_they_give)
{
	const struct vgpu_function *name =
	    vgpu_function_by_name(VGPU_LIBRARY_CUDA, "cuDeviceGetName");
	const struct vgpu_function *count =
	    vgpu_function_by_name(VGPU_LIBRARY_CUDART13, "cudaGetDeviceCount");
	const struct vgpu_function *uuid =
	    vgpu_function_by_name(VGPU_LIBRARY_NVML, "nvmlDeviceGetHandleByUUID");
	const struct vgpu_function *lookup =
	    vgpu_function_by_name(VGPU_LIBRARY_CUDA, "cuGetProcAddress_v2");
	const struct vgpu_function *memory =
	    vgpu_function_by_name(VGPU_LIBRARY_NVML, "nvmlDeviceGetMemoryInfo_v2");

	ck_assert_uint_eq(name->params[0].capture, VGPU_CAPTURE_STRING);
	ck_assert_int_eq(name->params[0].count_param, 1);
	ck_assert_uint_eq(count->params[0].direction, VGPU_OUT);
	ck_assert_uint_eq(uuid->params[0].redact, VGPU_REDACT_UUID);
	ck_assert_uint_eq(uuid->params[0].capture, VGPU_CAPTURE_STRING);
	ck_assert(lookup->flags & VGPU_FUNCTION_LOOKUP);
	ck_assert_uint_eq(lookup->params[4].always, 1);
	ck_assert_uint_eq(memory->params[1].direction, VGPU_INOUT);
}
END_TEST

START_TEST(codes_have_names)
{
	const struct vgpu_api *cuda = vgpu_api_find(VGPU_LIBRARY_CUDA),
			      *nvml = vgpu_api_find(VGPU_LIBRARY_NVML);
	const struct vgpu_api *cudart = vgpu_api_find(VGPU_LIBRARY_CUDART12);

	ck_assert_str_eq(vgpu_enum_name(cuda->status, 0), "CUDA_SUCCESS");
	ck_assert_str_eq(vgpu_enum_name(cuda->status, 801), "CUDA_ERROR_NOT_SUPPORTED");
	ck_assert_str_eq(vgpu_enum_name(cudart->status, 103),
			 "cudaErrorSoftwareValidityNotEstablished");
	ck_assert_str_eq(vgpu_enum_name(nvml->status, 18), "NVML_ERROR_LIB_RM_VERSION_MISMATCH");
	ck_assert_ptr_null(vgpu_enum_name(cuda->status, 123456));
	ck_assert_ptr_null(vgpu_enum_name(cuda->status, INT64_C(1) << 40));
	ck_assert_ptr_null(vgpu_enum_name(NULL, 0));
	ck_assert_ptr_eq(vgpu_enum_name(cuda->status, -1),
			 vgpu_enum_name(cuda->status, 0xffffffff));
}
END_TEST

static const char *ladder(const char *name, int version, int per_thread)
{
	const struct vgpu_function *function =
	    vgpu_function_find(vgpu_ladder_find(name, version, per_thread, NULL));

	return function ? function->name : "none";
}

START_TEST(the_ladder_gives_the_highest_version_not_above_the_asked)
{
	int too_new = 7;

	ck_assert_str_eq(ladder("cuMemAlloc", 2000, 0), "cuMemAlloc");
	ck_assert_str_eq(ladder("cuMemAlloc", 3019, 0), "cuMemAlloc");
	ck_assert_str_eq(ladder("cuMemAlloc", 3020, 0), "cuMemAlloc_v2");
	ck_assert_str_eq(ladder("cuMemAlloc", 13000, 0), "cuMemAlloc_v2");
	ck_assert_str_eq(ladder("cuMemAlloc", 13000, 1), "cuMemAlloc_v2");
	ck_assert_str_eq(ladder("cuMemcpyHtoD", 13000, 0), "cuMemcpyHtoD_v2");
	ck_assert_str_eq(ladder("cuMemcpyHtoD", 13000, 1), "cuMemcpyHtoD_v2_ptds");
	ck_assert_str_eq(ladder("cuMemAlloc_v2", 13000, 0), "none");
	ck_assert_str_eq(ladder("", 13000, 0), "none");
	ck_assert_str_eq(ladder("cuNoSuchThing", 13000, 0), "none");
	ck_assert_uint_eq(vgpu_ladder_find(NULL, 13000, 0, NULL), 0);
	ck_assert_uint_eq(vgpu_ladder_find("cuMemAlloc", 1000, 0, &too_new), 0);
	ck_assert_int_eq(too_new, 1);
	ck_assert_uint_ne(vgpu_ladder_find("cuMemAlloc", 13000, 0, &too_new), 0);
	ck_assert_int_eq(too_new, 0);
	ck_assert_uint_eq(vgpu_ladder_find("cuNoSuchThing", 13000, 0, &too_new), 0);
	ck_assert_int_eq(too_new, 0);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("api");

	tcase_add_loop_test(tests, a_wrong_description_is_refused_with_file_and_line, 0,
			    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_loop_test(tests, a_right_description_is_taken, 0,
			    sizeof(right) / sizeof(right[0]));
	tcase_add_test(tests, every_number_and_name_leads_to_its_function);
	tcase_add_test(tests, what_is_not_there_is_not_found);
	tcase_add_test(tests, parameters_are_whole);
	tcase_add_test(tests, the_two_runtimes_lay_out_properties_differently);
	tcase_add_test(tests, discovery_calls_say_what_they_give);
	tcase_add_test(tests, codes_have_names);
	tcase_add_test(tests, the_ladder_gives_the_highest_version_not_above_the_asked);
	return unit_run();
}
