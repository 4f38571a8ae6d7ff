# bash completion for cbox. Written by "make generate" from the command tables: do not edit.
# shellcheck shell=bash disable=SC2034

_cbox_topics='storage networking security configuration runtime formats troubleshooting'

# _cbox_tables PATH: sets what the command knows. An option that takes an argument stands as NAME:VALUES.
_cbox_tables() {
    options='' commands='' first='' others='' stop=''
    case $1 in
    'cbox')
        options='--config:file -D --debug --root:directory --state:directory -v --version'
        commands='run exec ps build pull push images login logout search version info help builder container image manifest network runtime system volume attach commit cp create dash diff events explain export history import inspect kill load logs pause port rename restart rm rmi save start stats stop tag top unpause untag update wait'
        ;;
    'cbox run')
        options='--add-host:none --annotation:none -a:none --attach:none --blkio-weight:none --blkio-weight-device:none --cap-add:none --cap-drop:none --cgroup-parent:none --cgroupns:none --cidfile:file --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none -d --detach --detach-keys:none --device:file --device-cgroup-rule:none --device-read-bps:none --device-read-iops:none --device-write-bps:none --device-write-iops:none --dns:none --dns-option:none --dns-search:none --domainname:none --entrypoint:none -e:none --env:none --env-file:file --expose:none --gpus:none --group-add:none --health-cmd:none --health-interval:none --health-retries:none --health-start-interval:none --health-start-period:none --health-timeout:none -h:none --hostname:none --init -i --interactive --ip:none --ip6:none --ipc:none -l:none --label:none --label-file:file --link-local-ip:none --log-driver:none --log-opt:none --mac-address:none -m:none --memory:none --memory-reservation:none --memory-swap:none --memory-swappiness:none --mount:none --name:none --network:network --network-alias:none --no-healthcheck --oom-kill-disable --oom-score-adj:none --pid:none --pids-limit:none --platform:none --privileged -p:none --publish:none -P --publish-all --pull:none -q --quiet --read-only --restart:none --rm --runtime:none --security-opt:none --shm-size:none --sig-proxy --stop-signal:none --stop-timeout:none --sysctl:none --tmpfs:none -t --tty --ulimit:none -u:none --user:none --userns:none --uts:none -v:file --volume:file --volume-driver:none --volumes-from:container -w:none --workdir:none'
        first=image others=none
        stop=1
        ;;
    'cbox exec')
        options='-d --detach --detach-keys:none -e:none --env:none --env-file:file -i --interactive --privileged -t --tty -u:none --user:none -w:none --workdir:none'
        first=container others=none
        stop=1
        ;;
    'cbox ps')
        options='-a --all -f:none --filter:none --format:none -n:none --last:none -l --latest --no-trunc -q --quiet -s --size'
        ;;
    'cbox build')
        options='--add-host:none --allow:none --annotation:none --build-arg:none --build-context:none --cache-from:none --cache-to:none --call:none --cgroup-parent:none --check --cpu-period:none --cpu-quota:none -c:none --cpu-shares:none --cpuset-cpus:none --cpuset-mems:none -D --debug --explain -f:file --file:file --iidfile:file --label:none -m:none --memory:none --memory-swap:none --metadata-file:file --network:network --no-cache --no-cache-filter:none -o:none --output:none --platform:none --progress:words=auto|plain|tty|quiet|json|rawjson --pull --push -q --quiet --secret:none --security-opt:none --shm-size:none --squash --ssh:none -t:none --tag:none --target:none --ulimit:none'
        first=directory others=none
        ;;
    'cbox pull')
        options='--all-platforms -a --all-tags --platform:none -q --quiet --tls-verify'
        first=image others=none
        ;;
    'cbox push')
        options='--all-platforms -a --all-tags --compression:words=gzip|zstd --platform:none -q --quiet --tls-verify'
        first=image others=none
        ;;
    'cbox images')
        options='-a --all --digests -f:none --filter:none --format:none --no-trunc -q --quiet --tree'
        first=image others=none
        ;;
    'cbox login')
        options='-p:none --password:none --password-stdin --tls-verify -u:none --username:none'
        first=none others=none
        ;;
    'cbox logout')
        first=none others=none
        ;;
    'cbox search')
        options='-f:none --filter:none --format:none --limit:none --no-trunc --tls-verify'
        first=none others=none
        ;;
    'cbox version')
        options='-f:none --format:none'
        ;;
    'cbox info')
        options='-f:none --format:none'
        ;;
    'cbox help')
        first=command others=none
        ;;
    'cbox builder')
        commands='build prune'
        ;;
    'cbox builder build')
        options='--add-host:none --allow:none --annotation:none --build-arg:none --build-context:none --cache-from:none --cache-to:none --call:none --cgroup-parent:none --check --cpu-period:none --cpu-quota:none -c:none --cpu-shares:none --cpuset-cpus:none --cpuset-mems:none -D --debug --explain -f:file --file:file --iidfile:file --label:none -m:none --memory:none --memory-swap:none --metadata-file:file --network:network --no-cache --no-cache-filter:none -o:none --output:none --platform:none --progress:words=auto|plain|tty|quiet|json|rawjson --pull --push -q --quiet --secret:none --security-opt:none --shm-size:none --squash --ssh:none -t:none --tag:none --target:none --ulimit:none'
        first=directory others=none
        ;;
    'cbox builder prune')
        options='-a --all --filter:none -f --force --keep-storage:none --max-used-space:none --verbose'
        ;;
    'cbox container')
        commands='attach commit cp create diff exec explain export inspect kill logs ls pause port prune rename restart rm run start stats stop top unpause update wait'
        ;;
    'cbox container attach')
        options='--detach-keys:none --no-stdin --sig-proxy'
        first=container others=none
        ;;
    'cbox container commit')
        options='-a:none --author:none -c:none --change:none -m:none --message:none -p --pause'
        first=container others=image
        ;;
    'cbox container cp')
        options='-a --archive -L --follow-link -q --quiet'
        first=file others=file
        ;;
    'cbox container create')
        options='--add-host:none --annotation:none -a:none --attach:none --blkio-weight:none --blkio-weight-device:none --cap-add:none --cap-drop:none --cgroup-parent:none --cgroupns:none --cidfile:file --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none --device:file --device-cgroup-rule:none --device-read-bps:none --device-read-iops:none --device-write-bps:none --device-write-iops:none --dns:none --dns-option:none --dns-search:none --domainname:none --entrypoint:none -e:none --env:none --env-file:file --expose:none --gpus:none --group-add:none --health-cmd:none --health-interval:none --health-retries:none --health-start-interval:none --health-start-period:none --health-timeout:none -h:none --hostname:none --init -i --interactive --ip:none --ip6:none --ipc:none -l:none --label:none --label-file:file --link-local-ip:none --log-driver:none --log-opt:none --mac-address:none -m:none --memory:none --memory-reservation:none --memory-swap:none --memory-swappiness:none --mount:none --name:none --network:network --network-alias:none --no-healthcheck --oom-kill-disable --oom-score-adj:none --pid:none --pids-limit:none --platform:none --privileged -p:none --publish:none -P --publish-all --pull:none -q --quiet --read-only --restart:none --rm --runtime:none --security-opt:none --shm-size:none --stop-signal:none --stop-timeout:none --sysctl:none --tmpfs:none -t --tty --ulimit:none -u:none --user:none --userns:none --uts:none -v:file --volume:file --volume-driver:none --volumes-from:container -w:none --workdir:none'
        first=image others=none
        stop=1
        ;;
    'cbox container diff')
        first=container others=none
        ;;
    'cbox container exec')
        options='-d --detach --detach-keys:none -e:none --env:none --env-file:file -i --interactive --privileged -t --tty -u:none --user:none -w:none --workdir:none'
        first=container others=none
        stop=1
        ;;
    'cbox container explain')
        options='--file:none -f:none --format:none --image:image --sources'
        first=container others=none
        ;;
    'cbox container export')
        options='-o:file --output:file'
        first=container others=none
        ;;
    'cbox container inspect')
        options='-f:none --format:none -s --size'
        first=container others=container
        ;;
    'cbox container kill')
        options='-s:none --signal:none'
        first=container others=container
        ;;
    'cbox container logs')
        options='--details -f --follow --since:none -n:none --tail:none -t --timestamps --until:none'
        first=container others=none
        ;;
    'cbox container ls' | 'cbox container list')
        options='-a --all -f:none --filter:none --format:none -n:none --last:none -l --latest --no-trunc -q --quiet -s --size'
        ;;
    'cbox container pause')
        first=container others=container
        ;;
    'cbox container port')
        first=container others=none
        ;;
    'cbox container prune')
        options='--filter:none -f --force'
        ;;
    'cbox container rename')
        first=container others=none
        ;;
    'cbox container restart')
        options='-s:none --signal:none -t:none --timeout:none'
        first=container others=container
        ;;
    'cbox container rm' | 'cbox container remove')
        options='-f --force -l --link -v --volumes'
        first=container others=container
        ;;
    'cbox container run')
        options='--add-host:none --annotation:none -a:none --attach:none --blkio-weight:none --blkio-weight-device:none --cap-add:none --cap-drop:none --cgroup-parent:none --cgroupns:none --cidfile:file --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none -d --detach --detach-keys:none --device:file --device-cgroup-rule:none --device-read-bps:none --device-read-iops:none --device-write-bps:none --device-write-iops:none --dns:none --dns-option:none --dns-search:none --domainname:none --entrypoint:none -e:none --env:none --env-file:file --expose:none --gpus:none --group-add:none --health-cmd:none --health-interval:none --health-retries:none --health-start-interval:none --health-start-period:none --health-timeout:none -h:none --hostname:none --init -i --interactive --ip:none --ip6:none --ipc:none -l:none --label:none --label-file:file --link-local-ip:none --log-driver:none --log-opt:none --mac-address:none -m:none --memory:none --memory-reservation:none --memory-swap:none --memory-swappiness:none --mount:none --name:none --network:network --network-alias:none --no-healthcheck --oom-kill-disable --oom-score-adj:none --pid:none --pids-limit:none --platform:none --privileged -p:none --publish:none -P --publish-all --pull:none -q --quiet --read-only --restart:none --rm --runtime:none --security-opt:none --shm-size:none --sig-proxy --stop-signal:none --stop-timeout:none --sysctl:none --tmpfs:none -t --tty --ulimit:none -u:none --user:none --userns:none --uts:none -v:file --volume:file --volume-driver:none --volumes-from:container -w:none --workdir:none'
        first=image others=none
        stop=1
        ;;
    'cbox container start')
        options='-a --attach --detach-keys:none -i --interactive'
        first=container others=container
        ;;
    'cbox container stats')
        options='-a --all --format:none --no-stream --no-trunc'
        first=container others=container
        ;;
    'cbox container stop')
        options='-s:none --signal:none -t:none --timeout:none'
        first=container others=container
        ;;
    'cbox container top')
        first=container others=none
        stop=1
        ;;
    'cbox container unpause')
        first=container others=container
        ;;
    'cbox container update')
        options='--blkio-weight:none --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none -m:none --memory:none --memory-reservation:none --memory-swap:none --pids-limit:none --restart:none'
        first=container others=container
        ;;
    'cbox container wait')
        first=container others=container
        ;;
    'cbox image')
        commands='build copy history import inspect load ls prune pull push rm save tag tags untag'
        ;;
    'cbox image build')
        options='--add-host:none --allow:none --annotation:none --build-arg:none --build-context:none --cache-from:none --cache-to:none --call:none --cgroup-parent:none --check --cpu-period:none --cpu-quota:none -c:none --cpu-shares:none --cpuset-cpus:none --cpuset-mems:none -D --debug --explain -f:file --file:file --iidfile:file --label:none -m:none --memory:none --memory-swap:none --metadata-file:file --network:network --no-cache --no-cache-filter:none -o:none --output:none --platform:none --progress:words=auto|plain|tty|quiet|json|rawjson --pull --push -q --quiet --secret:none --security-opt:none --shm-size:none --squash --ssh:none -t:none --tag:none --target:none --ulimit:none'
        first=directory others=none
        ;;
    'cbox image copy')
        options='--platform:none -q --quiet --tls-verify'
        first=none others=none
        ;;
    'cbox image history')
        options='--format:none -H --human --no-trunc -q --quiet'
        first=image others=none
        ;;
    'cbox image import')
        options='-c:none --change:none -m:none --message:none --platform:none'
        first=file others=image
        ;;
    'cbox image inspect')
        options='-f:none --format:none'
        first=image others=image
        ;;
    'cbox image load')
        options='--all-platforms -i:file --input:file --platform:none -q --quiet'
        ;;
    'cbox image ls' | 'cbox image list')
        options='-a --all --digests -f:none --filter:none --format:none --no-trunc -q --quiet --tree'
        first=image others=none
        ;;
    'cbox image prune')
        options='-a --all --filter:none -f --force'
        ;;
    'cbox image pull')
        options='--all-platforms -a --all-tags --platform:none -q --quiet --tls-verify'
        first=image others=none
        ;;
    'cbox image push')
        options='--all-platforms -a --all-tags --compression:words=gzip|zstd --platform:none -q --quiet --tls-verify'
        first=image others=none
        ;;
    'cbox image rm' | 'cbox image remove')
        options='-f --force'
        first=image others=image
        ;;
    'cbox image save')
        options='--all-platforms --format:words=docker-archive|oci-archive|oci-dir -o:file --output:file --platform:none'
        first=image others=image
        ;;
    'cbox image tag')
        first=image others=image
        ;;
    'cbox image tags')
        options='--limit:none --tls-verify'
        first=image others=none
        ;;
    'cbox image untag')
        first=image others=image
        ;;
    'cbox manifest')
        commands='annotate create inspect push rm'
        ;;
    'cbox manifest annotate')
        options='--arch:none --os:none --os-features:none --os-version:none --variant:none'
        first=none others=none
        ;;
    'cbox manifest create')
        options='-a --amend --insecure'
        first=none others=none
        ;;
    'cbox manifest inspect')
        options='--insecure -v --verbose'
        first=none others=none
        ;;
    'cbox manifest push')
        options='--insecure -p --purge'
        first=none others=none
        ;;
    'cbox manifest rm')
        first=none others=none
        ;;
    'cbox network')
        commands='connect create disconnect inspect ls prune rm'
        ;;
    'cbox network connect')
        options='--alias:none --driver-opt:none --gw-priority:none --ip:none --ip6:none --link-local-ip:none'
        first=network others=container
        ;;
    'cbox network create')
        options='--attachable --aux-address:none -d:none --driver:none --gateway:none --internal --ip-range:none --ipam-driver:none --ipv4 --ipv6 --label:none -o:none --opt:none --scope:none --subnet:none'
        first=none others=none
        ;;
    'cbox network disconnect')
        options='-f --force'
        first=network others=container
        ;;
    'cbox network inspect')
        options='-f:none --format:none -v --verbose'
        first=network others=network
        ;;
    'cbox network ls' | 'cbox network list')
        options='-f:none --filter:none --format:none --no-trunc -q --quiet'
        ;;
    'cbox network prune')
        options='--filter:none -f --force'
        ;;
    'cbox network rm' | 'cbox network remove')
        options='-f --force'
        first=network others=network
        ;;
    'cbox runtime')
        options='--debug --log:file --log-format:words=text|json --root:directory --rootless:none --systemd-cgroup -v --version'
        commands='create delete events exec features kill list pause ps resume run spec start state update'
        ;;
    'cbox runtime create')
        options='-b:directory --bundle:directory --console-socket:file --no-new-keyring --no-pivot --pid-file:file --preserve-fds:none'
        first=none others=none
        ;;
    'cbox runtime delete')
        options='-f --force'
        first=none others=none
        ;;
    'cbox runtime events')
        options='--interval:none --stats'
        first=none others=none
        ;;
    'cbox runtime exec')
        options='-g:none --additional-gids:none --apparmor:none -c:none --cap:none --cgroup:none --console-socket:file --cwd:none -d --detach -e:none --env:none --ignore-paused --no-new-privs --pid-file:file --preserve-fds:none -p:file --process:file --process-label:none -t --tty -u:none --user:none'
        first=none others=none
        stop=1
        ;;
    'cbox runtime features')
        ;;
    'cbox runtime kill')
        options='-a --all'
        first=none others=none
        ;;
    'cbox runtime list')
        options='-f:words=table|json --format:words=table|json -q --quiet'
        ;;
    'cbox runtime pause')
        first=none others=none
        ;;
    'cbox runtime ps')
        options='-f:words=table|json --format:words=table|json'
        first=none others=none
        stop=1
        ;;
    'cbox runtime resume')
        first=none others=none
        ;;
    'cbox runtime run')
        options='-b:directory --bundle:directory --console-socket:file -d --detach --keep --no-new-keyring --no-pivot --no-subreaper --pid-file:file --preserve-fds:none'
        first=none others=none
        ;;
    'cbox runtime spec')
        options='-b:directory --bundle:directory --rootless'
        ;;
    'cbox runtime start')
        first=none others=none
        ;;
    'cbox runtime state')
        first=none others=none
        ;;
    'cbox runtime update')
        options='--blkio-weight:none --cpu-burst:none --cpu-idle:none --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none --cpu-share:none --cpuset-cpus:none --cpuset-mems:none --l3-cache-schema:none --mem-bw-schema:none --memory:none --memory-reservation:none --memory-swap:none --pids-limit:none -r:file --resources:file'
        first=none others=none
        ;;
    'cbox system')
        commands='check df doctor events info prune start-all'
        ;;
    'cbox system check')
        options='--deep -q --quiet --repair'
        ;;
    'cbox system df')
        options='--format:none -v --verbose'
        ;;
    'cbox system doctor')
        options='--format:none'
        first=none others=none
        ;;
    'cbox system events')
        options='-f:none --filter:none --format:none --since:none --until:none'
        ;;
    'cbox system info')
        options='-f:none --format:none'
        ;;
    'cbox system prune')
        options='-a --all --filter:none -f --force --volumes'
        ;;
    'cbox system start-all')
        ;;
    'cbox volume')
        commands='create inspect ls prune rm'
        ;;
    'cbox volume create')
        options='-d:none --driver:none --label:none -o:none --opt:none'
        first=none others=none
        ;;
    'cbox volume inspect')
        options='-f:none --format:none'
        first=volume others=volume
        ;;
    'cbox volume ls' | 'cbox volume list')
        options='-f:none --filter:none --format:none -q --quiet'
        ;;
    'cbox volume prune')
        options='-a --all --filter:none -f --force'
        ;;
    'cbox volume rm' | 'cbox volume remove')
        options='-f --force'
        first=volume others=volume
        ;;
    'cbox attach')
        options='--detach-keys:none --no-stdin --sig-proxy'
        first=container others=none
        ;;
    'cbox commit')
        options='-a:none --author:none -c:none --change:none -m:none --message:none -p --pause'
        first=container others=image
        ;;
    'cbox cp')
        options='-a --archive -L --follow-link -q --quiet'
        first=file others=file
        ;;
    'cbox create')
        options='--add-host:none --annotation:none -a:none --attach:none --blkio-weight:none --blkio-weight-device:none --cap-add:none --cap-drop:none --cgroup-parent:none --cgroupns:none --cidfile:file --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none --device:file --device-cgroup-rule:none --device-read-bps:none --device-read-iops:none --device-write-bps:none --device-write-iops:none --dns:none --dns-option:none --dns-search:none --domainname:none --entrypoint:none -e:none --env:none --env-file:file --expose:none --gpus:none --group-add:none --health-cmd:none --health-interval:none --health-retries:none --health-start-interval:none --health-start-period:none --health-timeout:none -h:none --hostname:none --init -i --interactive --ip:none --ip6:none --ipc:none -l:none --label:none --label-file:file --link-local-ip:none --log-driver:none --log-opt:none --mac-address:none -m:none --memory:none --memory-reservation:none --memory-swap:none --memory-swappiness:none --mount:none --name:none --network:network --network-alias:none --no-healthcheck --oom-kill-disable --oom-score-adj:none --pid:none --pids-limit:none --platform:none --privileged -p:none --publish:none -P --publish-all --pull:none -q --quiet --read-only --restart:none --rm --runtime:none --security-opt:none --shm-size:none --stop-signal:none --stop-timeout:none --sysctl:none --tmpfs:none -t --tty --ulimit:none -u:none --user:none --userns:none --uts:none -v:file --volume:file --volume-driver:none --volumes-from:container -w:none --workdir:none'
        first=image others=none
        stop=1
        ;;
    'cbox dash')
        options='-a --all'
        ;;
    'cbox diff')
        first=container others=none
        ;;
    'cbox events')
        options='-f:none --filter:none --format:none --since:none --until:none'
        ;;
    'cbox explain')
        options='--file:none -f:none --format:none --image:image --sources'
        first=container others=none
        ;;
    'cbox export')
        options='-o:file --output:file'
        first=container others=none
        ;;
    'cbox history')
        options='--format:none -H --human --no-trunc -q --quiet'
        first=image others=none
        ;;
    'cbox import')
        options='-c:none --change:none -m:none --message:none --platform:none'
        first=file others=image
        ;;
    'cbox inspect')
        options='-f:none --format:none -s --size --type:none'
        first=container others=container
        ;;
    'cbox kill')
        options='-s:none --signal:none'
        first=container others=container
        ;;
    'cbox load')
        options='--all-platforms -i:file --input:file --platform:none -q --quiet'
        ;;
    'cbox logs')
        options='--details -f --follow --since:none -n:none --tail:none -t --timestamps --until:none'
        first=container others=none
        ;;
    'cbox pause')
        first=container others=container
        ;;
    'cbox port')
        first=container others=none
        ;;
    'cbox rename')
        first=container others=none
        ;;
    'cbox restart')
        options='-s:none --signal:none -t:none --timeout:none'
        first=container others=container
        ;;
    'cbox rm')
        options='-f --force -l --link -v --volumes'
        first=container others=container
        ;;
    'cbox rmi')
        options='-f --force'
        first=image others=image
        ;;
    'cbox save')
        options='--all-platforms --format:words=docker-archive|oci-archive|oci-dir -o:file --output:file --platform:none'
        first=image others=image
        ;;
    'cbox start')
        options='-a --attach --detach-keys:none -i --interactive'
        first=container others=container
        ;;
    'cbox stats')
        options='-a --all --format:none --no-stream --no-trunc'
        first=container others=container
        ;;
    'cbox stop')
        options='-s:none --signal:none -t:none --timeout:none'
        first=container others=container
        ;;
    'cbox tag')
        first=image others=image
        ;;
    'cbox top')
        first=container others=none
        stop=1
        ;;
    'cbox unpause')
        first=container others=container
        ;;
    'cbox untag')
        first=image others=image
        ;;
    'cbox update')
        options='--blkio-weight:none --cpu-period:none --cpu-quota:none --cpu-rt-period:none --cpu-rt-runtime:none -c:none --cpu-shares:none --cpus:none --cpuset-cpus:none --cpuset-mems:none -m:none --memory:none --memory-reservation:none --memory-swap:none --pids-limit:none --restart:none'
        first=container others=container
        ;;
    'cbox wait')
        first=container others=container
        ;;
    esac
}

