# shellcheck shell=bash
# What boots a machine in emulation: its kernel and its initramfs. Sourced behind tests/fixtures/common.bash, with `work` set
# to a directory of the caller's.
# shellcheck disable=SC2154  # both are set by who sources this

# The package with the newest kernel, as NAME_VERSION, by what Debian's metapackage depends on.
kernel_package() {
    local name version
    name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    version=$([ -z "$name" ] || apt-cache policy "$name" | sed -n 's/^ *Candidate: //p')
    [ -n "$version" ] && printf '%s_%s\n' "$name" "$version"
}

# unpack_kernel PACKAGE_VERSION DIR: leaves vmlinuz and the modules that are needed, with their dependencies.
unpack_kernel() {
    local package=${1%%_*} version=${1#*_} dir=$2 release
    mkdir "$dir/deb"
    (cd "$dir/deb" && apt-get -qq -o APT::Sandbox::User=root download "$package=$version") || return
    dpkg -x "$dir"/deb/*.deb "$dir/tree" || return
    release=$(basename "$dir"/tree/lib/modules/*)
    mv "$dir/tree/boot/vmlinuz-$release" "$dir/vmlinuz"
    mv "$dir/tree/lib/modules" "$dir/modules"
    busybox depmod -b "$dir" -n "$release" >/dev/null 2>&1 || true
    rm -rf "$dir/deb" "$dir/tree"
}

# copy_libraries FILE...: the libraries that programs and libraries load, in their places.
copy_libraries() {
    ldd "$@" | sed -n 's/.*\(=> \|^\s*\)\(\/[^ ]*\) (.*/\2/p' | sort -u | while read -r library; do
        [ -e "$work/root$library" ] || install -D -m 755 "$library" "$work/root$library"
    done
}

# copy_program FILE...: puts programs into the root of the guest, under their names, with the libraries they load.
copy_program() {
    install -m 755 "$@" "$work/root/bin/"
    copy_libraries "$@"
}

# copy_library NAME...: libraries that are opened by name, such as libz.so.1.
copy_library() {
    local name file
    for name; do
        file=$(ldconfig -p | sed -n "s/^\s*$name (.*x86-64.*=> //p" | head -n 1)
        install -D -m 755 "$file" "$work/root$file"
        copy_libraries "$file"
    done
}

# find_kernel: prints the directory of the newest kernel that can be had, or of the newest that was.
find_kernel() {
    local package
    { package=$(kernel_package) && fixture_cached "vm-${package//[:~]/-}" unpack_kernel "$package"; } ||
        find "$fixture_cache_dir" -maxdepth 1 -name 'vm-linux-image-*' 2>/dev/null | sort -V | tail -n 1 | grep .
}

# start_root KERNEL MODULE...: an initramfs with busybox, the modules in this order, and tests/vm/init.
start_root() {
    local kernel=$1 module applet busybox number=10
    shift
    mkdir -p "$work"/root/{bin,dev,etc,proc,sys,tmp,run,modules,new}
    busybox=$(command -v busybox)
    cp "$busybox" "$work/root/bin/busybox"
    for applet in $("$busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
    done
    echo 'root:x:0:0:root:/:/bin/sh' >"$work/root/etc/passwd"
    for module; do
        find "$kernel/modules" -name "$module.ko*" -exec cp {} "$work/root/modules/$number-$module.ko" \;
        number=$((number + 1))
    done
    cp tests/vm/init "$work/root/init"
    cp tests/vm/check.sh "$work/root/bin/"
}

# store_with_alpine DIR: a store that has the image alpine. Uses `build`, the directory of cbox.
store_with_alpine() {
    local image command=("$build/cbox" --root "$1" --state "$work/state" --config "$work/config.json")
    echo '{}' >"$work/config.json"
    tar -C "$(tests/fixtures/alpine)" -cf "$work/alpine.tar" .
    "${command[@]}" load -q -i "$work/alpine.tar" >/dev/null
    image=$("${command[@]}" images -q)
    "${command[@]}" tag "$image" alpine
}

# finish_root COMMAND: what the guest runs; "" for the tests that lie in its /bin.
finish_root() {
    [ -z "$1" ] || echo "$1" >"$work/root/etc/command"
    (cd "$work/root" && find . | LC_ALL=C sort | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"
}

# boot KERNEL QEMU-OPTION...: becomes the machine; its console is the first of the serial ports given. `append` is for the
# kernel. After so many seconds as `patience` says (none: never) the guest tells there what it is at. Its kernel does not test the
# timer: where this host is busy the ticks come late, and it gives up.
boot() {
    local kernel=$1
    shift
    exec qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 1024 -smp 2 -display none -monitor none -nodefaults -no-reboot \
        "$@" -kernel "$kernel/vmlinuz" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 no_timer_check rdinit=/init patience=${patience-} ${append-}" </dev/null
}

# judge KERNEL: boots it, passes on what its tests say on the second serial port (the first is the kernel's), for `seconds`
# seconds at most, and returns what the guest ended with; 1, with the end of its console, for one that never said.
judge() {
    local status
    export -f boot
    export work append patience
    timeout --foreground "$seconds" bash -c 'boot "$@"' boot "$1" -serial "file:$work/console" -serial stdio |
        sed -u 's/\r$//' | tee "$work/output" | sed -u '/^guest ended with /d' || true
    status=$(sed -n 's/^guest ended with \([0-9]*\)$/\1/p' "$work/output")
    if [ -z "$status" ]; then
        echo "not ok the guest died or hung; the end of its console:"
        tail -n 40 "$work/console"
        return 1
    fi
    return "$status"
}

# ---- machines with a disk, whose plug is pulled ----

# shellcheck disable=SC2034  # for those who source this
disk_modules='crc16 crc32c_generic libcrc32c mbcache jbd2 ext4
    virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk'
machine='' # its process, while it is on

# power_on KERNEL QEMU-OPTION...: starts the machine; what it says on its third serial port is in $work/said.
power_on() {
    : >"$work/said"
    boot "$1" -serial "file:$work/console" -serial "file:$work/output" -serial "file:$work/said" "${@:2}" &
    machine=$!
    disown "$machine" # the shell need not tell of its death
}

# wait_until WORD: until the machine said it.
wait_until() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        ! grep -q "^$1" "$work/said" || return 0
        kill -0 "$machine" 2>/dev/null || break
        sleep 0.1
    done
    echo "# the guest never said '$1'; the end of its console:"
    tail -n 20 "$work/console" "$work/output" | sed 's/^/# /'
    return 1
}

# Pulls the plug. All that the guest had not written to its disk is lost.
power_fail() {
    [ -n "$machine" ] || return 0
    kill -KILL "$machine" 2>/dev/null || true
    while kill -0 "$machine" 2>/dev/null; do
        sleep 0.05
    done
    machine=''
}

# power_off FILE: the same, and leaves there what the machine had said.
power_off() {
    power_fail
    tr -d '\r' <"$work/said" >"$1"
}
