/* Registries: those that the configuration names or that the user is logged in to, and Docker Hub, which short names
 * mean. Each is asked for its /v2/ with what a pull would show it, by way of its mirrors and by itself. Configuration
 * and clock are here since both are looked at with them. */
#include "doctor/internal.h"

#include "base/time.h"
#include "registry/login.h"

#include <signal.h>
#include <time.h>

enum { SKEW_MAX = 300, REGISTRIES_MAX = 32 };

void doctor_configuration(const struct doctor_host *host, doctor_findings *ret)
{
    if (host->config)
        doctor_say(ret, DOCTOR_OK, "understood");
    else
        doctor_say_error(ret, DOCTOR_FAILURE, host->config_error, "no command works before that is mended", NULL);
}

/* ---- clocks ---- */

void doctor_judge_clock(int64_t now, int64_t built, doctor_findings *ret)
{
    const int64_t day = INT64_C(86400) * 1000000000;
    char here[TIME_TEXT_MAX], then[TIME_TEXT_MAX];

    time_format(now - now % 1000000000, here);
    if (!built || now > built - day) {
        doctor_say(ret, DOCTOR_OK, "%s", here);
        return;
    }
    time_format(built - built % 1000000000, then);
    doctor_means(doctor_say(ret, DOCTOR_FAILURE, "it is %s here, before this program was made (%s)", here, then),
                 "certificates and tokens of registries seem not to be valid yet", "timedatectl set-ntp true");
}

void doctor_clock(const struct doctor_host *host, doctor_findings *ret)
{
    doctor_judge_clock(time_now(), host->built, ret);
}

bool doctor_parse_date(const char *text, int64_t *ret)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    time_t t = end && !*end ? timegm(&tm) : -1;

    if (t < 0 || t > INT64_MAX / 1000000000)
        return false;
    *ret = (int64_t)t * 1000000000;
    return true;
}

void doctor_judge_skew(const char *registry, int64_t theirs, int64_t now, doctor_findings *ret)
{
    int64_t off = (now - theirs) / 1000000000;
    char text[TIME_TEXT_MAX];

    if (off > -SKEW_MAX && off < SKEW_MAX)
        return;
    time_format_age(off < 0 ? theirs - now : now - theirs, text);
    doctor_means(doctor_say(ret, DOCTOR_WARNING, "%s: the clock here is %s %s its own", registry, text,
                            off < 0 ? "behind" : "ahead of"),
                 "certificates and tokens may be refused", "timedatectl set-ntp true");
}

/* ---- who is asked ---- */

struct subject {
    char *domain;
    bool named; /* by the configuration or by a login: it should answer */
};
typedef VEC(struct subject) subjects;

static void add_subject(subjects *to, const char *domain, bool named)
{
    VEC_FOREACH (s, to)
        if (str_eq(s->domain, domain)) {
            s->named |= named;
            return;
        }
    if (to->n < REGISTRIES_MAX)
        *VEC_PUSH(to) = (struct subject){str_dup(domain), named};
}

static void add_login(subjects *to, const char *key)
{
    _cleanup_free_ char *domain = NULL;

    if (registry_login_server(key, &domain, NULL) == 0)
        add_subject(to, domain, true);
}

static void collect(const struct config *config, const struct registry_credentials *known, subjects *ret)
{
    VEC_FOREACH (r, &config->registries)
        add_subject(ret, r->host, true);
    VEC_FOREACH (a, &known->auths)
        add_login(ret, a->key);
    STRV_FOREACH (helper, known->helpers) {
        _cleanup_free_ char *host = str_ndup(*helper, strcspn(*helper, "="));

        add_login(ret, host);
    }
    add_subject(ret, "docker.io", false);
}

/* ---- asking ---- */

struct answers {
    const struct subject *subject;
    bool logged_in, answered; /* by a mirror */
    doctor_findings *findings;
};

static volatile sig_atomic_t late;

static void on_alarm(int signal _unused_)
{
    late = 1;
}

/* What each kind of failure means, and what mends it. */
static const struct {
    int kind;
    const char *meaning, *remedy;
} failures[] = {
    {ERR_AUTH, "what is private there cannot be pulled, and nothing pushed", "cbox login %s"},
    {ERR_TLS, "cbox does not talk to who may be somebody else", "openssl s_client -connect %s </dev/null"},
    {ERR_INTERRUPTED, "pulls wait, and fail", "curl -v https://%s/v2/"},
    {ERR_NETWORK, "nothing can be pulled from there", "curl -v https://%s/v2/"},
};

