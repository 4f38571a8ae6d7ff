/* clang-format off */
/* The lines of the option tables of `run` and `create`, inside of which this is included: RUN_ONLY(…) holds what `create`
 * does not have. */
CLI_LIST(struct container_flags, 'a', "attach", attach, "Attach to STDIN, STDOUT or STDERR"),
CLI_NANO(struct container_flags, 0, "cpus", cpus, "Number of CPUs"),
RUN_ONLY(CLI_FLAG(struct container_flags, 'd', "detach", detach,
                  "Run container in background and print container ID"))
RUN_ONLY(CLI_STRING(struct container_flags, 0, "detach-keys", detach_keys,
                    "Override the key sequence for detaching a container"))
CLI_STRING(struct container_flags, 0, "entrypoint", entrypoint, "Overwrite the default ENTRYPOINT of the image"),
CLI_LIST(struct container_flags, 'e', "env", env, "Set environment variables"),
CLI_LIST(struct container_flags, 0, "env-file", env_files, "Read in a file of environment variables",
         .values = CLI_VALUES_FILE),
CLI_STRING(struct container_flags, 'h', "hostname", hostname, "Container host name"),
CLI_FLAG(struct container_flags, 0, "init", init,
         "Run an init inside the container that forwards signals and reaps processes"),
CLI_FLAG(struct container_flags, 'i', "interactive", interactive, "Keep STDIN open even if not attached"),
CLI_LIST(struct container_flags, 'l', "label", labels, "Set meta data on a container"),
CLI_SIZE(struct container_flags, 'm', "memory", memory, "Memory limit"),
CLI_STRING(struct container_flags, 0, "name", name, "Assign a name to the container"),
CLI_STRING(struct container_flags, 0, "net", network, "Connect a container to a network", .word = "network",
           .values = CLI_VALUES_WORDS, .words = container_networks, .hidden = true),
CLI_STRING(struct container_flags, 0, "network", network, "Connect a container to a network", .word = "network",
           .shown_default = "none", .values = CLI_VALUES_WORDS, .words = container_networks),
CLI_INT(struct container_flags, 0, "pids-limit", pids_limit, "Tune container pids limit (set -1 for unlimited)",
        .min = INT64_MIN, .max = INT32_MAX),
CLI_STRING(struct container_flags, 0, "platform", platform, "Platform of the image if it has to be pulled",
           .word = "os/arch"),
CLI_FLAG(struct container_flags, 0, "read-only", readonly, "Mount the container's root filesystem as read only"),
CLI_FLAG(struct container_flags, 0, "rm", rm,
         "Automatically remove the container and its anonymous volumes when it exits"),
CLI_LIST(struct container_flags, 0, "security-opt", security, "Security Options"),
RUN_ONLY(CLI_FLAG(struct container_flags, 0, "sig-proxy", sig_proxy, "Proxy received signals to the process",
                  .shown_default = "true"))
CLI_FLAG(struct container_flags, 't', "tty", tty, "Allocate a pseudo-TTY"),
CLI_STRING(struct container_flags, 'u', "user", user, "Username or UID (format: <name|uid>[:<group|gid>])"),
CLI_LIST(struct container_flags, 'v', "volume", volumes, "Bind mount a volume", .values = CLI_VALUES_FILE),
CLI_STRING(struct container_flags, 'w', "workdir", workdir, "Working directory inside the container"),
    /* clang-format on */
