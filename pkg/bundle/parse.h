/* The words of `run` that are no plain text or number, as Docker's command line understands them: plain data in, plain
 * data out. ERR_INVALID in Docker's words. What is appended is the caller's to release, in any case.
 *
 * A `…_check` says whether a later reading will do; the readings themselves say it too.
 */
#pragma once

#include "oci/engine.h"

/* NAME=SOFT[:HARD], each a number or -1. */
int bundle_parse_ulimit(const char *text, struct engine_ulimit *ret, struct err *err);

/* SOURCE[:DESTINATION][:PERMISSIONS] below "/"; a SOURCE that ends in "*" is for the caller to expand. */
int bundle_parse_device(const char *text, struct engine_device *ret, struct err *err);
bool bundle_is_cdi_device(const char *text); /* VENDOR.COM/CLASS=NAME */

/* TYPE MAJOR:MINOR PERMISSIONS, as "c 1:* rwm". `ret` may be NULL. */
struct oci_device_rule;
int bundle_parse_device_rule(const char *text, struct oci_device_rule *ret, struct err *err);

/* /dev/PATH:WEIGHT, /dev/PATH:BYTES[UNIT], /dev/PATH:NUMBER */
int bundle_parse_weight_device(const char *text, struct engine_weight_device *ret, struct err *err);
int bundle_parse_rate_device(const char *text, bool bytes, struct engine_rate_device *ret, struct err *err);

/* all | N | a list of device=, count=, driver=, capabilities=, options=, separated by commas. */
int bundle_parse_gpus(const char *text, struct engine_device_request *ret, struct err *err);

/* NAME[:COUNT] */
int bundle_parse_restart(const char *text, struct engine_restart_policy *ret, struct err *err);

/* PORT[-PORT][/PROTOCOL], appended as "80/tcp". */
int bundle_parse_expose(const char *text, char ***ports, struct err *err);

/* FIRST[-LAST], each 0 to 65535. Text of `len` bytes. */
int bundle_parse_port_range(const char *text, size_t len, int64_t *ret_first, int64_t *ret_last, struct err *err);

/* [[HOST_ADDRESS:]HOST_PORT:]PORT[/PROTOCOL], where both ports may be ranges, of the host alone a choice; or
 * target=PORT,published=PORT,protocol=PROTOCOL. The caller releases `ret` after 0 (json_free(),
 * engine_port_binding_type).
 */
int bundle_parse_publish(const char *text, struct engine_port_binding *ret, struct err *err);

/* NAME, or name=NAME,alias=NAME,ip=ADDRESS,… as --network has it. The caller releases `ret` in any case (json_free(),
 * engine_endpoint_type). */
int bundle_parse_network(const char *text, struct engine_endpoint *ret, struct err *err);

/* NAME:ADDRESS or NAME=ADDRESS; appended as the first. */
int bundle_parse_host(const char *text, char ***hosts, struct err *err);

int bundle_check_sysctl(const char *text, struct err *err);
int bundle_check_address(const char *text, struct err *err);
int bundle_check_domain(const char *text, struct err *err);
int bundle_check_env(const char *text, struct err *err);

/* Modes of namespaces: Docker's words for each. */
int bundle_check_ipc(const char *mode, struct err *err);
int bundle_check_pid(const char *mode, struct err *err);
int bundle_check_uts(const char *mode, struct err *err);
int bundle_check_userns(const char *mode, struct err *err);
int bundle_check_cgroupns(const char *mode, struct err *err);

/* Values separated by commas, some of them in quotes (RFC 4180), appended. */
int bundle_split_fields(const char *text, char ***ret, struct err *err);

/* Of "container:NAME" the name, else NULL. */
const char *bundle_mode_container(const char *mode);

/* Whether a --network names one that the user made: none of "default", "bridge", "host", "none", "container:…". */
bool bundle_network_is_users(const char *network);