static void say_failure(const struct answers *a, const struct registry_place *place, enum doctor_verdict verdict,
                        const struct err *failed)
{
    const char *meaning = "nothing can be pulled from there", *form = NULL;
    _cleanup_free_ char *remedy = NULL;
    struct err why = *failed;

    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        if (failures[i].kind == why.kind) {
            meaning = failures[i].meaning;
            form = failures[i].remedy;
        }
    if (why.kind == ERR_INTERRUPTED) {
        why = ERR_INIT;
        err_set(&why, ERR_NETWORK, "no answer within %d seconds", DOCTOR_REGISTRY_SECONDS);
    }
    if (form) {
        const char *who = failed->kind == ERR_AUTH ? a->subject->domain : place->authority;
        const char *at = strstr(form, "%s");

        remedy = str_printf("%.*s%s%s", (int)(at - form), form, who, at + 2);
    }
    if (place->mirror)
        err_wrap(&why, "%s: its mirror %s", a->subject->domain, place->authority);
    else
        err_wrap(&why, "%s", a->subject->domain);
    doctor_say_error(a->findings, verdict, &why, meaning, why.hint[0] ? why.hint : remedy);
}

static void take_answer(void *data, const struct registry_place *place, const char *date, const struct err *failed)
{
    struct answers *a = data;
    enum doctor_verdict verdict = DOCTOR_FAILURE;
    int64_t theirs;

    if (!failed) {
        doctor_say(a->findings, DOCTOR_OK, "%s%s%s answers%s", a->subject->domain, place->mirror ? ": its mirror " : "",
                   place->mirror ? place->authority : "", a->logged_in ? ", and takes the login" : "");
        if (doctor_parse_date(date, &theirs))
            doctor_judge_skew(place->authority, theirs, time_now(), a->findings);
        a->answered = true;
    } else if (failed->kind == ERR_AUTH && !a->logged_in) {
        _cleanup_free_ char *remedy = str_printf("cbox login %s", a->subject->domain);

        doctor_means(doctor_say(a->findings, DOCTOR_NOTE, "%s answers, and wants a login", place->authority),
                     "nothing can be pulled from there without one", remedy);
        a->answered = true;
    } else {
        if (place->mirror || !a->subject->named || (a->answered && failed->kind != ERR_AUTH))
            verdict = a->answered ? DOCTOR_NOTE : DOCTOR_WARNING;
        say_failure(a, place, verdict, failed);
    }
    late = 0;
    alarm(DOCTOR_REGISTRY_SECONDS);
}

static void ask(const struct config *config, struct registry_credentials *known, const struct subject *subject,
                doctor_findings *ret)
{
    const struct registry_options options = {.interrupted = &late};
    struct answers answers = {.subject = subject, .findings = ret};
    _cleanup_(registry_free_cleanup) struct registry *registry = NULL;
    _cleanup_login_ struct registry_login login = {0};
    struct err why = ERR_INIT;
    int r = registry_credentials_find(known, subject->domain, "", &login, &why);

    if (r < 0) {
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "the program that keeps the login is of no use", NULL);
        return;
    }
    answers.logged_in = !registry_login_is_empty(&login);
    late = 0;
    alarm(DOCTOR_REGISTRY_SECONDS);
    r = registry_new(config, &options, &registry, &why);
    if (r == 0)
        r = registry_ask(registry, subject->domain, take_answer, &answers, &why);
    alarm(0);
    if (r < 0)
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "nothing can be pulled from there", NULL);
}

void doctor_registries(const struct doctor_host *host, doctor_findings *ret)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    struct registry_credentials known = {0};
    struct err why = ERR_INIT;
    subjects who = {0};

    if (!host->config) {
        doctor_say(ret, DOCTOR_NOTE, "not looked at, since the configuration cannot be read");
        return;
    }
    if (registry_credentials_load(&known, &why) < 0)
        doctor_say_error(ret, DOCTOR_FAILURE, &why, "nothing can be pulled", NULL);
    collect(host->config, &known, &who);
    sigaction(SIGALRM, &action, &before);
    VEC_FOREACH (s, &who) {
        ask(host->config, &known, s, ret);
        free(s->domain);
    }
    sigaction(SIGALRM, &before, NULL);
    free(who.v);
    registry_credentials_release(&known);
}
