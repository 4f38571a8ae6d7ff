#include "process_table.h"

#include "base/strv.h"
#include "sys/fd.h"
#include "sys/run.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What ps(1) may say; of a command line, what is shown. */
enum { OUTPUT_MAX = 64 << 20, COMMAND_MAX = 64 << 10, STAT_MAX = 4096 };

const char *process_table_word(const char *line, int n)
{
    for (const char *p = line;;) {
        p += strspn(p, " \t");
        if (!*p || *p == '\n')
            return NULL;
        if (n-- == 0)
            return p;
        p += strcspn(p, " \t\n");
    }
}

int process_table_words(const char *line)
{
    int n = 0;

    while (process_table_word(line, n))
        n++;
    return n;
}

static int pid_column(const char *head)
{
    const char *word;

    for (int n = 0; (word = process_table_word(head, n)); n++)
        if (strcspn(word, " \t\n") == 3 && memcmp(word, "PID", 3) == 0)
            return n;
    return -1;
}

static bool contains(const cgroup_pid_list *pids, const char *word)
{
    long n = word ? strtol(word, NULL, 10) : 0;

    VEC_FOREACH (pid, pids)
        if (*pid == n)
            return true;
    return false;
}

/* ---- without ps(1): proc_pid_stat(5) ---- */

struct process {
    int parent, terminal;
    unsigned long long ticks; /* of CPU time */
    unsigned long long start; /* ticks since the boot */
};

/* Behind the name, which may hold anything. */
static bool read_stat(int proc, struct process *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(STAT_MAX);
    const char *p = fd_read_file(proc, "stat", &text, NULL) == 0 ? strrchr(buf_str(&text), ')') : NULL;
    unsigned long long user, kernel;

    if (!p || sscanf(p, ") %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %llu",
                     &ret->parent, &ret->terminal, &user, &kernel, &ret->start) != 5)
        return false;
    ret->ticks = user + kernel;
    return true;
}

/* Its words with blanks between them; of a kernel's thread or a zombie, the name in brackets. */
static char *read_command(int proc)
{
    _cleanup_buf_ struct buf text = BUF_INIT_MAX(COMMAND_MAX), name = BUF_INIT_MAX(STAT_MAX);

    (void)fd_read_file(proc, "cmdline", &text, NULL);
    while (text.len && !text.p[text.len - 1])
        text.len--;
    if (text.len) {
        for (size_t i = 0; i < text.len; i++)
            if (!text.p[i] || text.p[i] == '\n')
                text.p[i] = ' ';
        return str_ndup(text.p, text.len);
    }
    (void)fd_read_file(proc, "comm", &name, NULL);
    return str_printf("[%.*s]", (int)strcspn(buf_str(&name), "\n"), buf_str(&name));
}

static char *user_of(int proc)
{
    struct stat st;
    const struct passwd *pw = fstat(proc, &st) == 0 ? getpwuid(st.st_uid) : NULL;

    return pw ? str_dup(pw->pw_name) : str_printf("%u", fstat(proc, &st) == 0 ? (unsigned)st.st_uid : 0U);
}

static char *terminal_of(const struct process *p)
{
    unsigned major = ((unsigned)p->terminal >> 8) & 0xfff, minor = (unsigned)p->terminal & 0xff;

    if (!p->terminal)
        return str_dup("?");
    minor |= ((unsigned)p->terminal >> 12) & 0xfff00;
    return major >= 136 && major < 144 ? str_printf("pts/%u", (major - 136) * 256 + minor)
                                       : str_printf("%u:%u", major, minor);
}

/* When it started: a time of today, or a day. And how long it has been running, in seconds. */
static void start_of(const struct process *p, char text[16], double *ret_age)
{
    struct timespec up, now;
    struct tm then_tm, now_tm;
    time_t then;

    clock_gettime(CLOCK_BOOTTIME, &up);
    clock_gettime(CLOCK_REALTIME, &now);
    *ret_age = (double)up.tv_sec + (double)up.tv_nsec / 1e9 - (double)p->start / (double)sysconf(_SC_CLK_TCK);
    then = now.tv_sec - (time_t)*ret_age;
    localtime_r(&then, &then_tm);
    localtime_r(&now.tv_sec, &now_tm);
    strftime(text, 16, then_tm.tm_yday == now_tm.tm_yday && then_tm.tm_year == now_tm.tm_year ? "%H:%M" : "%b%d",
             &then_tm);
}

static char *describe(pid_t pid)
{
    _cleanup_free_ char *path = str_printf("/proc/%d", (int)pid), *user = NULL, *terminal = NULL, *command = NULL;
    _cleanup_fd_ int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct process p;
    char start[16];
    double age;
    long seconds;

    if (proc < 0 || !read_stat(proc, &p))
        return NULL; /* it has ended */
    user = user_of(proc);
    terminal = terminal_of(&p);
    command = read_command(proc);
    start_of(&p, start, &age);
    seconds = (long)(p.ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
    return str_printf("%-8s %7d %7d %2d %5s %-8s %02ld:%02ld:%02ld %s", user, (int)pid, p.parent,
                      age > 0 ? (int)((double)seconds * 100 / age) : 0, start, terminal, seconds / 3600,
                      seconds / 60 % 60, seconds % 60, command);
}

static void own_table(const cgroup_pid_list *pids, void (*line)(const char *text, void *data), void *data)
{
    line("UID          PID    PPID  C STIME TTY          TIME CMD", data);
    VEC_FOREACH (pid, pids) {
        _cleanup_free_ char *text = describe(*pid);

        if (text)
            line(text, data);
    }
}

/* ---- with it ---- */

/* ps(1) knows how to show processes, and cannot be told that these alone are wanted whatever its other options. */
static int choose(const cgroup_pid_list *pids, const struct buf *output, void (*line)(const char *text, void *data),
                  void *data, struct err *err)
{
    int column = pid_column(buf_str(output));

    if (column < 0)
        return err_set(err, ERR_INVALID, "ps shows no column PID");
    for (const char *at = buf_str(output), *next; *at; at = next) {
        size_t len = strcspn(at, "\n");
        _cleanup_free_ char *text = str_ndup(at, len);

        next = at + len + (at[len] == '\n');
        if (at == output->p || contains(pids, process_table_word(text, column)))
            line(text, data);
    }
    return 0;
}

int process_table(const cgroup_pid_list *pids, char *const *ps_options, void (*line)(const char *text, void *data),
                  void *data, struct err *err)
{
    _cleanup_strv_ char **argv = NULL;
    _cleanup_buf_ struct buf output = BUF_INIT_MAX(OUTPUT_MAX);
    bool plain = !ps_options || !*ps_options;
    struct err why = ERR_INIT;
    int r;

    strv_add(&argv, "ps");
    strv_extend(&argv, ps_options);
    if (plain)
        strv_add(&argv, "-ef");
    r = run_program(&(struct run){.argv = (const char *const *)argv, .output = &output, .errors = true}, &why);
    if (r == ERR_NOT_FOUND && plain) {
        own_table(pids, line, data);
        return 0;
    }
    if (r < 0) {
        *err = why;
        return r;
    }
    if (r > 0)
        return err_set(err, ERR_INVALID, "ps: exit status %d: %.*s", r, (int)strcspn(buf_str(&output), "\n"),
                       buf_str(&output));
    return choose(pids, &output, line, data, err);
}
