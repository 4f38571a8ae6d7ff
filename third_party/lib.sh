# shellcheck shell=bash
# Shared by install and check; sourced, not run.

list=$(dirname -- "$0")/packages.tsv

# Prints the groups that packages.tsv knows, one a line.
groups_known() {
    awk -F '\t' '!/^#/ { n = split($1, g, ","); for (i = 1; i <= n; i++) print g[i] }' "$list" | sort -u
}

# Ends the script unless every argument is a known group.
groups_require() {
    local group
    [ $# -gt 0 ] || set -- --help
    for group; do
        if ! groups_known | grep -qxF -e "$group"; then
            echo "usage: $0 GROUP..." >&2
            echo "groups: $(groups_known | paste -sd ' ')" >&2
            exit 2
        fi
    done
}

# Prints "package version" for each package of the groups, once each, in the order of the list.
packages_of() {
    awk -F '\t' -v want="$*" '
        BEGIN { n = split(want, w, " "); for (i = 1; i <= n; i++) wanted[w[i]] = 1 }
        /^#/ { next }
        { n = split($1, g, ","); for (i = 1; i <= n; i++) if (g[i] in wanted && !seen[$2]++) print $2, $3 }' "$list"
}

# Prints "package version" for each package of the groups that is absent or older than the list asks for.
packages_missing() {
    local package minimum status version installed
    declare -A installed=()
    while read -r package version status; do
        [ "$status" != installed ] || installed[${package%%:*}]=$version
    done < <(dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' 2>/dev/null)
    while read -r package minimum; do
        version=${installed[$package]-}
        if [ -z "$version" ] || dpkg --compare-versions "$version" lt "$minimum"; then
            echo "$package $minimum"
        fi
    done < <(packages_of "$@")
}