# _cbox_wants WORD: sets `values` to the kind of argument that must follow the option WORD; to nothing where none does.
_cbox_wants() {
    local word=$1 letters entry
    values=''
    if [[ $word != --* ]]; then
        # Bundled letters: the first one that takes an argument takes the rest, or the next word.
        for ((letters = 1; letters < ${#word}; letters++)); do
            for entry in $options; do
                [[ $entry == "-${word:letters:1}:"* ]] || continue
                ((letters + 1 == ${#word})) && values=${entry#*:}
                return
            done
        done
        return
    fi
    for entry in $options; do
        [[ $entry != "$word:"* ]] || values=${entry#*:}
    done
}

# _cbox_offer VALUES: completes $cur as an argument of this kind.
_cbox_offer() {
    local word
    case $1 in
    file) _filedir ;;
    directory) _filedir -d ;;
    image | container | network | volume)
        # Not through compgen -W, which would expand what stands in a name.
        while read -r word; do
            [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
        done < <(cbox __complete "$1" 2>/dev/null)
        __ltrim_colon_completions "$cur"
        ;;
    command)
        _cbox_tables cbox
        mapfile -t COMPREPLY < <(compgen -W "$commands $_cbox_topics" -- "$cur")
        ;;
    words=*)
        word=${1#*=}
        mapfile -t COMPREPLY < <(compgen -W "${word//|/ }" -- "$cur")
        ;;
    esac
}

_cbox() {
    local cur prev words cword
    _init_completion -n := || return
    local path=cbox options commands first others stop values i word operands=0 ended=''
    _cbox_tables "$path"
    for ((i = 1; i < cword; i++)); do
        word=${words[i]}
        if [[ $ended || $word != -?* ]]; then
            if [[ $commands ]]; then
                path+=" $word"
                _cbox_tables "$path"
            else
                operands=$((operands + 1)) ended=$ended$stop
            fi
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ $word != *=* ]]; then
            _cbox_wants "$word"
            if [[ $values ]] && ((++i == cword)); then
                _cbox_offer "$values"
                return
            fi
        fi
    done
    if [[ ! $ended && $cur == --*=* ]]; then
        _cbox_wants "${cur%%=*}"
        cur=${cur#*=}
        _cbox_offer "$values"
    elif [[ ! $ended && $cur == -* ]]; then
        mapfile -t COMPREPLY < <(for word in --help $options; do echo "${word%%:*}"; done | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$cur")
    elif [[ $commands ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
    elif ((operands == 0)); then
        _cbox_offer "$first"
    else
        _cbox_offer "$others"
    fi
} && complete -F _cbox cbox
