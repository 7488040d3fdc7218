// SPDX-License-Identifier: Apache-2.0
/* The dashboard without a terminal: what keys do, at any size, and that none does harm. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/top_started.h"
#include "tests/unit/unit.h"

START_TEST(filter_counts_only_what_passes_and_says_where_it_is_wrong)
{
	start(false, "functions");
	type(app, "ffn ~ \"cuDevice*\"\r");
	frame_has(app, 24, 80, "filter fn ~ \"cuDevice*\"");
	frame_has(app, 24, 80, "cuDeviceGetCount");
	frame_lacks(app, 24, 80, "cuDriverGetVersion");
	type(app, "2");
	frame_has(app, 24, 80, "2 calls pass of 8");
	frame_lacks(app, 24, 80, "cuInit");
	type(app, "F3");
	frame_has(app, 24, 80, "cuDriverGetVersion");
	frame_has(app, 24, 80, "no filter");
	type(app, "fnonsense == 1\r");
	frame_has(app, 24, 80, "column 1");
	frame_has(app, 24, 80, "filter: nonsense == 1");
	type(app, "\033");
	frame_has(app, 24, 80, "no filter");
	finish();
}
END_TEST

START_TEST(search_finds_and_wraps_around)
{
	start(false, "calls");
	type(app, "/GETVERSION\r");
	ck_assert_uint_eq(tui_app_list(app)->selected, 2);
	type(app, "nnn");
	ck_assert_uint_eq(tui_app_list(app)->selected, 2);
	type(app, "N");
	ck_assert_uint_eq(tui_app_list(app)->selected, 4);
	type(app, "/no such thing\r");
	frame_has(app, 24, 80, "nothing here matches 'no such thing'");
	finish();
}
END_TEST

START_TEST(held_picture_stands_still_while_counting_goes_on)
{
	start(true, "functions");
	type(app, " ");
	frame_has(app, 24, 80, "HELD");
	for (int i = 0; i < 5; i++)
		feed_simple(feed, 2, "cuDriverGetVersion", 0);
	feed_all(app);
	frame_has(app, 24, 80, " cuDriverGetVersion              3       0 CUDA_SUCCESS");
	type(app, "2");
	frame_has(app, 24, 80, "held");
	type(app, " ");
	frame_has(app, 24, 80, "5 lines came while the picture was held");
	type(app, "3");
	frame_has(app, 24, 80, " cuDriverGetVersion              8       0 CUDA_SUCCESS");
	finish();
}
END_TEST

START_TEST(mark_and_diff_show_what_changed)
{
	start(true, "functions");
	type(app, "d");
	frame_has(app, 24, 80, "nothing is marked");
	type(app, "md");
	frame_lacks(app, 24, 80, "cuInit");
	feed_simple(feed, 2, "cuDriverGetVersion", 0);
	feed_simple(feed, 2, "cuDeviceGet", 101);
	feed_all(app);
	frame_has(app, 24, 80, "cuDriverGetVersion             +1       0");
	frame_has(app, 24, 80, "cuDeviceGet                    +1      +1");
	frame_has(app, 24, 80, "since the mark");
	frame_lacks(app, 24, 80, "cuInit");
	type(app, "4");
	frame_has(app, 24, 80, "+2      +1");
	finish();
}
END_TEST

START_TEST(time_of_a_recording_is_moved_through)
{
	start(false, "calls");
	frame_has(app, 24, 80, "killed by SIGKILL");
	type(app, ",");
	frame_lacks(app, 24, 80, "killed by SIGKILL");
	frame_has(app, 24, 80, " 14 of 15 events");
	type(app, "4");
	frame_has(app, 24, 80, "runs");
	for (int i = 0; i < 40; i++)
		type(app, "<");
	frame_has(app, 24, 80, " 1 of 15 events");
	type(app, ".");
	frame_has(app, 24, 80, " 2 of 15 events");
	for (int i = 0; i < 40; i++)
		type(app, ">");
	frame_has(app, 24, 80, "SIGKILL");
	frame_has(app, 24, 80, "15 events in");
	type(app, "{");
	frame_has(app, 24, 80, " 1 of 15 events");
	type(app, "]");
	frame_has(app, 24, 80, " 2 of 15 events");
	type(app, "[}");
	frame_has(app, 24, 80, "15 events in");
	finish();
}
END_TEST

START_TEST(a_time_is_asked_for_in_words)
{
	static const struct {
		const char *word, *shows;
	} rows[] = {
		{ "5us", "at 0.000005 of 0.000014 s  6 of 15 events" }, { "#3", " 3 of 15 events" },
		{ "+4us", " 7 of 15 events" }, { "-2 us", " 5 of 15 events" }, { "50%", " 8 of 15 events" },
		{ "0", " 1 of 15 events" }, { "0.000009s", " 10 of 15 events" }, { "-1h", " 1 of 15 events" },
		{ "1m", "15 events in" },
	};

	start(false, "functions");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		type(app, ":");
		type(app, rows[i].word);
		type(app, "\r");
		frame_has(app, 24, 80, rows[i].shows);
	}
	type(app, "tsoon\r");
	frame_has(app, 24, 80, "a time is 1.5s, 200ms, +1s or -10ms from here, 50%, #1200 events");
	finish();
	start(true, "functions");
	type(app, ":");
	frame_has(app, 24, 80, "time is moved through in recordings");
	finish();
}
END_TEST

START_TEST(a_recording_plays_in_its_own_time)
{
	start(false, "calls");
	type(app, "<<<<<<<<<<<<<<<<<<<<<<<< ");
	ck_assert_uint_gt(app->playing_ns, 0);
	tui_app_tick(app, app->now_ns + 8000);
	frame_has(app, 24, 80, "playing");
	frame_lacks(app, 24, 80, "killed by SIGKILL");
	tui_app_tick(app, app->now_ns + 1000000000);
	frame_has(app, 24, 80, "killed by SIGKILL");
	ck_assert_uint_eq(app->playing_ns, 0);
	finish();
}
END_TEST

START_TEST(help_has_every_key_of_the_table)
{
	char *text;

	start(false, "calls");
	type(app, "?");
	text = frame(app, 200, 120, true);
	for (const struct tui_binding *binding = tui_bindings; binding->help; binding++) {
		char room[16];

		ck_assert_msg(strstr(text, binding->help) != NULL, "the help lacks '%s'", binding->help);
		for (unsigned i = 0; i < TUI_KEYS_EACH && binding->keys[i]; i++) {
			ck_assert_int_eq(tui_action_of(binding->keys[i]), binding->action);
			ck_assert_ptr_nonnull(strstr(text, tui_key_name(binding->keys[i], room)));
		}
	}
	free(text);
	type(app, "q");
	ck_assert(!app->quit);
	type(app, "q");
	ck_assert(app->quit);
	finish();
}
END_TEST

START_TEST(every_action_has_a_key)
{
	for (int action = TUI_DO_NEXT_VIEW; action < TUI_ACTIONS; action++) {
		const struct tui_binding *binding = tui_bindings;

		while (binding->help && binding->action != (enum tui_action)action)
			binding++;
		ck_assert_msg(binding->help != NULL, "action %d has no key", action);
	}
}
END_TEST

START_TEST(no_key_has_two_meanings)
{
	for (const struct tui_binding *a = tui_bindings; a->help; a++)
		for (unsigned i = 0; i < TUI_KEYS_EACH && a->keys[i]; i++)
			ck_assert_msg(tui_action_of(a->keys[i]) == a->action, "a key of '%s' means something else", a->help);
}
END_TEST

START_TEST(export_writes_what_is_shown_and_never_over_a_file)
{
	char path[] = "/tmp/check_top_XXXXXX", name[64], line[256] = "", all[8192] = "";
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/out.txt", path);
	start(false, "functions");
	for (int i = 0; i < 2; i++) {
		type(app, "e");
		tui_app_key(app, 'U' & 31);
		type(app, name);
		type(app, "\r");
		frame_has(app, 24, 100, i ? "there is such a file already" : "written to");
	}
	file = fopen(name, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		strncat(all, line, sizeof(all) - strlen(all) - 1);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(all, "CUDA_ERROR_INVALID_DEVICE (101)"));
	ck_assert_ptr_nonnull(strstr(all, "ring on"));
	ck_assert_ptr_null(strchr(all, '\033'));
	unlink(name);
	rmdir(path);
	finish();
}
END_TEST

START_TEST(mouse_chooses_views_lines_and_columns)
{
	start(false, "verdict");
	free(frame(app, 24, 80, true));
	tui_app_mouse(app, TUI_MOUSE_CLICK, 2, 24);
	ck_assert_str_eq(tui_app_view(app)->name, "functions");
	free(frame(app, 24, 80, true));
	tui_app_mouse(app, TUI_MOUSE_CLICK, 3, 3);
	frame_has(app, 24, 80, "Function▲");
	tui_app_mouse(app, TUI_MOUSE_CLICK, 3, 3);
	frame_has(app, 24, 80, "Function▼");
	tui_app_mouse(app, TUI_MOUSE_CLICK, 6, 10);
	ck_assert_uint_eq(tui_app_list(app)->selected, 2);
	tui_app_mouse(app, TUI_MOUSE_UP, 6, 10);
	ck_assert_uint_eq(tui_app_list(app)->selected, 0);
	tui_app_mouse(app, TUI_MOUSE_DOUBLE, 4, 10);
	ck_assert(app->pager.open);
	finish();
}
END_TEST

static void place(void *data, const struct vgpu_event *event, uint64_t address, struct vgpu_text *out)
{
	vgpu_text_printf(out, "%s+0x%x in process %u", (const char *)data, (unsigned)address, event->process);
}

START_TEST(detail_names_the_callers_and_says_where_a_stack_ends)
{
	static const uint64_t words[] = { 0x1111, 0x2222, 0x3333 };
	static char name[] = "who";
	struct made_call *call;

	feed = feed_new();
	feed_process(feed, 1, 0, "one");
	call = feed_begin(feed, 1, "cuInit", 999);
	call->event.call.caller = words[0];
	call->event.call.stack = (struct vgpu_words){ words, 3 };
	call->event.call.stack_end = VGPU_STACK_END_CUT;
	feed_call(feed);
	app = feed_app(feed, false, "calls");
	feed_all(app);
	app->options.frame = place;
	app->options.frame_data = name;
	free(frame(app, 40, 80, true));
	type(app, "G\r");
	ck_assert(app->pager.open);
	frame_has(app, 40, 80, "#0  who+0x1111 in process 1");
	frame_has(app, 40, 80, "#2  who+0x3333 in process 1");
	frame_has(app, 40, 80, "the stack was not copied to its end");
	frame_lacks(app, 40, 80, "no further stack");
	/* Nobody names them: addresses. */
	type(app, "\033");
	app->options.frame = NULL;
	type(app, "\r");
	frame_has(app, 40, 80, "#1  0x2222");
	finish();
}
END_TEST

