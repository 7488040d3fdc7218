// SPDX-License-Identifier: Apache-2.0
/* A growing line of text, and how it is to look. */
#include "tracer/model/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vgpu_text_free(struct vgpu_text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

void vgpu_text_clear(struct vgpu_text *text)
{
	text->size = 0;
	text->failed = false;
	if (text->bytes)
		text->bytes[0] = '\0';
}

const char *vgpu_text_string(const struct vgpu_text *text)
{
	return text->bytes ? text->bytes : "";
}

static bool text_room(struct vgpu_text *text, size_t more)
{
	size_t room = text->room ? text->room : 128;
	char *bytes;

	if (text->failed || more > SIZE_MAX / 4 - text->size) {
		text->failed = true;
		return false;
	}
	if (text->size + more < text->room)
		return true;
	while (room <= text->size + more)
		room *= 2;
	bytes = realloc(text->bytes, room);
	if (!bytes) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->room = room;
	return true;
}

void vgpu_text_add(struct vgpu_text *text, const char *bytes, size_t size)
{
	if (!text_room(text, size))
		return;
	if (size)
		memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	text->bytes[text->size] = '\0';
}

void vgpu_text_puts(struct vgpu_text *text, const char *string)
{
	vgpu_text_add(text, string, strlen(string));
}

static void text_number(struct vgpu_text *text, uint64_t n, unsigned base)
{
	char digits[24];
	unsigned at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	vgpu_text_add(text, digits + at, sizeof(digits) - at);
}

static void text_signed(struct vgpu_text *text, int64_t n)
{
	if (n < 0)
		vgpu_text_add(text, "-", 1);
	text_number(text, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
}

/*
 * Strings and whole numbers without width or precision: every line of a trace has several. false: the
 * format has something else; what was appended so far is to be taken back.
 */
static bool __attribute__((format(printf, 2, 0))) text_simple(struct vgpu_text *text, const char *format, va_list ap)
{
	for (;;) {
		const char *at = format;
		bool wide;

		while (*at && *at != '%')
			at++;
		if (at > format)
			vgpu_text_add(text, format, at - format);
		if (!*at)
			return true;
		wide = at[1] == 'l' || at[1] == 'z';
		at += 1 + wide;
		if (*at == 's' && !wide)
			vgpu_text_puts(text, va_arg(ap, const char *));
		else if (*at == 'd')
			text_signed(text, wide ? va_arg(ap, long) : va_arg(ap, int));
		else if (*at == 'u' || *at == 'x')
			text_number(text, wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned), *at == 'x' ? 16 : 10);
		else
			return false;
		format = at + 1;
	}
}

_Static_assert(sizeof(long) == sizeof(uint64_t), "PRIu64 is %lu");

void vgpu_text_vprintf(struct vgpu_text *text, const char *format, va_list ap)
{
	size_t start = text->size;
	va_list again;
	int n;

	va_copy(again, ap);
	if (text_simple(text, format, again)) {
		va_end(again);
		return;
	}
	va_end(again);
	text->size = start;
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0 || !text_room(text, n))
		return;
	vsnprintf(text->bytes + text->size, n + 1, format, ap);
	text->size += n;
}

void vgpu_text_printf(struct vgpu_text *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vgpu_text_vprintf(text, format, ap);
	va_end(ap);
}

/* Characters in bytes without escape sequences: all bytes but those that go on with one, eight at a time. */
static unsigned characters(const char *bytes, size_t size)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	unsigned count = 0;
	uint64_t word;

	for (; size >= 8; size -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		/* 10xxxxxx goes on. */
		count += 8 - ((word >> 7 & ~(word >> 6) & ones) * ones >> 56);
	}
	while (size--)
		count += (*bytes++ & 0xc0) != 0x80;
	return count;
}

unsigned vgpu_text_columns(const struct vgpu_text *text, size_t from)
{
	const char *at = text->bytes + from, *end = text->bytes + text->size, *escape;
	unsigned columns = 0;

	if (from >= text->size)
		return 0;
	while ((escape = memchr(at, 0x1b, end - at))) {
		columns += characters(at, escape - at);
		at = memchr(escape, 'm', end - escape);
		if (!at)
			return columns;
		at++;
	}
	return columns + characters(at, end - at);
}

void vgpu_text_pad(struct vgpu_text *text, size_t from, unsigned column)
{
	static const char spaces[] = "                                ";
	unsigned columns = vgpu_text_columns(text, from);

	while (columns < column) {
		unsigned n = column - columns < sizeof(spaces) - 1 ? column - columns : sizeof(spaces) - 1;

		vgpu_text_add(text, spaces, n);
		columns += n;
	}
}

void vgpu_text_colour(struct vgpu_text *text, const struct vgpu_look *look, enum vgpu_colour colour)
{
	static const char *const sequences[] = {
		[VGPU_COLOUR_PLAIN] = "\033[0m", [VGPU_COLOUR_NAME] = "\033[36m", [VGPU_COLOUR_GOOD] = "\033[32m",
		[VGPU_COLOUR_BAD] = "\033[1;31m", [VGPU_COLOUR_WARN] = "\033[33m", [VGPU_COLOUR_DIM] = "\033[2m",
		[VGPU_COLOUR_HEAD] = "\033[1m",
	};

	if (look->colour)
		vgpu_text_puts(text, sequences[colour]);
}

void vgpu_text_arrow(struct vgpu_text *text, const struct vgpu_look *look)
{
	vgpu_text_puts(text, look->utf8 ? "→" : "->");
}

void vgpu_text_back_arrow(struct vgpu_text *text, const struct vgpu_look *look)
{
	vgpu_text_puts(text, look->utf8 ? "←" : "<-");
}

