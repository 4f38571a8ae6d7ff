# shellcheck shell=sh
# For what is tested in a guest: sourced as /bin/check.sh.
# shellcheck disable=SC2034  # for those who source this
number=0 failed=0

# check NAME STATUS OUTPUT COMMAND...: the command ends with STATUS and its output is OUTPUT, but for zero bytes, in which labels
# of security modules end.
check() {
    name=$1 wanted_status=$2 wanted=$3
    shift 3
    number=$((number + 1))
    "$@" >/tmp/output 2>&1
    status=$?
    output=$(tr -d '\0' </tmp/output)
    if [ "$status" = "$wanted_status" ] && [ "$output" = "$wanted" ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        echo "# status $status, wanted $wanted_status"
        printf '%s\n' "# wanted:" "$wanted" "# got:" "$output" | sed 's/^\([^#]\)/#   \1/'
        failed=1
    fi
}
