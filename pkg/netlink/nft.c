/* libnftables' adapter: a text becomes a transaction, in a process that ends with it. */
#include "netlink/nft.h"

#include "base/buf.h"
#include "sys/dl.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <sys/wait.h>

static struct {
    __typeof__(&nft_ctx_new) nft_ctx_new;
    __typeof__(&nft_ctx_free) nft_ctx_free;
    __typeof__(&nft_ctx_buffer_output) nft_ctx_buffer_output;
    __typeof__(&nft_ctx_buffer_error) nft_ctx_buffer_error;
    __typeof__(&nft_ctx_get_error_buffer) nft_ctx_get_error_buffer;
    __typeof__(&nft_run_cmd_from_buffer) nft_run_cmd_from_buffer;
} lib;

static const struct dl_symbol symbols[] = {
    DL_SYMBOL(lib, nft_ctx_new),
    DL_SYMBOL(lib, nft_ctx_free),
    DL_SYMBOL(lib, nft_ctx_buffer_output),
    DL_SYMBOL(lib, nft_ctx_buffer_error),
    DL_SYMBOL(lib, nft_ctx_get_error_buffer),
    DL_SYMBOL(lib, nft_run_cmd_from_buffer),
};

static struct dl_library library = {"libnftables.so.1", "libnftables1", symbols, ARRAY_SIZE(symbols)};

/* What the kernel says is found in the library's words: it hands no number on. In its order of importance. */
static const struct {
    const char *words;
    int kind;
    const char *hint;
} answers[] = {
    {"Operation not permitted", ERR_PERMISSION, NULL},
    {"Permission denied", ERR_PERMISSION, NULL},
    {"Operation not supported", ERR_UNSUPPORTED,
     "networks need the kernel's nf_tables, nft_nat, nft_masq, nft_fib_inet"},
    {"Protocol not supported", ERR_UNSUPPORTED,
     "networks need the kernel's nf_tables, nft_nat, nft_masq, nft_fib_inet"},
    {"Unable to initialize Netlink", ERR_UNSUPPORTED, "networks need the kernel's nf_tables"},
    {"File exists", ERR_EXISTS, NULL},
    {"No such file or directory", ERR_NOT_FOUND, NULL},
    {"No space left", ERR_NO_SPACE, NULL},
};

/* The first line, without what points at the place in the text. */
static int refuse(const char *said, struct err *err)
{
    const char *start = str_after(said, "/dev/stdin:"), *words;
    int n, r = 0;

    words = strstr(start ? start : said, "Error: ");
    words = words ? words + strlen("Error: ") : said;
    n = (int)strcspn(words, "\n");
    for (size_t i = 0; i < ARRAY_SIZE(answers) && r == 0; i++) {
        if (!strstr(said, answers[i].words))
            continue;
        r = err_set(err, answers[i].kind, "nftables: %.*s", n, words);
        if (answers[i].hint)
            err_hint(err, "%s", answers[i].hint);
    }
    return r < 0 ? r : err_set(err, ERR_IO, "nftables: %.*s", n, n ? words : "failed");
}

/* In the child: the error's record goes through the pipe; nothing means that all went well. */
static int run_here(const char *text, struct err *err)
{
    struct nft_ctx *ctx;
    int r = dl_open(&library, err);

    if (r < 0)
        return r;
    ctx = lib.nft_ctx_new(NFT_CTX_DEFAULT);
    if (!ctx || lib.nft_ctx_buffer_output(ctx) != 0 || lib.nft_ctx_buffer_error(ctx) != 0)
        return err_set(err, ERR_UNSUPPORTED, "nftables: cannot be used");
    if (lib.nft_run_cmd_from_buffer(ctx, text) != 0)
        return refuse(lib.nft_ctx_get_error_buffer(ctx), err);
    return 0; /* the process ends: freeing everything would only take time */
}

_Noreturn static void child(const char *text, int to)
{
    _cleanup_fd_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct err err = ERR_INIT;

    /* The library has words of its own for standard error, without a name, where it has no right, memory or netlink. */
    if (null >= 0)
        dup2(null, STDERR_FILENO);
    if (run_here(text, &err) < 0)
        _exit(fd_write_all(to, &err, sizeof(err)) < 0 ? 2 : 1);
    _exit(0);
}

int nft_run(const char *text, struct err *err)
{
    _cleanup_fd_ int from = -1, to = -1;
    struct err said = ERR_INIT;
    int fds[2], status = 0;
    ssize_t n;
    pid_t pid;

    if (str_empty(text))
        return 0;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, errno, "nftables: pipe");
    from = fds[0];
    to = fds[1];
    pid = fork();
    if (pid < 0)
        return err_errno(err, errno, "nftables: fork");
    if (pid == 0)
        child(text, to);
    to = fd_close(to);
    n = fd_read_all(from, &said, sizeof(said));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (n == sizeof(said) && said.kind < 0) {
        if (err)
            *err = said;
        return said.kind;
    }
    if (status != 0)
        return err_set(err, ERR_IO, "nftables: the process that runs libnftables ended with status %#x",
                       (unsigned)status);
    return 0;
}
