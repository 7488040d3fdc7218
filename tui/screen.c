// SPDX-License-Identifier: Apache-2.0
/* The only file that knows curses: colours, keys, sizes, signals, and giving the terminal back whatever happens. */
#include "tui/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define DOUBLE_NS UINT64_C(400000000)

struct tui_screen {
	SCREEN *curses;
	struct tui_surface shown; /* what the terminal has */
	int pipe[2];              /* signal handlers write a byte */
	int signal;
	bool colour;
	attr_t style[TUI_STYLES];
	short pair[TUI_STYLES];
	uint64_t clicked_ns;
	int clicked_row, clicked_column;
	unsigned empty_reads;     /* input was ready, and nothing was there */
};

/* ---- signals: what they need lies here, since handlers get nothing ---- */

enum { ASK_END, ASK_RESIZE, ASK_STOP, KILLS };

static const struct {
	int number;
	int what;
} handled[] = {
	{ SIGTERM, ASK_END }, { SIGHUP, ASK_END }, { SIGINT, ASK_END }, { SIGWINCH, ASK_RESIZE }, { SIGTSTP, ASK_STOP },
	{ SIGSEGV, KILLS }, { SIGBUS, KILLS }, { SIGFPE, KILLS }, { SIGILL, KILLS }, { SIGABRT, KILLS },
	{ SIGTRAP, KILLS }, { SIGSYS, KILLS }, { SIGQUIT, KILLS }, { SIGXCPU, KILLS },
};
#define HANDLED (sizeof(handled) / sizeof(handled[0]))

static struct sigaction before[HANDLED];
static struct sigaction pipe_before;
static int wake_fd = -1;
static struct termios cooked;
static char restore[256]; /* what the terminal must be sent to be as it was */
static size_t restore_size;

/* Only what is safe in a signal handler: write, tcsetattr, sigaction, raise. */
static void on_death(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	ssize_t unused = write(STDOUT_FILENO, restore, restore_size);

	(void)unused;
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	sigaction(number, &action, NULL);
	raise(number);
}

static void on_signal(int number)
{
	int saved = errno;
	unsigned char byte = (unsigned char)number;
	ssize_t unused = write(wake_fd, &byte, 1);

	(void)unused;
	errno = saved;
}

static void take_signals(void)
{
	for (size_t i = 0; i < HANDLED; i++) {
		struct sigaction action = { .sa_handler = handled[i].what == KILLS ? on_death : on_signal };

		sigfillset(&action.sa_mask);
		sigaction(handled[i].number, &action, &before[i]);
	}
	/* A terminal that vanished is noticed by its writes failing. */
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, &pipe_before);
}

static void give_signals(void)
{
	for (size_t i = 0; i < HANDLED; i++)
		sigaction(handled[i].number, &before[i], NULL);
	sigaction(SIGPIPE, &pipe_before, NULL);
}

/* A capability without its padding, "$<5>". */
static void add_restore(const char *string)
{
	if (!string || string == (const char *)-1)
		return;
	for (; *string && restore_size < sizeof(restore) - 1; string++) {
		if (string[0] == '$' && string[1] == '<' && strchr(string, '>'))
			string = strchr(string, '>');
		else
			restore[restore_size++] = *string;
	}
}

static const char *capability(const char *name)
{
	char room[16];

	strncpy(room, name, sizeof(room) - 1);
	room[sizeof(room) - 1] = '\0';
	return tigetstr(room);
}

/* ---- open, close ---- */

