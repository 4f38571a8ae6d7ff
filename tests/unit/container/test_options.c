#include "../unit.h"

#include "bundle/bundle.h"
#include "container/update.h"

static const struct bundle_machine machine = {4, "0-3", "0"};

static void parse_host(const char *text, struct engine_host_config *ret)
{
    struct err err = ERR_INIT;

    if (json_parse(text, strlen(text), &engine_host_config_type, ret, &err) < 0)
        fail_msg("%s", err.text);
}

/* `had` with `given` in it, as text; or the error. */
static void expect_change(const char *had, const char *given, const char *restart, const char *expected)
{
    struct engine_host_config h = {0}, to = {0};
    struct engine_restart_policy policy = {.name = (char *)restart};
    _cleanup_buf_ struct buf got = BUF_INIT;
    struct err err = ERR_INIT;

    parse_host(had, &h);
    parse_host(given, &to);
    if (container_change_options(&(struct container_change){&to, restart ? &policy : NULL}, &machine, &h, &err) < 0)
        buf_adds(&got, err.text);
    else
        json_dump(&engine_host_config_type, &h, false, &got);
    assert_string_equal(buf_str(&got), expected);
    json_free(&engine_host_config_type, &h);
    json_free(&engine_host_config_type, &to);
}

static void test_changes(void **state _unused_)
{
    expect_change("{\"CpuShares\":5,\"CpusetCpus\":\"0\"}", "{\"CpuShares\":7}", NULL,
                  "{\"CpuShares\":7,\"CpusetCpus\":\"0\"}");
    expect_change("{}", "{\"CpusetMems\":\"0\",\"PidsLimit\":9}", NULL, "{\"CpusetMems\":\"0\",\"PidsLimit\":9}");
    expect_change("{\"PidsLimit\":9}", "{\"PidsLimit\":-1}", NULL, "{\"PidsLimit\":-1}");
    expect_change("{\"Memory\":67108864,\"MemorySwap\":134217728}", "{\"Memory\":100663296}", NULL,
                  "{\"Memory\":100663296,\"MemorySwap\":134217728}");
    expect_change("{\"Memory\":67108864,\"MemorySwap\":-1}", "{\"Memory\":200000000}", NULL,
                  "{\"Memory\":200000000,\"MemorySwap\":-1}");
    expect_change("{}", "{}", "always", "{\"RestartPolicy\":{\"Name\":\"always\"}}");
    expect_change("{\"AutoRemove\":true}", "{}", "no", "{\"RestartPolicy\":{\"Name\":\"no\"},\"AutoRemove\":true}");
}

static void test_refusals(void **state _unused_)
{
    expect_change("{\"Memory\":67108864,\"MemorySwap\":134217728}", "{\"Memory\":200000000}", NULL,
                  "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same "
                  "time");
    expect_change("{\"CpuPeriod\":5000}", "{\"NanoCpus\":1000000000}", NULL,
                  "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
    expect_change("{\"NanoCpus\":1000000000}", "{\"CpuQuota\":5000}", NULL,
                  "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
    expect_change("{}", "{\"Memory\":5}", NULL, "Minimum memory limit allowed is 6MB");
    expect_change("{}", "{\"NanoCpus\":9000000000}", NULL,
                  "Range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available");
    expect_change("{\"Memory\":67108864,\"MemorySwap\":134217728}", "{\"MemoryReservation\":100663296}", NULL,
                  "Minimum memory limit can not be less than memory reservation limit, see usage");
    expect_change("{\"AutoRemove\":true}", "{}", "always",
                  "Restart policy cannot be updated because AutoRemove is enabled for the container");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("container/options", tests, NULL, NULL);
}
