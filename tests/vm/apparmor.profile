# What containers of tests/vm/labels may do under AppArmor: all but reading two files. apparmor.d(5)
abi <abi/3.0>,

profile walls flags=(attach_disconnected, mediate_deleted) {
  capability,
  file,
  mount,
  network,
  pivot_root,
  ptrace,
  signal,
  umount,
  deny /etc/shadow r,
}