static void choose_styles(struct tui_screen *screen)
{
	static const struct {
		short colour, ground;
		attr_t with, without; /* attributes with and without colours */
	} styles[TUI_STYLES] = {
		[TUI_PLAIN] = { -1, -1, A_NORMAL, A_NORMAL }, [TUI_NAME] = { COLOR_CYAN, -1, A_NORMAL, A_NORMAL },
		[TUI_GOOD] = { COLOR_GREEN, -1, A_NORMAL, A_NORMAL }, [TUI_BAD] = { COLOR_RED, -1, A_BOLD, A_BOLD },
		[TUI_WARN] = { COLOR_YELLOW, -1, A_NORMAL, A_UNDERLINE }, [TUI_DIM] = { -1, -1, A_DIM, A_DIM },
		[TUI_HEAD] = { -1, -1, A_BOLD, A_BOLD }, [TUI_BAR] = { COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
		[TUI_TAB] = { COLOR_BLACK, COLOR_GREEN, A_NORMAL, A_REVERSE | A_BOLD },
		[TUI_KEY] = { -1, -1, A_BOLD, A_BOLD },
	};

	screen->colour = screen->colour && has_colors() && start_color() == OK && COLORS >= 8;
	if (screen->colour)
		use_default_colors();
	for (short i = 0; i < TUI_STYLES; i++) {
		screen->style[i] = screen->colour ? styles[i].with : styles[i].without;
		screen->pair[i] = 0;
		if (!screen->colour || (styles[i].colour < 0 && styles[i].ground < 0))
			continue;
		if (init_pair(i + 1, styles[i].colour, styles[i].ground) == OK)
			screen->pair[i] = i + 1;
	}
}

int tui_screen_open(struct tui_screen **out, bool colour)
{
	const char *term = getenv("TERM");
	struct tui_screen *screen;
	int err = 0;

	*out = NULL;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &cooked))
		return -ENOTTY;
	if (!term || !*term || !strcmp(term, "dumb"))
		return -ENOTSUP;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->colour = colour;
	screen->pipe[0] = screen->pipe[1] = -1;
	screen->clicked_row = -1;
	if (pipe2(screen->pipe, O_CLOEXEC | O_NONBLOCK)) {
		err = -errno;
		goto out;
	}
	/* Before it takes the terminal: a crash in between must find what to send. */
	screen->curses = newterm(NULL, stdout, stdin);
	if (!screen->curses) {
		err = -ENOTSUP;
		goto out;
	}
	restore_size = 0;
	if (capability("kmous") && capability("kmous") != (const char *)-1)
		add_restore("\033[?1006l\033[?1000l");
	add_restore(capability("rmkx"));
	add_restore(capability("sgr0"));
	add_restore(capability("cnorm"));
	add_restore(capability("rmcup"));
	if (!capability("cup") || capability("cup") == (const char *)-1) {
		endwin();
		delscreen(screen->curses);
		screen->curses = NULL;
		err = -ENOTSUP;
		goto out;
	}
	wake_fd = screen->pipe[1];
	take_signals();
	set_escdelay(25);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	meta(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	curs_set(0);
	choose_styles(screen);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	*out = screen;
	return 0;
out:
	if (screen->pipe[0] >= 0) {
		close(screen->pipe[0]);
		close(screen->pipe[1]);
	}
	free(screen);
	return err;
}

void tui_screen_close(struct tui_screen *screen, bool gone)
{
	if (!screen)
		return;
	if (!gone) {
		mousemask(0, NULL);
		erase();
		refresh();
		endwin();
	}
	give_signals();
	wake_fd = -1;
	if (!gone)
		delscreen(screen->curses);
	close(screen->pipe[0]);
	close(screen->pipe[1]);
	tui_surface_free(&screen->shown);
	free(screen);
}

int tui_screen_signal(const struct tui_screen *screen)
{
	return screen->signal;
}

/* ---- showing ---- */

void tui_screen_size(struct tui_screen *screen, int *rows, int *columns)
{
	(void)screen;
	*rows = LINES;
	*columns = COLS;
}

static void set_style(const struct tui_screen *screen, const struct tui_cell *cell)
{
	attr_t attributes = screen->style[cell->style];
	short pair = screen->pair[cell->style];

	/* One look for all of the line: colours turned round would be hard to read. */
	if (cell->marks & TUI_SELECTED) {
		attributes = A_REVERSE | (cell->style == TUI_BAD ? A_BOLD : A_NORMAL);
		pair = 0;
	}
	if (cell->marks & TUI_FOUND)
		attributes |= A_UNDERLINE | A_BOLD;
	attr_set(attributes, pair, NULL);
}

static void show_row(const struct tui_screen *screen, const struct tui_surface *surface, int y)
{
	const struct tui_cell *cells = &surface->cells[y * surface->columns];
	wchar_t run[256];
	int size = 0, from = 0;

	for (int x = 0; x <= surface->columns; x++) {
		bool ends = x == surface->columns || size == 255 ||
			    (size && (cells[x].style != cells[from].style || cells[x].marks != cells[from].marks));

		if (ends && size) {
			set_style(screen, &cells[from]);
			mvaddnwstr(y, from, run, size);
			size = 0;
		}
		if (x == surface->columns)
			break;
		if (!size)
			from = x;
		if (cells[x].width)
			run[size++] = (wchar_t)cells[x].code;
		else if (!size)
			from = x + 1;
	}
}

void tui_screen_show(struct tui_screen *screen, const struct tui_surface *surface, int cursor_row, int cursor_column,
		     bool all)
{
	bool same_size = screen->shown.rows == surface->rows && screen->shown.columns == surface->columns;

	if (!same_size && tui_surface_resize(&screen->shown, surface->rows, surface->columns))
		return;
	if (all)
		clearok(curscr, TRUE);
	for (int y = 0; y < surface->rows && y < LINES; y++) {
		const struct tui_cell *row = &surface->cells[y * surface->columns];
		struct tui_cell *shown = &screen->shown.cells[y * surface->columns];
		size_t bytes = (size_t)surface->columns * sizeof(*row);

		if (same_size && !all && !memcmp(row, shown, bytes))
			continue;
		memcpy(shown, row, bytes);
		show_row(screen, surface, y);
	}
	attr_set(A_NORMAL, 0, NULL);
	curs_set(cursor_row >= 0);
	if (cursor_row >= 0)
		move(cursor_row, cursor_column);
	refresh();
}

