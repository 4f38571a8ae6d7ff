#include "monitor/restart.h"

static const int64_t first_pause = 100000000, longest_pause = 60000000000, long_run = 10000000000; /* ns */

static bool is(const struct engine_restart_policy *policy, const char *name)
{
    return str_eq(policy->name, name);
}

bool restart_decide(const struct engine_restart_policy *policy, const struct restart_end *end,
                    struct restart_state *state)
{
    bool again = is(policy, "always") || is(policy, "unless-stopped");

    if (is(policy, "on-failure"))
        again = end->code != 0 && (!policy->maximum_retry_count || state->count < policy->maximum_retry_count);
    if (!again || end->stopped)
        return false;
    if (end->ran >= long_run || !state->pause)
        state->pause = first_pause;
    else
        state->pause = MIN_OF(state->pause * 2, longest_pause);
    state->count++;
    return true;
}

bool restart_after_boot(const struct engine_restart_policy *policy, bool stopped)
{
    return is(policy, "always") || (is(policy, "unless-stopped") && !stopped);
}