START_TEST(settings_are_kept_and_read_again)
{
	char path[] = "/tmp/check_top_XXXXXX", file[128];

	ck_assert_ptr_nonnull(mkdtemp(path));
	setenv("XDG_CONFIG_HOME", path, 1);
	start(false, "functions");
	app->options.settings = true;
	type(app, "4sr3ss");
	ck_assert_int_eq(tui_settings_write(app), 0);
	app->settings_changed = false;
	finish();
	start(false, NULL);
	ck_assert_int_eq(tui_settings_read(app), 0);
	ck_assert_str_eq(tui_app_view(app)->name, "functions");
	frame_has(app, 24, 80, "Last result▲");
	type(app, "4");
	frame_has(app, 24, 80, "PID▼");
	finish();
	snprintf(file, sizeof(file), "%s/vgpu-trace/top.conf", path);
	ck_assert_int_eq(unlink(file), 0);
	snprintf(file, sizeof(file), "%s/vgpu-trace", path);
	rmdir(file);
	rmdir(path);
	unsetenv("XDG_CONFIG_HOME");
}
END_TEST

/* ---- shapes ---- */

START_TEST(ascii_only_where_that_is_all_there_is)
{
	for (unsigned i = 0; vgpu_top_view(i); i++) {
		char *text;

		start(false, vgpu_top_view(i));
		app->look.utf8 = false;
		text = frame(app, 24, 80, false);
		for (const char *at = text; *at; at++)
			ck_assert_msg((unsigned char)*at < 128, "not ASCII in\n%s", text);
		free(text);
		finish();
	}
}
END_TEST

