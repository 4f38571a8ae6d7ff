#include "explain/explain.h"

#include "cli/term.h"
#include "explain/read.h"
#include "explain/spaces.h"

#include <ctype.h>
#include <poll.h>

enum { INDENT = 2 };

#define WEAKENED "weakened"

static const struct wall {
    const char *name, *heading, *what_for;
    explain_wall_fn *explain;
} walls[] = {
    {WEAKENED, "Weakened", "What options took away from the walls that a container has without any", explain_weakened},
    {"namespaces", "Namespaces",
     "What it sees of the system: each namespace has its own view of one thing, shared with those who are in it",
     explain_namespaces},
    {"processes", "Processes", "Each process has a number outside, and one inside by which those in there know it",
     explain_processes},
    {"users", "Users", "Who its first process is, and whom the host takes it for", explain_users},
    {"capabilities", "Capabilities",
     "The rights of root, in pieces: it has those that most programs need, and no program gets back what was dropped",
     explain_capabilities},
    {"syscalls", "System calls",
     "What it may ask the kernel for: the less of the kernel it can reach, the less of it can be attacked",
     explain_syscalls},
    {"labels", "Security modules", "What the host's own policy makes of it, whatever its rights are", explain_labels},
    {"files", "Files",
     "What it sees of files: a root of its own, made of layers that nobody changes, and what else is mounted in it",
     explain_files},
    {"kernel", "The kernel's own files",
     "What of /proc, /sys and devices it can read and change: there the kernel shows the whole host", explain_kernel},
    {"limits", "Limits", "How much of the host it may take, beside what it takes and how often that was not enough",
     explain_limits},
    {"rlimits", "Limits of a process", "How much one process, or one user, may take, whatever the container may",
     explain_rlimits},
    {"network", "Network",
     "What it has of networks, who reaches it there, and the way of a packet to each port that is published",
     explain_network},
};

/* ---- walls ---- */

/* Whether what was read as one process' may have been another's by the end. */
static bool has_ended(const struct explain_subject *subject)
{
    struct pollfd p = {.fd = subject->pidfd, .events = POLLIN};

    return subject->pid && poll(&p, 1, 0) != 0;
}

static explain_facts explain_each(const struct explain_subject *subject)
{
    explain_facts facts = {0};

    for (size_t i = 0; i < ARRAY_SIZE(walls); i++) {
        struct explain_fact *wall = explain_add(&facts, walls[i].name, NULL, "%s", walls[i].what_for);
        struct err why = ERR_INIT;

        if (walls[i].explain(subject, &wall->below, &why) < 0)
            explain_unread(&wall->below, walls[i].name, &why);
    }
    return facts;
}

int explain_walls(const struct explain_subject *subject, explain_facts *ret, struct err *err)
{
    struct explain_space spaces[EXPLAIN_SPACES];
    struct explain_subject seen = *subject;
    explain_facts facts;
    int r = explain_spaces_of(subject, spaces, err);

    if (r < 0)
        return r;
    seen.spaces = spaces;
    facts = explain_each(&seen);
    explain_spaces_release(spaces);
    if (has_ended(subject)) {
        explain_facts_release(&facts);
        return err_set(err, ERR_NOT_FOUND, "container %s has ended", subject->name);
    }
    *ret = facts;
    return 0;
}

/* ---- as a document ---- */

struct cli_value explain_document(const struct explain_subject *subject, const explain_facts *facts)
{
    const struct explain_fact *weakened = explain_find(facts, WEAKENED); /* the first of them */
    const explain_facts rest = {facts->v + (weakened != NULL), facts->n - (weakened != NULL), 0};
    struct cli_value v = {.kind = CLI_MAP};

    cli_value_put_text(&v, "Name", subject->name);
    cli_value_put_text(&v, "ID", subject->id);
    cli_value_put_text(&v, "Image", subject->options->config.image);
    cli_value_put(&v, "Running", cli_value_truth(subject->pid != 0));
    cli_value_put(&v, "Pid", cli_value_number(subject->pid));
    cli_value_put(&v, "Weakened", explain_facts_value(weakened ? &weakened->below : &(explain_facts){0}));
    cli_value_put(&v, "Walls", explain_facts_value(&rest));
    return v;
}

/* ---- for people ---- */

static const char *heading_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(walls); i++)
        if (str_eq(walls[i].name, name))
            return walls[i].heading;
    return name;
}

static void add_heading(const char *name, bool bold, struct buf *out)
{
    const char *heading = heading_of(name);

    buf_adds(out, bold ? "\n\x1b[1m" : "\n");
    for (const char *c = heading; *c; c++)
        buf_addc(out, (char)toupper((unsigned char)*c));
    buf_adds(out, bold ? "\x1b[m\n" : "\n");
}

static void add_paragraph(const char *text, const struct explain_print *how, struct buf *out)
{
    _cleanup_buf_ struct buf shown = BUF_INIT;

    cli_add_printable(&shown, text);
    buf_addf(out, "%*s", (int)how->indent, "");
    explain_print_text(buf_str(&shown), how->indent, how->width, out);
}

static void add_who(const struct explain_subject *subject, const struct explain_print *how, struct buf *out)
{
    const char *image = subject->options->config.image;
    _cleanup_free_ char *text = NULL;

    if (!subject->id)
        text = str_printf("What a container of the image %s would have that is run without options.", image);
    else if (!subject->pid)
        text =
            str_printf("Container %s of the image %s does not run: this is what it would have.", subject->name, image);
    else
        text = str_printf("Container %s of the image %s: process %d of the host and what it started.", subject->name,
                          image, (int)subject->pid);
    add_paragraph(text, &(struct explain_print){.width = how->width}, out);
}

static bool any_weak(const explain_facts *facts)
{
    VEC_FOREACH (f, facts)
        if (f->weak || any_weak(&f->below))
            return true;
    return false;
}

void explain_print_walls(const struct explain_subject *subject, const explain_facts *facts,
                         const struct explain_print *how, bool bold, struct buf *out)
{
    const struct explain_print inside = {how->indent + INDENT, how->width, how->sources};

    add_who(subject, how, out);
    VEC_FOREACH (wall, facts) {
        _cleanup_free_ char *sentence = str_printf("%s.", wall->text);

        if (!wall->below.n) {
            if (str_eq(wall->name, WEAKENED))
                add_paragraph(any_weak(facts) ? "No option took away more than what is marked with ! below."
                                              : "No option took anything away from its walls.",
                              how, out);
            continue;
        }
        add_heading(wall->name, bold, out);
        add_paragraph(sentence, &inside, out);
        buf_addc(out, '\n');
        explain_print(&wall->below, &(struct explain_print){inside.indent + INDENT, how->width, how->sources}, out);
    }
}
