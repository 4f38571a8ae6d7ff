# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # what is asked is expanded on both sides; scripts use what is set here
# What the scripts of this folder share: a process that keeps a wall standing, a question that is asked on both sides of it,
# a cgroup of one's own, and an end that leaves nothing behind.
set -euo pipefail
export LC_ALL=C

# Scripts here bear names of programs that others call, such as mount: they are not to be found in their place.
own=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
PATH=:$PATH:
while [[ $PATH == *":$own:"* ]]; do
    PATH=${PATH/":$own:"/:}
done
PATH=${PATH#:} PATH=${PATH%:}

# ---- leaving nothing behind ----
#
# A trap does not run on SIGKILL. So a second process, the janitor, is told beforehand what is to be done at the end, and does
# it when its standard input ends: that is when this script has ended, for whatever reason. It has a session of its own, so
# that Ctrl-C does not reach it. The end of the pipe that is ours closes at every exec, so no child keeps it open.

# at_end COMMAND...: is done after the end of this script, the last one first.
at_end() {
    printf '%s\n' "${*@Q}" >&"$to_janitor"
}

janitor() {
    local commands=() line number
    while IFS= read -r line; do
        commands+=("$line")
    done
    for ((number = ${#commands[@]} - 1; number >= 0; number--)); do
        eval "${commands[number]}" >&2 || true
    done
}

# What ends by itself, all that lives in a namespace and the namespace with it, is ended first: it may hold the rest.
leave() {
    exec {to_janitor}>&-
    [ ${#holders[@]} -eq 0 ] || kill -KILL "${holders[@]}" 2>/dev/null || true
    wait "$janitor" || true
}

# cgroup_remove DIRECTORY: ends what is in a cgroup, and takes it away. A cgroup with a process in it cannot be removed.
cgroup_remove() {
    local pid tries
    for ((tries = 0; tries < 100; tries++)); do
        [ -d "$1" ] && ! rmdir "$1" 2>/dev/null || return 0
        while read -r pid; do
            kill -KILL "$pid" 2>/dev/null || true
        done <"$1/cgroup.procs"
        sleep 0.05
    done
    echo "$1 cannot be removed"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    janitor
    exit
fi

[ "$(id -u)" -eq 0 ] || { echo "$0: only root may build these walls" >&2 && exit 1; }
holders=()
coproc JANITOR { exec setsid bash "${BASH_SOURCE[0]}"; }
to_janitor=${JANITOR[1]}
janitor=$JANITOR_PID
trap leave EXIT
cd / # a process in a mount namespace goes along with a root that is moved only if it is at "/"

# scratch: makes an empty directory, whose path is then in `work`.
scratch() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/isolation.XXXXXX")
    at_end rm -rf "$work"
}

# ---- namespaces ----

walls=() # those that a script builds, as options of unshare(1) and nsenter(1), which are the same

# hold COMMAND...: starts it in new namespaces, `walls`. It lives as long as this script does: setpriv has unshare killed with its
# parent, and unshare its child, which is the first process of a new pid namespace and takes all others in it along. It says
# who it is by a line with its pid; the /proc that it has at that moment is the outside's. Then the pid is in `held`, and what
# else it says comes from the descriptor `from_held`.
hold() {
    exec {from_held}< <(enter_cgroups && exec setpriv --pdeathsig KILL unshare --kill-child "${walls[@]}" "${unshare[@]}" "$@")
    holders+=($!)
    read -r -u "$from_held" held
}
unshare=() # options of unshare alone
idle=(sh -c 'read -r pid rest </proc/self/stat; echo "$pid"; exec sleep infinity')

# inside COMMAND...: runs it behind the walls. A script whose walls are none of namespaces says itself what that is.
inside() (
    enter_cgroups
    exec nsenter --target "$held" "${walls[@]}" "$@"
)

# ---- cgroups ----
#
# v1 has a tree for each controller, v2 one for all; a hybrid host has some controllers in trees of v1 and others, or none, in
# the one of v2. A controller is in one tree only. cgroups(7)

cgroups=() # directories of ours

# cgroup_make NAME [NAME-ON-V1]: makes a cgroup that has this controller, below the top of its tree. Its directory is then in
# `cgroup`, and 1 or 2 in `version`.
cgroup_make() {
    local name=$1 top
    version=1
    top=$(awk -v name=",${2-$1}," '$3 == "cgroup" && index("," $4 ",", name) { print $2; exit }' /proc/mounts)
    if [ -z "$top" ]; then
        version=2
        top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
        grep -qsw "$name" "$top/cgroup.controllers" || { echo "$0: no tree of cgroups has the controller $name" >&2 && exit 1; }
        # A cgroup hands its controllers down one by one, and only the topmost may hold processes as well.
        if ! grep -qw "$name" "$top/cgroup.subtree_control"; then
            echo "+$name" >"$top/cgroup.subtree_control"
            at_end sh -c 'echo "-$1" >"$0" 2>/dev/null' "$top/cgroup.subtree_control" "$name"
        fi
    fi
    cgroup=$top/isolation.$$
    [ -d "$cgroup" ] || mkdir "$cgroup"
    cgroups+=("$cgroup")
    at_end cgroup_remove "$cgroup"
}

# limit V1-FILE V1-VALUE V2-FILE V2-VALUE: sets a limit of `cgroup` in the words of its version.
limit() {
    [ "$version" -eq 1 ] || shift 2
    echo "$2" >"$cgroup/$1"
    printf '%s: %s\n' "$1" "$2"
}

# Moves the shell that calls it, and with it what it starts, into the cgroups that were made.
enter_cgroups() {
    local dir
    for dir in "${cgroups[@]}"; do
        echo "$BASHPID" >"$dir/cgroup.procs"
    done
}

# ---- side by side ----

# beside WHAT OUTSIDE INSIDE: prints two texts as columns.
beside() {
    printf '\n%s\n' "$1"
    awk 'NR == FNR { left[n = FNR] = $0; next } { right[m = FNR] = $0 }
        END { for (i = 1; i <= n || i <= m; i++) printf "  %-37s | %s\n", left[i], right[i] }' \
        <(column OUTSIDE "$2") <(column INSIDE "$3")
}

column() {
    printf '%s\n' "$1" "$2" | expand | fold -w 37
}

# ask QUESTION...: asks each, a command for sh, outside and inside.
ask() {
    local question
    for question; do
        beside "\$ $question" "$(sh -c "$question" 2>&1)" "$(inside sh -c "$question" 2>&1)"
    done
}

# By what two processes can be told apart, one a line; what is behind the first blank is compared. "cgroups" is the place in the
# trees of cgroups, "cgroup" the namespace that says what of them can be seen.
facts='
for name in cgroup ipc mnt net pid time user uts; do echo "$name $(readlink /proc/self/ns/$name)"; done
echo root $(stat -c %d:%i /)
echo cgroups $(cat /proc/self/cgroup)
echo limits $(cat /proc/self/limits)
echo capabilities $(grep ^CapBnd /proc/self/status)
echo filter $(grep ^Seccomp: /proc/self/status)'

# difference: the last words of each script: in what the two sides differ, of all of the above.
difference() {
    awk 'NR == FNR { outside[$1] = $0; next } outside[$1] != $0 { differ = differ " " $1 }
        END { print "\nWhat differs:" differ }' <(sh -c "$facts") <(inside sh -c "$facts")
}
