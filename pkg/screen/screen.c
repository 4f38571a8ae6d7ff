#include "screen/screen.h"

#include "sys/dl.h"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    __typeof__(&newterm) newterm;
    __typeof__(&delscreen) delscreen;
    __typeof__(&endwin) endwin;
    __typeof__(&newwin) newwin;
    __typeof__(&cbreak) cbreak;
    __typeof__(&noecho) noecho;
    __typeof__(&nonl) nonl;
    __typeof__(&keypad) keypad;
    __typeof__(&curs_set) curs_set;
    __typeof__(&set_escdelay) set_escdelay;
    __typeof__(&wtimeout) wtimeout;
    __typeof__(&wget_wch) wget_wch;
    __typeof__(&wmove) wmove;
    __typeof__(&waddnstr) waddnstr;
    __typeof__(&wclrtoeol) wclrtoeol;
    __typeof__(&wattrset) wattrset;
    __typeof__(&wrefresh) wrefresh;
    __typeof__(&wresize) wresize;
    __typeof__(&clearok) clearok;
    __typeof__(&getmaxx) getmaxx;
    __typeof__(&getmaxy) getmaxy;
    __typeof__(&def_prog_mode) def_prog_mode;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, newterm),       DL_SYMBOL(lib, delscreen),    DL_SYMBOL(lib, endwin),   DL_SYMBOL(lib, newwin),
    DL_SYMBOL(lib, cbreak),        DL_SYMBOL(lib, noecho),       DL_SYMBOL(lib, nonl),     DL_SYMBOL(lib, keypad),
    DL_SYMBOL(lib, curs_set),      DL_SYMBOL(lib, wtimeout),     DL_SYMBOL(lib, wget_wch), DL_SYMBOL(lib, wmove),
    DL_SYMBOL(lib, waddnstr),      DL_SYMBOL(lib, wclrtoeol),    DL_SYMBOL(lib, wattrset), DL_SYMBOL(lib, wrefresh),
    DL_SYMBOL(lib, wresize),       DL_SYMBOL(lib, clearok),      DL_SYMBOL(lib, getmaxx),  DL_SYMBOL(lib, getmaxy),
    DL_SYMBOL(lib, def_prog_mode), DL_SYMBOL(lib, set_escdelay),
};

static struct dl_library library = {"libncursesw.so.6", "libncursesw6", symbols, ARRAY_SIZE(symbols), NULL};

/* One a process, as the library has it. */
static struct {
    SCREEN *screen;
    WINDOW *window;
    bool utf8;
} now;

int screen_open(struct err *err)
{
    static bool registered;
    const char *kind = getenv("TERM");
    int r;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return err_set(err, ERR_INVALID, "standard input and output are no terminal");
    r = dl_open(&library, err);
    if (r < 0)
        return r;
    setlocale(LC_CTYPE, "");
    now.utf8 = str_eq(nl_langinfo(CODESET), "UTF-8");
    now.screen = lib.newterm(NULL, stdout, stdin);
    if (!now.screen)
        return err_set(err, ERR_INVALID, "nothing is known of a terminal of the kind \"%s\" (TERM)", kind ? kind : "");
    lib.cbreak();
    lib.noecho();
    lib.nonl();
    lib.curs_set(0);
    lib.set_escdelay(25);
    now.window = lib.newwin(0, 0, 0, 0);
    if (!now.window) {
        screen_close();
        return err_set(err, ERR_IO, "the terminal has no room");
    }
    lib.keypad(now.window, TRUE);
    if (!registered)
        atexit(screen_close);
    registered = true;
    return 0;
}

void screen_close(void)
{
    if (!now.screen)
        return;
    lib.endwin();
    now.screen = NULL; /* delscreen() would free what a handler of the library's may still use */
    now.window = NULL;
}

void screen_suspend(void)
{
    lib.def_prog_mode();
    lib.endwin();
}

void screen_resume(void)
{
    lib.clearok(now.window, TRUE);
    lib.wrefresh(now.window);
}

bool screen_is_utf8(void)
{
    return now.utf8;
}

void screen_size(int *ret_rows, int *ret_columns)
{
    *ret_rows = lib.getmaxy(now.window);
    *ret_columns = lib.getmaxx(now.window);
}

void screen_line(int row, const char *text, enum screen_style style)
{
    static const attr_t attributes[] = {A_NORMAL, A_BOLD, A_DIM, A_REVERSE};

    if (lib.wmove(now.window, row, 0) == ERR)
        return;
    lib.wclrtoeol(now.window);
    lib.wattrset(now.window, (int)attributes[style]);
    lib.waddnstr(now.window, text, -1);
    lib.wattrset(now.window, A_NORMAL);
}

void screen_show(void)
{
    lib.wrefresh(now.window);
}

static bool is_lost(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static int special_key(wint_t key)
{
    static const struct {
        wint_t curses;
        int ours;
    } keys[] = {
        {KEY_UP, SCREEN_UP},           {KEY_DOWN, SCREEN_DOWN},        {KEY_PPAGE, SCREEN_PAGE_UP},
        {KEY_NPAGE, SCREEN_PAGE_DOWN}, {KEY_HOME, SCREEN_HOME},        {KEY_END, SCREEN_END},
        {KEY_ENTER, SCREEN_ENTER},     {KEY_BACKSPACE, SCREEN_RUBOUT}, {KEY_RESIZE, SCREEN_RESIZED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].curses == key)
            return keys[i].ours;
    return SCREEN_NONE;
}

static int plain_key(wint_t key)
{
    static const struct {
        wint_t typed;
        int ours;
    } keys[] = {
        {'\r', SCREEN_ENTER}, {'\n', SCREEN_ENTER}, {27, SCREEN_ESCAPE}, {127, SCREEN_RUBOUT}, {8, SCREEN_RUBOUT}};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].typed == key)
            return keys[i].ours;
    return (int)key;
}

int screen_key(int timeout_ms)
{
    wint_t key = 0;
    int r;

    lib.wtimeout(now.window, timeout_ms);
    r = lib.wget_wch(now.window, &key);
    if (r == OK)
        return plain_key(key);
    if (r == KEY_CODE_YES)
        return special_key(key);
    return is_lost() ? SCREEN_LOST : SCREEN_NONE;
}
