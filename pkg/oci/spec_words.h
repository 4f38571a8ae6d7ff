/* The words that the runtime specification 1.3 knows for Linux, each list ended by NULL. What is read is checked
 * against them (oci_spec_check()), and `cbox runtime features` lists them. Numbers for them are the business of who
 * uses them.
 */
#pragma once

#include <stdbool.h>

extern const char *const oci_namespace_words[];      /* linux.namespaces[].type */
extern const char *const oci_hook_words[];           /* members of hooks */
extern const char *const oci_rlimit_words[];         /* process.rlimits[].type */
extern const char *const oci_scheduler_words[];      /* process.scheduler.policy */
extern const char *const oci_scheduler_flag_words[]; /* process.scheduler.flags */
extern const char *const oci_io_class_words[];       /* process.ioPriority.class */
extern const char *const oci_clock_words[];          /* linux.timeOffsets */
extern const char *const oci_propagation_words[];    /* linux.rootfsPropagation */
extern const char *const oci_personality_words[];    /* linux.personality.domain */
extern const char *const oci_memory_mode_words[];    /* linux.memoryPolicy.mode */
extern const char *const oci_memory_flag_words[];    /* linux.memoryPolicy.flags */

/* linux.seccomp: the lists of libseccomp 2.6, as far as the specification has them. */
extern const char *const oci_seccomp_action_words[];
extern const char *const oci_seccomp_operator_words[];
extern const char *const oci_seccomp_arch_words[];
extern const char *const oci_seccomp_flag_words[];

bool oci_word_known(const char *const words[], const char *word);
