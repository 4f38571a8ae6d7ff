#!/usr/bin/env bats
# The command line itself: exit codes and messages as Docker's, help, completions, manual pages, installation. Needs no image.

bats_require_minimum_version 1.5.0

setup_file() {
    tree=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd)
    # The program under test is `cbox` on the path.
    mkdir "$BATS_FILE_TMPDIR/bin"
    ln -s "$(cd -- "$tree" && realpath -- "${BUILD:-build}")/cbox" "$BATS_FILE_TMPDIR/bin/cbox"
    export tree PATH=$BATS_FILE_TMPDIR/bin:$PATH
}

setup() {
    # Nothing of this machine: no configuration, no store.
    export HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    export CBOX_ROOT=$BATS_TEST_TMPDIR/root CBOX_STATE=$BATS_TEST_TMPDIR/state
    unset CBOX_CONFIG NO_COLOR
}

# fails CODE TEXT ARG...: cbox ends with CODE, prints nothing on standard output and one line with TEXT on standard error.
fails() {
    local code=$1 text=$2
    shift 2
    run --separate-stderr cbox "$@"
    echo "cbox $*: $status: $stderr"
    [ "$status" -eq "$code" ]
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "cbox: "*"$text"* ]]
}

@test "wrong options end with 125, wrong operands and unknown commands with 1, as docker's" {
    fails 125 "unknown flag: --foo" --foo
    fails 125 "unknown flag: --foo" version --foo
    fails 125 "did you mean --config?" --confg x info
    fails 125 "unknown shorthand flag: 'Z' in -DZ" -DZ info
    fails 125 "flag needs an argument: --root" --root
    fails 1 "'foo' is not a cbox command; see 'cbox --help'" foo
    fails 1 "did you mean 'version'?" verison
    fails 1 "'foo' is not a cbox system command" system foo
    fails 1 "'cbox version' accepts no arguments" version x
    fails 1 "unknown help topic: foo" help foo
}

@test "hostile arguments do not reach the terminal" {
    fails 1 "'?[31mred?' is not" $'\e[31mred\n'
}

@test "help is on standard output and is no failure" {
    for call in "" "--help" "help" "-h"; do
        # shellcheck disable=SC2086
        run --separate-stderr cbox $call
        [ "$status" -eq 0 ]
        [ "${lines[0]}" = "Usage:  cbox [OPTIONS] COMMAND" ]
        [[ $output == *"Common Commands:"*"Management Commands:"*"Global Options:"* ]]
        [ -z "$stderr" ]
    done
    [ "$(cbox help system info)" = "$(cbox system info --help)" ]
    [[ $(cbox info --help) == *"Aliases:"*"cbox system info, cbox info"* ]]
}

@test "help knows topics, and shows a command of the same name as well" {
    [[ $(cbox help) == *"Topics, see 'cbox help TOPIC':"*"  storage "* ]]
    [[ $(cbox help storage) == "storage: where images"*$'\n\nPLACES\n'* ]]
    [[ $(cbox help runtime) == "runtime: "*"Usage:  cbox runtime [OPTIONS] COMMAND"* ]]
    fails 1 "unknown help topic: storage x" help storage x
}

# says TOPIC WORD...: each stands in the topic by itself.
says() {
    local word
    for word in "${@:2}"; do
        grep -qw -e "$word" "$tree/docs/topics/$1.txt" || {
            echo "$word is not in $1"
            return 1
        }
    done
}

