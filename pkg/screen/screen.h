/* The terminal as a screen of lines: ncurses' adapter, opened on first use. curs_initscr(3X), curs_getch(3X).
 *
 * One screen a process, on its standard input and output. Between screen_open() and screen_close() nothing else writes
 * there but in between screen_suspend() and screen_resume().
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* ERR_UNSUPPORTED without the library, ERR_INVALID where there is no terminal or its kind (TERM) is not known. Sets
 * LC_CTYPE as the environment has it. */
int screen_open(struct err *err);

/* Sets the terminal back; without screen_open() nothing happens. Also at exit(3). */
void screen_close(void);

/* Another program has the terminal meanwhile. */
void screen_suspend(void);
void screen_resume(void);

/* Whether characters beyond ASCII can be shown. */
bool screen_is_utf8(void);

void screen_size(int *ret_rows, int *ret_columns);

enum screen_style { SCREEN_PLAIN, SCREEN_BOLD, SCREEN_DIM, SCREEN_REVERSE };

/* Writes the line `row` (from 0) anew; what is beyond the screen is cut. `text` has no control characters. Nothing is
 * seen of it before screen_show(). */
void screen_line(int row, const char *text, enum screen_style style);
void screen_show(void);

enum screen_key {
    SCREEN_NONE = -1, /* none came in time */
    SCREEN_LOST = -2, /* the terminal is gone */
    SCREEN_RESIZED = -3,
    SCREEN_UP = -4,
    SCREEN_DOWN = -5,
    SCREEN_PAGE_UP = -6,
    SCREEN_PAGE_DOWN = -7,
    SCREEN_HOME = -8,
    SCREEN_END = -9,
    SCREEN_ENTER = -10,
    SCREEN_ESCAPE = -11,
    SCREEN_RUBOUT = -12,
};

/* Waits for a key, in ms: one of the above, or the character. A signal may end the waiting. */
int screen_key(int timeout_ms);