void vgpu_text_ellipsis(struct vgpu_text *text, const struct vgpu_look *look)
{
	vgpu_text_puts(text, look->utf8 ? "…" : "...");
}

void vgpu_text_dot(struct vgpu_text *text, const struct vgpu_look *look)
{
	vgpu_text_puts(text, look->utf8 ? "·" : "|");
}

unsigned vgpu_utf8_decode(const char *s, size_t size, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned n;
	uint32_t c;

	if (!size)
		return 0;
	if (u[0] < 0x80) {
		*code = u[0];
		return 1;
	}
	if ((u[0] & 0xe0) == 0xc0)
		n = 2, c = u[0] & 0x1f;
	else if ((u[0] & 0xf0) == 0xe0)
		n = 3, c = u[0] & 0x0f;
	else if ((u[0] & 0xf8) == 0xf0)
		n = 4, c = u[0] & 0x07;
	else
		return 0;
	if (size < n)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

/* Characters that have no glyph of their own or change how others are shown. */
static bool code_hidden(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfff0 && c <= 0xffff) || c >= 0xe0000;
}

void vgpu_text_escape(struct vgpu_text *text, const struct vgpu_look *look, const char *bytes, size_t size,
		      bool quoted)
{
	for (size_t i = 0; i < size;) {
		uint32_t code;
		unsigned n = vgpu_utf8_decode(bytes + i, size - i, &code);

		if (!n) {
			vgpu_text_printf(text, "\\x%02x", (unsigned char)bytes[i]);
			n = 1;
		} else if (code == '\n') {
			vgpu_text_puts(text, "\\n");
		} else if (code == '\t') {
			vgpu_text_puts(text, "\\t");
		} else if (code == '\r') {
			vgpu_text_puts(text, "\\r");
		} else if (code < 0x20 || code == 0x7f) {
			vgpu_text_printf(text, "\\x%02x", code);
		} else if (code >= 0x80 && (!look->utf8 || code_hidden(code))) {
			vgpu_text_printf(text, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
		} else if (quoted && (code == '"' || code == '\\')) {
			vgpu_text_printf(text, "\\%c", (char)code);
		} else {
			vgpu_text_add(text, bytes + i, n);
		}
		i += n;
	}
}

void vgpu_text_shell_word(struct vgpu_text *text, const struct vgpu_look *look, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	size_t size = strlen(word);

	if (size && strspn(word, plain) == size) {
		vgpu_text_add(text, word, size);
		return;
	}
	vgpu_text_puts(text, "'");
	for (const char *at = word; *at;) {
		size_t n = strcspn(at, "'");

		vgpu_text_escape(text, look, at, n, false);
		at += n;
		if (*at == '\'') {
			vgpu_text_puts(text, "'\\''");
			at++;
		}
	}
	vgpu_text_puts(text, "'");
}

void vgpu_text_duration(struct vgpu_text *text, const struct vgpu_look *look, uint64_t ns)
{
	static const struct {
		double unit;
		double below; /* in this unit, what still rounds to something below the next one */
		const char *name;
	} units[] = {
		{ 1e3, 999.95, NULL }, { 1e6, 999.95, "ms" }, { 1e9, 119.95, "s" },
		{ 60e9, 119.95, "min" }, { 3600e9, 1e300, "h" },
	};
	size_t i = 0;
	double value;

	/* Most calls are this short; what lies half way is left to printf, which knows how it rounds. */
	if (ns < 95 ? ns % 10 != 5 : ns < 99950 && ns % 100 != 50) {
		uint64_t n = ns < 95 ? (ns + 5) / 10 : (ns + 50) / 100;
		unsigned whole = ns < 95 ? 100 : 10;

		text_number(text, n / whole, 10);
		vgpu_text_add(text, ".", 1);
		if (ns < 95)
			text_number(text, n / 10 % 10, 10);
		text_number(text, n % 10, 10);
		vgpu_text_puts(text, look->utf8 ? " µs" : " us");
		return;
	}
	while (ns / units[i].unit >= units[i].below)
		i++;
	value = ns / units[i].unit;
	vgpu_text_printf(text, value >= 99.95 ? "%.0f %s" : value < 0.095 ? "%.2f %s" : "%.1f %s", value,
			 units[i].name ? units[i].name : look->utf8 ? "µs" : "us");
}

void vgpu_text_bytes(struct vgpu_text *text, uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned __int128 unit = 1, hundredths;
	unsigned i = 0;
	double value;

	/* 4,000 is more likely to be recognised than 3.9 KiB. */
	if (bytes < 10240 && bytes % 1024) {
		vgpu_text_printf(text, "%" PRIu64 " B", bytes);
		return;
	}
	while (bytes / unit >= 1024 && i < 6) {
		unit *= 1024;
		i++;
	}
	/* Two decimals, without idle zeros: one where that is exact. Half way goes to the even one, as with printf. */
	value = (double)bytes / (double)unit;
	hundredths = (unsigned __int128)bytes * 100;
	if (hundredths % unit * 2 == unit && hundredths / unit % 2 == 0)
		hundredths--;
	hundredths = (hundredths + unit / 2) / unit;
	text_number(text, value == (uint64_t)value ? (uint64_t)value : (uint64_t)(hundredths / 100), 10);
	if (value != (uint64_t)value) {
		vgpu_text_add(text, ".", 1);
		text_number(text, hundredths / 10 % 10, 10);
		if (value * 10 != (uint64_t)(value * 10))
			text_number(text, hundredths % 10, 10);
	}
	vgpu_text_add(text, " ", 1);
	vgpu_text_puts(text, names[i]);
}

void vgpu_text_count(struct vgpu_text *text, uint64_t n)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < size; i++) {
		if (i && (size - i) % 3 == 0)
			vgpu_text_add(text, ",", 1);
		vgpu_text_add(text, digits + i, 1);
	}
}