@test "the topics name every key of the configuration, every variable, every function of --format" {
    cd "$tree"
    mapfile -t keys < <(sed -n 's/.*JSON_FIELD(struct config[a-z_]*, "\([a-z_]*\)".*/\1/p' pkg/config/config.c)
    [ "${#keys[@]}" -gt 10 ]
    says configuration "${keys[@]}"
    # What tests alone set, and what whoever starts a runtime with further descriptors does.
    mapfile -t variables < <(sed -n 's/.*getenv("\([A-Z_]*\)").*/\1/p; s/.*\.env = "\([A-Z_]*\)".*/\1/p' pkg/*/*.c cmd/cbox/*.c |
        grep -vx 'CBOX_FAILPOINT\|LISTEN_.*' | sort -u)
    [ "${#variables[@]}" -gt 10 ]
    says configuration "${variables[@]}"
    mapfile -t functions < <(grep -o '{"[a-z]*", [0-9], [0-9A-Z]*, call_' pkg/cli/template_functions.c | cut -d '"' -f 2)
    [ "${#functions[@]}" -gt 20 ]
    says formats "${functions[@]}"
}

@test "hidden commands stay hidden" {
    [[ $(cbox --help) != *__* ]]
    run grep -r -e '__generate' "$tree/contrib/completion" "$tree/contrib/man"
    [ "$status" -eq 1 ]
}

@test "version and help work whatever the configuration says" {
    mkdir -p "$XDG_CONFIG_HOME/cbox"
    echo '{"rooot": "/x"}' >"$XDG_CONFIG_HOME/cbox/config.json"
    [[ $(cbox --version) =~ ^cbox\ version\ [0-9.]+,\ build\ [0-9a-z]+$ ]]
    cbox version
    cbox help
    fails 1 "config.json: configuration: rooot: " info
    [[ $stderr == *'did you mean "root"?'* ]]
}

@test "root and state: option before environment before file before the usual place" {
    info() { cbox "$@" | sed -n 's/^Root Dir: //p'; }
    mkdir -p "$XDG_CONFIG_HOME/cbox"
    echo '{"root": "/of/file"}' >"$XDG_CONFIG_HOME/cbox/config.json"
    [ "$(info --root /of/option info)" = /of/option ]
    [ "$(info info)" = "$CBOX_ROOT" ]
    unset CBOX_ROOT
    [ "$(info info)" = /of/file ]
    echo '{"root": "/of/named"}' >"$BATS_TEST_TMPDIR/named.json"
    [ "$(info --config "$BATS_TEST_TMPDIR/named.json" info)" = /of/named ]
    [ "$(CBOX_CONFIG=$BATS_TEST_TMPDIR/named.json info info)" = /of/named ]
    cd /usr
    [ "$(info --root lib info)" = /usr/lib ]
    fails 1 "none.json" --config "$BATS_TEST_TMPDIR/none.json" info
}

@test "an empty root, state or configuration is none" {
    mkdir "$BATS_TEST_TMPDIR/cwd"
    cd "$BATS_TEST_TMPDIR/cwd"
    unset CBOX_ROOT CBOX_STATE
    wanted=$(cbox info | grep ' Dir: ')
    [ "$(cbox --root= --state '' --config= info | grep ' Dir: ')" = "$wanted" ]
    [ "$(CBOX_ROOT='' CBOX_STATE='' CBOX_CONFIG='' cbox info | grep ' Dir: ')" = "$wanted" ]
}

@test "looking makes nothing" {
    cbox info
    cbox __complete image
    cbox __complete container
    cbox images
    cbox ps -a
    [ ! -e "$CBOX_ROOT" ]
    mkdir "$CBOX_ROOT"
    cbox images
    fails 1 "no such image: alpine" rmi alpine
    fails 1 "no such container: web" rm web
    [ -z "$(ls -A "$CBOX_ROOT")" ]
    [ ! -e "$CBOX_STATE" ]
}

@test "--force makes no failure of what is not there, and says so" {
    fails 0 "no such image: alpine" rmi -f alpine
    fails 0 "no such container: web" rm -f web
}

@test "output that does not arrive is a failure" {
    run bash -c 'cbox version >/dev/full'
    [ "$status" -eq 1 ]
    [[ $output == *"No space left on device"* ]]
}

@test "colour on a terminal alone, and not against NO_COLOR" {
    colored() { TERM=xterm script -qec "cbox foo" /dev/null | grep -c $'\e' || true; }
    [ "$(colored)" -eq 1 ]
    [ "$(NO_COLOR=1 colored)" -eq 0 ]
    [ "$(TERM=xterm cbox foo 2>&1 | grep -c $'\e')" -eq 0 ]
}

@test "a start loads libc and jansson alone" {
    run ldd "$(command -v cbox)"
    [[ $output != *curl* && $output != *crypto* && $output != *archive* && $output != *zstd* && $output != *isal* ]]
    run strace -f -e trace=openat cbox info
    [[ $output != *libcrypto* && $output != *libcurl* && $output != *libarchive* ]]
}

@test "what is generated is what is committed" {
    cd "$tree"
    contrib/generate "$(command -v cbox)" --check
}

@test "manual pages are sound" {
    for page in "$tree"/contrib/man/*; do
        # A page that only names another is read from the top of the tree of pages.
        ! grep -q '^\.so' "$page" || continue
        run --separate-stderr man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
        [ "$status" -eq 0 ]
        echo "$page: $stderr"
        [ -z "$stderr" ]
    done
    sed -n 's/^\.so man1\///p' "$tree"/contrib/man/* | while read -r page; do
        [ -f "$tree/contrib/man/$page" ]
    done
}

# bash_offers WORD...: what bash offers for the last word.
bash_offers() {
    bash -c '
        source /usr/share/bash-completion/bash_completion
        source "$tree/contrib/completion/cbox.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$* COMP_POINT=${#COMP_LINE}
        _cbox 2>/dev/null
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort | paste -sd ' '
}

@test "bash completes commands, options and their arguments" {
    [ "$(bash_offers cbox ver)" = version ]
    [ "$(bash_offers cbox system '')" = 'check df doctor events info prune start-all' ]
    [ "$(bash_offers cbox -D --root /x sys)" = system ]
    [ "$(bash_offers cbox --s)" = --state ]
    [ "$(bash_offers cbox help inf)" = info ]
    [ "$(bash_offers cbox help stor)" = storage ]
    [[ $(bash_offers cbox --config "$tree/READ") == "$tree/README.md" ]]
    [[ $(bash_offers cbox "--config=$tree/READ") == "$tree/README.md" ]]
    [ "$(bash_offers cbox version x '')" = "" ]
}

# A store that has two images, as completion scripts see it. A name is text, whatever it looks like.
fake_images() {
    mkdir -p "$BATS_TEST_TMPDIR/fake"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ "$*" = "__complete image" ] && printf "%%s\\n" alpine:3 app:1 '\''$(touch$IFS$HOME/broken)'\''\n' \
        >"$BATS_TEST_TMPDIR/fake/cbox"
    chmod +x "$BATS_TEST_TMPDIR/fake/cbox"
    PATH=$BATS_TEST_TMPDIR/fake:$PATH
}

@test "names of images are completed" {
    fake_images
    [ "$(bash_offers cbox rmi a)" = "alpine:3 app:1" ]
    [ "$(bash_offers cbox rmi x app)" = "app:1" ]
    [ "$(bash_offers cbox pull -q al)" = "alpine:3" ]
    [ "$(bash_offers cbox image remove '' | wc -w)" -eq 3 ]
    [ "$(fish --no-config -c "source $tree/contrib/completion/cbox.fish; complete -C 'cbox rmi al'")" = alpine:3 ]
    [ ! -e "$HOME/broken" ]
}

@test "fish completes commands, options and their arguments" {
    offers() { fish --no-config -c "source $tree/contrib/completion/cbox.fish; complete -C '$1'" | cut -f 1 | sort | paste -sd ' '; }
    [ "$(offers 'cbox ver')" = version ]
    [ "$(offers 'cbox system ')" = 'check df doctor events info prune start-all' ]
    [ "$(offers 'cbox -D --root /x sys')" = system ]
    [ "$(offers 'cbox --st')" = --state ]
    [ "$(offers 'cbox help stor')" = storage ]
    [[ $(offers "cbox --config $tree/READ") == *README.md* ]]
}

@test "zsh completes commands and options" {
    # A program of the same name writes down the command line that completion made of what was typed.
    mkdir "$BATS_TEST_TMPDIR/bin"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\necho "$*" >"$HOME/typed.new"; mv "$HOME/typed.new" "$HOME/typed"\n' >"$BATS_TEST_TMPDIR/bin/cbox"
    chmod +x "$BATS_TEST_TMPDIR/bin/cbox"
    typed() {
        rm -f "$HOME/typed"
        PATH=$BATS_TEST_TMPDIR/bin:$PATH KEYS=$1 zsh -f -c '
            zmodload zsh/zpty
            zpty shell TERM=xterm zsh -f -i
            zpty -w shell "fpath=(\$tree/contrib/completion \$fpath); autoload -Uz compinit; compinit -D -u; PS1=; echo rea\dy"
            zpty -r shell seen "*ready*"
            zpty -w -n shell "${(g::)KEYS}"
            for try in {1..200}; do
                [[ -e $HOME/typed ]] && break
                zpty -r -t shell seen
                sleep 0.05
            done
            zpty -d shell'
        cat "$HOME/typed"
    }
    [ "$(typed 'cbox vers\t\r')" = version ]
    [ "$(typed 'cbox sys\tinf\t\r')" = "system info" ]
    [ "$(typed 'cbox --de\tinf\t\r')" = "--debug info" ]
}

@test "make install puts everything in place, uninstall takes it away" {
    dest="$BATS_TEST_TMPDIR/a place"
    make -s -C "$tree" BUILD="${BUILD:-build}" install DESTDIR="$dest" PREFIX=/usr
    [ "$("$dest/usr/bin/cbox" --version)" = "$(cbox --version)" ]
    for file in bash-completion/completions/cbox zsh/site-functions/_cbox fish/vendor_completions.d/cbox.fish man/man1/cbox.1 man/man7/cbox-storage.7; do
        [ -s "$dest/usr/share/$file" ]
    done
    make -s -C "$tree" BUILD="${BUILD:-build}" uninstall DESTDIR="$dest" PREFIX=/usr
    [ -z "$(find "$dest" -type f)" ]
}
