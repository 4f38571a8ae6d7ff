/* An init of our own: the process that was set up forks, and what becomes the program is its child. What stays has the
 * program's rights and walls, its filter included, and lets go of all else: descriptors, directory, memory. */
#include "runtime/child.h"
#include "runtime/init_loop.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define HAVE_RSEQ 1
#endif

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__)
#define CAN_MOVE 1
#else
#define CAN_MOVE 0
#endif

enum { PAGES = 2 /* one of code, one of stack */ };

/* The kernel writes there whenever it lets us run, and ends us where it cannot. */
static bool leave_rseq(void)
{
#ifdef HAVE_RSEQ
    enum { UNREGISTER = 1, AREA = 32 };

    if (__rseq_size &&
        syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, AREA, UNREGISTER, RSEQ_SIG) < 0)
        return false;
#endif
    return true;
}

/* Runs the loop in a copy of its code, with a stack of its own, and comes back where that cannot be. */
static void move(struct init_loop *state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), len = (uintptr_t)__stop_cbox_init - (uintptr_t)__start_cbox_init;
    char *p = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct init_loop *copy;
    ucontext_t context;

    if (p == MAP_FAILED || len > page || getcontext(&context) < 0)
        return;
    memcpy(p, __start_cbox_init, len);
    copy = (struct init_loop *)(void *)(p + page);
    *copy = (struct init_loop){state->child, (uintptr_t)p, (uintptr_t)p + PAGES * page, page};
    if (mprotect(p, page, PROT_READ | PROT_EXEC) < 0 || !leave_rseq())
        return;
    sigfillset(&context.uc_sigmask);
    context.uc_stack.ss_sp = copy + 1;
    context.uc_stack.ss_size = page - sizeof(*copy);
    context.uc_link = NULL;
    /* Arguments are ints to makecontext(3), but one that is a pointer passes on every ABI that is named above. */
    makecontext(&context, (void (*)(void))(p + ((uintptr_t)init_loop_run - (uintptr_t)__start_cbox_init)), 1, copy);
    setcontext(&context);
}

static void __attribute__((noreturn)) be_init(pid_t child)
{
    struct init_loop state = {.child = child};

    prctl(PR_SET_NAME, "cbox-init");
    if (chdir("/") < 0)
        errno = 0;
    close_range(0, ~0U, 0);
    if (CAN_MOVE)
        move(&state);
    init_loop_run(&state);
}

int child_init(struct child *c, struct err *err)
{
    sigset_t all, none;
    pid_t pid;

    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, NULL);      /* kept for the loop; none gets lost before it runs */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* where it is not the first of its PID namespace */
    pid = fork();
    if (pid < 0)
        return err_errno(err, errno, "making the process behind the init");
    if (pid > 0)
        be_init(pid);
    /* A group of its own, in front at the terminal, as a shell makes it. */
    if (setpgid(0, 0) == 0 && c->start->spec->process.terminal)
        tcsetpgrp(STDIN_FILENO, getpid());
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}
