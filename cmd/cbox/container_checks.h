/* What the option tables of `run`, `create` and `update` ask of an argument, in Docker's words. */
#pragma once

#include "base/err.h"

int check_annotation(const char *text, struct err *err);
int check_attach(const char *text, struct err *err);
int check_driver_option(const char *text, struct err *err);
int check_device(const char *text, struct err *err);
int check_device_rule(const char *text, struct err *err);
int check_expose(const char *text, struct err *err);
int check_gpus(const char *text, struct err *err);
int check_host(const char *text, struct err *err);
int check_ipc(const char *text, struct err *err);
int check_iops_device(const char *text, struct err *err);
int check_isolation(const char *text, struct err *err);
int check_mac(const char *text, struct err *err);
int check_mount(const char *text, struct err *err);
int check_network(const char *text, struct err *err);
int check_publish(const char *text, struct err *err);
int check_pull(const char *text, struct err *err);
int check_rate_device(const char *text, struct err *err);
int check_runtime(const char *text, struct err *err);
int check_ulimit(const char *text, struct err *err);
int check_volume_driver(const char *text, struct err *err);
int check_weight_device(const char *text, struct err *err);

/* Options that cannot be given: why not. */
int refuse_kernel_memory(const char *text, struct err *err);
int refuse_link(const char *text, struct err *err);
int refuse_socket(const char *text, struct err *err);
int refuse_storage(const char *text, struct err *err);
int refuse_windows(const char *text, struct err *err);

/* For CLI_CUSTOM: bytes or -1; durations in nanoseconds. */
int parse_bytes_or_none(const char *text, void *field, struct err *err);
int parse_duration(const char *text, void *field, struct err *err);
