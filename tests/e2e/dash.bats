#!/usr/bin/env bats
# cbox dash on a real terminal, which tmux provides.
# shellcheck disable=SC2154  # helper.bash sets cbox

load alpine

setup_file() {
    file_setup
    PATH=$(dirname -- "$cbox"):$PATH
    cbox pull -q alpine
    cbox run -d --name web --network none alpine sh -c \
        'i=0; while :; do i=$((i + 1)); printf "line %s \033]0;owned\007\033[31m\n" $i; sleep 0.2; done'
    cbox run -d --name busy --network none alpine sh -c 'while :; do :; done'
    cbox run --name ended alpine true
}

teardown_file() {
    cbox rm -f web busy ended >/dev/null 2>&1 || true
    file_teardown
}

setup() {
    test_setup
    tmux=(tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null)
    terminal 80 24
}

teardown() {
    "${tmux[@]}" kill-server 2>/dev/null || true # the containers live on: no test_teardown
}

terminal() {
    "${tmux[@]}" new-session -d -x "$1" -y "$2" "PS1='host> ' exec bash --norc --noprofile" 3>&-
    "${tmux[@]}" set -g status off
}

key() {
    "${tmux[@]}" send-keys "$@"
}

no_line() {
    ! screen_has "$1"
}

dash_pid() {
    pgrep -P "$("${tmux[@]}" list-panes -F '#{pane_pid}')" -x cbox
}

@test "containers, what they use, and the log of the chosen one, without what commands a terminal" {
    type_ 'cbox dash'
    sees '^cbox  2 running, 2 in all  by name'
    sees '^NAME +STATE +CPU % +MEMORY +I/O /s +NET /s'
    sees '^busy +running +[1-9][0-9]*\.[0-9] .*[▁▂▃▄▅▆▇█]'
    sees '^web +running +[0-9.]+ .*[0-9](KiB|MiB) '
    sees '^log of busy'
    key Down
    sees '^log of web'
    sees '^line [0-9]+ \?\]0;owned\?\?\[31m'
    [ "$("${tmux[@]}" display -p '#{pane_title}')" != owned ]
    key a
    sees '^ended +exit 0 '
    key End
    sees '^log of web'
    key Enter
    wait_for 10 bash -c "[ \$(${tmux[*]} capture-pane -p | grep -c '^line') -gt 8 ]"
    key q
    sees '^host>$'
}

@test "sorting, filtering, help" {
    type_ 'cbox dash -a'
    sees ' 3 in all  by name'
    key o
    sees 'by CPU'
    wait_for 10 bash -c "${tmux[*]} capture-pane -p | sed -n 3p | grep -q ^busy"
    key i
    sees '^NAME .reversed'
    wait_for 10 bash -c "${tmux[*]} capture-pane -p | sed -n 5p | grep -q ^busy"
    key i
    key -l /we
    sees '^filter: we_'
    sees 'filter: we .1.'
    wait_for 10 no_line '^busy'
    key Enter
    sees '^q quit'
    key '?'
    sees '^Enter +more of its log, or less'
    key x
    sees '^web '
    key / Escape
    sees '^busy '
    key q
    sees '^host>$'
}

@test "stop after a yes, restart, pause, and what cannot be done is said" {
    cbox run -d --name job --network none --stop-timeout 0 alpine sleep 998801
    type_ 'cbox dash -a'
    sees '^log of busy'
    key -l /job
    key Enter
    sees '^log of job'
    key s
    sees '^stop job\? .y/n.'
    key n
    sees '^q quit'
    [ "$(cbox inspect -f '{{.State.Running}}' job)" = true ]
    key p
    sees '^job +paused'
    key p
    sees '^job +running'
    key s
    sees 'y/n'
    key y
    sees '^job +exit 137'
    key p
    sees '^pause job: .*not running'
    key e
    sees '^exec job: it does not run'
    key r
    sees '^restart job\?'
    key y
    sees '^job +running'
    [ "$(cbox inspect -f '{{.State.Running}}' job)" = true ]
    key q
    sees '^host>$'
    cbox rm -f job
}

