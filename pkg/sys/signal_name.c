#include "sys/signal_name.h"

#include "base/num.h"

#include <signal.h>
#include <strings.h>

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},   {"CHLD", SIGCHLD},     {"CONT", SIGCONT},
    {"FPE", SIGFPE},   {"HUP", SIGHUP},   {"ILL", SIGILL},   {"INT", SIGINT},       {"IO", SIGIO},
    {"IOT", SIGIOT},   {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},     {"PROF", SIGPROF},
    {"PWR", SIGPWR},   {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV}, {"STOP", SIGSTOP},     {"SYS", SIGSYS},
    {"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},
    {"URG", SIGURG},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
    {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
};

/* The real-time ones of the kernel, of which the C library keeps the first two for itself. */
enum { RT_FIRST = 34, RT_LAST = 64 };

static int parse_realtime(const char *name, int *ret)
{
    int64_t n = 0;

    if (strncasecmp(name, "RTMIN", 5) == 0) {
        if (name[5] && (name[5] != '+' || num_parse_i64(name + 6, 0, RT_LAST - RT_FIRST, &n, NULL) < 0))
            return ERR_INVALID;
        *ret = RT_FIRST + (int)n;
        return 0;
    }
    if (strncasecmp(name, "RTMAX", 5) != 0 ||
        (name[5] && (name[5] != '-' || num_parse_i64(name + 6, 0, RT_LAST - RT_FIRST, &n, NULL) < 0)))
        return ERR_INVALID;
    *ret = RT_LAST - (int)n;
    return 0;
}

int signal_parse(const char *text, int *ret, struct err *err)
{
    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    int64_t number;

    if (num_parse_i64(text, 1, RT_LAST, &number, NULL) == 0) {
        *ret = (int)number;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        if (strcasecmp(name, signals[i].name) == 0) {
            *ret = signals[i].number;
            return 0;
        }
    return parse_realtime(name, ret) == 0 ? 0 : err_set(err, ERR_INVALID, "invalid signal: %s", text);
}