START_TEST(any_size_of_screen_is_drawn)
{
	static const int sizes[][2] = { { 1, 1 }, { 2, 5 }, { 4, 20 }, { 5, 300 }, { 24, 80 }, { 60, 200 }, { 200, 30 } };

	start(false, "functions");
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (char view = '1'; view <= '6'; view++) {
			char keys[2] = { view, 0 };

			type(app, keys);
			free(frame(app, sizes[i][0], sizes[i][1], true));
			type(app, "\r");
			free(frame(app, sizes[i][0], sizes[i][1], true));
			type(app, "G/x\r");
			free(frame(app, sizes[i][0], sizes[i][1], true));
			type(app, "\033");
		}
	finish();
}
END_TEST

START_TEST(foreign_bytes_act_on_nothing)
{
	char *text;

	feed = feed_new();
	feed_process(feed, 1, 0, "ev\033[2Jil\n\xe2\x80\xae");
	app = feed_app(feed, false, "processes");
	feed_all(app);
	text = frame(app, 24, 80, true);
	ck_assert_ptr_null(strchr(text, '\033'));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
	free(text);
	finish();
}
END_TEST

/* ---- every key on every view, and any ---- */

static void press(uint32_t key)
{
	app->prompt.asked = app->prompt.asked == TUI_ASK_EXPORT ? TUI_ASK_NOTHING : app->prompt.asked;
	tui_app_key(app, key);
	app->quit = false;
}