@test "a shell in a container, and the dashboard again" {
    type_ 'cbox dash'
    sees '^log of busy'
    key Down
    sees '^log of web'
    key e
    sees '^/ #'
    type_ 'echo in $((40 + 2)); hostname'
    sees '^in 42'
    no_line '^NAME '
    "${tmux[@]}" resize-window -x 90 -y 20
    type_ exit
    sees '^NAME +STATE'
    sees '^log of web'
    key q
    sees '^host>$'
}

@test "every size, and the terminal as it was afterwards" {
    type_ 'before=$(stty -g); cbox dash -a; echo "status $?"; [ "$before" = "$(stty -g)" ] && echo restored'
    sees '^busy '
    for size in '40 10' '20 5' '2 1' '10 3' '300 60' '80 24' '41 14'; do
        read -r x y <<<"$size"
        "${tmux[@]}" resize-window -x "$x" -y "$y"
        sleep 0.3
        dash_pid >/dev/null
    done
    "${tmux[@]}" resize-window -x 40 -y 10
    sees '^busy +running +[0-9.]+ +[0-9.]+[KM]iB'
    "${tmux[@]}" resize-window -x 80 -y 24
    sees '^q quit .* help'
    kill -TERM "$(dash_pid)"
    sees '^status 0'
    sees '^restored'
}

@test "Ctrl-C ends it, Ctrl-Z and fg bring it back, and a terminal that goes away takes it along" {
    type_ 'cbox dash'
    sees '^busy '
    key C-z
    sees 'Stopped'
    type_ fg
    sees '^log of '
    key C-c
    sees '^host>$'
    type_ 'cbox dash'
    sees '^log of '
    pid=$(dash_pid)
    "${tmux[@]}" kill-server
    wait_for 10 bash -c "! kill -0 $pid 2>/dev/null"
}

@test "a thousand containers" {
    fresh_store
    mkdir -p "$CBOX_ROOT"
    # One record that is real, and copies of it that nobody has to run.
    cp -r "$BATS_FILE_TMPDIR/root/." "$CBOX_ROOT"
    python3 - "$CBOX_ROOT/containers" "$(cbox ps -aqf name=ended --no-trunc)" <<'END'
import json, os, sys
folder, real = sys.argv[1:]
record = json.load(open(f"{folder}/{real}/record.json"))
for i in range(1000):
    made = dict(record, id="%064x" % (i + 1), name="made%04d" % i)
    for key in ("Id", "ID", "Name"):
        made.pop(key, None)
    os.mkdir(f"{folder}/{made['id']}")
    json.dump(made, open(f"{folder}/{made['id']}/record.json", "w"))
END
    type_ "CBOX_ROOT=$CBOX_ROOT CBOX_STATE=$CBOX_STATE cbox dash -a"
    sees '100[0-9] in all'
    key Home
    sees '^(busy|ended) '
    key -l /made0999
    sees '^made0999 +exit 0'
    key Escape
    wait_for 10 bash -c "${tmux[*]} capture-pane -p | grep -q '^made0[0-9]'"
    key o NPage NPage
    sees '^made'
    key q
    sees '^host>$'
}

@test "what it needs: a terminal, of a kind that is known, and the library" {
    refuse 1 'no terminal' bash -c 'cbox dash </dev/null'
    type_ 'TERM=nothing cbox dash; echo "status $?"'
    sees '^cbox: nothing is known of a terminal of the kind "nothing"'
    sees '^status 1'
    type_ 'unshare -m bash -c "mount --bind /dev/null $(ldconfig -p | sed -n "s,.* => \(.*/libncursesw.so.6\)$,\1,p" | head -n 1); cbox dash"'
    sees 'apt-get install libncursesw6'
}