/* ---- waiting ---- */

static void resized(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE);
}

/* As the terminal's user asked; returns when told to go on. */
static void stop(void)
{
	struct sigaction mine;

	def_prog_mode();
	endwin();
	sigaction(SIGTSTP, &(struct sigaction){ .sa_handler = SIG_DFL }, &mine);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &mine, NULL);
	reset_prog_mode();
	resized();
	refresh();
}

static unsigned read_signals(struct tui_screen *screen)
{
	unsigned char byte;
	unsigned wake = 0;

	while (read(screen->pipe[0], &byte, 1) == 1) {
		switch (byte) {
		case SIGWINCH:
			resized();
			wake |= TUI_WAKE_RESIZED;
			break;
		case SIGTSTP:
			stop();
			wake |= TUI_WAKE_RESIZED;
			break;
		default:
			screen->signal = byte;
			wake |= TUI_WAKE_SIGNAL;
		}
	}
	return wake;
}

unsigned tui_screen_wait(struct tui_screen *screen, int fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = screen->pipe[0], .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	unsigned wake = 0;

	if (poll(fds, 3, timeout_ms) < 0 && errno != EINTR)
		return TUI_WAKE_GONE;
	wake = read_signals(screen);
	if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		wake |= TUI_WAKE_GONE;
	else if (fds[0].revents & POLLIN)
		wake |= TUI_WAKE_KEY;
	if (fds[2].revents)
		wake |= TUI_WAKE_SOURCE;
	/* Input that is always ready and never there is the end of it. */
	if (!(wake & TUI_WAKE_KEY))
		screen->empty_reads = 0;
	else if (++screen->empty_reads > 50)
		wake |= TUI_WAKE_GONE;
	return wake;
}

uint32_t tui_screen_key(struct tui_screen *screen, enum tui_mouse *what, int *row, int *column)
{
	static const struct {
		wint_t code;
		uint32_t key;
	} codes[] = {
		{ KEY_UP, TUI_KEY_UP }, { KEY_DOWN, TUI_KEY_DOWN }, { KEY_LEFT, TUI_KEY_LEFT }, { KEY_RIGHT, TUI_KEY_RIGHT },
		{ KEY_PPAGE, TUI_KEY_PAGE_UP }, { KEY_NPAGE, TUI_KEY_PAGE_DOWN }, { KEY_HOME, TUI_KEY_HOME },
		{ KEY_END, TUI_KEY_END }, { KEY_ENTER, TUI_KEY_ENTER }, { KEY_BACKSPACE, TUI_KEY_BACKSPACE },
		{ KEY_DC, TUI_KEY_DELETE }, { KEY_BTAB, TUI_KEY_BACK_TAB }, { KEY_FIND, TUI_KEY_HOME },
		{ KEY_SELECT, TUI_KEY_END },
	};
	MEVENT event;
	wint_t code;
	int got = wget_wch(stdscr, &code);

	if (got == ERR)
		return TUI_KEY_NONE;
	screen->empty_reads = 0;
	if (got != KEY_CODE_YES) {
		switch (code) {
		case '\r':
		case '\n':
			return TUI_KEY_ENTER;
		case 27:
			return TUI_KEY_ESCAPE;
		case 127:
		case 8:
			return TUI_KEY_BACKSPACE;
		case '\t':
			return TUI_KEY_TAB;
		}
		return code ? code : TUI_KEY_LAST + 1;
	}
	if (code >= (wint_t)KEY_F(1) && code <= (wint_t)KEY_F(10))
		return TUI_KEY_F1 + (code - (wint_t)KEY_F(1));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].key;
	if (code != KEY_MOUSE || getmouse(&event) != OK)
		return TUI_KEY_LAST + 1;
	*row = event.y;
	*column = event.x;
	if (event.bstate & BUTTON4_PRESSED) {
		*what = TUI_MOUSE_UP;
	} else if (event.bstate & BUTTON5_PRESSED) {
		*what = TUI_MOUSE_DOWN;
	} else if (event.bstate & BUTTON1_PRESSED) {
		uint64_t now = vgpu_now_ns();
		bool again = event.y == screen->clicked_row && event.x == screen->clicked_column &&
			     now - screen->clicked_ns < DOUBLE_NS;

		*what = again ? TUI_MOUSE_DOUBLE : TUI_MOUSE_CLICK;
		screen->clicked_ns = again ? 0 : now;
		screen->clicked_row = event.y;
		screen->clicked_column = event.x;
	} else {
		return TUI_KEY_LAST + 1;
	}
	return TUI_KEY_LAST;
}