START_TEST(every_key_on_every_view)
{
	for (int live = 0; live < 2; live++) {
		start(live, "verdict");
		for (char view = '1'; view <= '6'; view++)
			for (const struct tui_binding *binding = tui_bindings; binding->help; binding++)
				for (unsigned i = 0; i < TUI_KEYS_EACH && binding->keys[i]; i++) {
					press(TUI_KEY_ESCAPE);
					press(TUI_KEY_ESCAPE);
					press((uint32_t)view);
					press(binding->keys[i]);
					free(frame(app, 24, 80, i % 2));
					press(TUI_KEY_ENTER);
					free(frame(app, 30, 132, i % 2));
					feed_simple(feed, 2, "cuDriverGetVersion", i % 2);
					feed_all(app);
				}
		finish();
	}
}
END_TEST

/* VGPU_TOP_RANDOM_S=60 for a long one; a seed may be given as VGPU_TOP_SEED. */
START_TEST(random_keys_do_no_harm)
{
	const char *seconds = getenv("VGPU_TOP_RANDOM_S"), *seed = getenv("VGPU_TOP_SEED");
	uint64_t half_ns = seconds ? strtoull(seconds, NULL, 10) * UINT64_C(500000000) : 0;
	unsigned state = seed ? (unsigned)atoi(seed) : 20260725;

	for (int live = 0; live < 2; live++) {
		uint64_t until = vgpu_now_ns() + half_ns;

		start(live, "verdict");
		for (unsigned n = 0; n < 4000 || vgpu_now_ns() < until; n++) {
			unsigned pick = (unsigned)rand_r(&state);

			switch (pick % 8) {
			case 0:
				press(TUI_KEY_NONE + 1 + pick / 8 % (TUI_KEY_LAST - TUI_KEY_NONE));
				break;
			case 1:
				tui_app_mouse(app, pick / 8 % 4, (int)(pick / 64 % 30) - 2, (int)(pick / 2048 % 90) - 2);
				break;
			case 2:
				press(pick / 8 % 0x120000);
				break;
			default:
				press(pick / 8 % 128);
			}
			if (n % 3 == 0)
				free(frame(app, 1 + (int)(pick / 8 % 40), 1 + (int)(pick / 512 % 180), pick & 1));
			if (n % 16 == 0 && live && feed_length(feed) < 20000)
				feed_simple(feed, 1 + pick % 3, pick & 64 ? "cuDeviceGet" : "cudaGetDeviceCount", pick / 8 % 2 * 101);
			feed_all(app);
			tui_app_tick(app, app->now_ns + 50000000);
		}
		finish();
	}
}
END_TEST

int main(void)
{
	TCase *keys = unit_case("top_keys"), *shapes = unit_case("shapes");

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	unsetenv("XDG_CONFIG_HOME");
	tcase_add_test(keys, filter_counts_only_what_passes_and_says_where_it_is_wrong);
	tcase_add_test(keys, search_finds_and_wraps_around);
	tcase_add_test(keys, held_picture_stands_still_while_counting_goes_on);
	tcase_add_test(keys, mark_and_diff_show_what_changed);
	tcase_add_test(keys, time_of_a_recording_is_moved_through);
	tcase_add_test(keys, a_time_is_asked_for_in_words);
	tcase_add_test(keys, a_recording_plays_in_its_own_time);
	tcase_add_test(keys, help_has_every_key_of_the_table);
	tcase_add_test(keys, every_action_has_a_key);
	tcase_add_test(keys, no_key_has_two_meanings);
	tcase_add_test(keys, export_writes_what_is_shown_and_never_over_a_file);
	tcase_add_test(keys, mouse_chooses_views_lines_and_columns);
	tcase_add_test(keys, detail_names_the_callers_and_says_where_a_stack_ends);
	tcase_add_test(keys, settings_are_kept_and_read_again);
	tcase_add_test(shapes, ascii_only_where_that_is_all_there_is);
	tcase_add_test(shapes, any_size_of_screen_is_drawn);
	tcase_add_test(shapes, foreign_bytes_act_on_nothing);
	tcase_add_test(shapes, every_key_on_every_view);
	tcase_add_test(shapes, random_keys_do_no_harm);
	tcase_set_timeout(keys, 60);
	tcase_set_timeout(shapes, 280);
	return unit_run();
}
