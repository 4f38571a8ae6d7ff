#!/usr/bin/perl
# filter.pl [--wait] COMMAND...: loads a small filter of system calls and becomes COMMAND. See `seccomp`, which shows it. With
# --wait it first prints its pid and waits for a byte from its standard input: the filter is there, the program not yet.
use strict;
use warnings;

# By uname -m: how the kernel names the architecture (linux/audit.h), the numbers of the calls made here, those of the calls refused.
my %machines = (
    x86_64  => { audit => 0xC000003E, prctl => 157, seccomp => 317, unshare => 272, clone3 => 435, personality => 135 },
    aarch64 => { audit => 0xC00000B7, prctl => 167, seccomp => 277, unshare => 97,  clone3 => 435, personality => 92 },
);
chomp(my $name = `uname -m`);
my $m = $machines{$name} or die "filter.pl: the numbers of $name are not known here\n";

# An instruction of classic BPF (struct sock_filter): operation, how far to jump if so and if not, operand.
sub load     { pack 'SCCL', 0x20, 0, 0, $_[0] }             # the word at this offset of struct seccomp_data
sub unless_  { pack 'SCCL', 0x15, $_[1], 0, $_[0] }         # equal: over so many; else go on
sub if_equal { pack 'SCCL', 0x15, 0, $_[1], $_[0] }         # equal: go on; else over so many
sub if_above { pack 'SCCL', 0x35, 0, $_[1], $_[0] }         # the same, for "at least"
sub verdict  { pack 'SCCL', 0x06, 0, 0, $_[0] }

my ($kill, $refuse, $allow) = (0x80000000, 0x00050000, 0x7FFF0000);    # linux/seccomp.h; an errno is added
my ($EPERM, $ENOSYS) = (1, 38);
my $filter = join '',
    # Calls of another architecture have other numbers: who does not look is got round by a 32-bit program.
    load(4), unless_($m->{audit}, 1), verdict($kill),
    load(0),
    # And so have those of x32, which goes by the same name.
    $name eq 'x86_64' ? (if_above(0x40000000, 1), verdict($refuse | $EPERM)) : (),
    if_equal($m->{unshare}, 1), verdict($refuse | $EPERM),
    # Makes namespaces as well, by an argument that a filter cannot follow. "No such call" makes libraries use clone, whose
    # flags it can look at (here nobody does). With EPERM they would give up.
    if_equal($m->{clone3}, 1), verdict($refuse | $ENOSYS),
    if_equal($m->{personality}, 1), verdict($kill),
    verdict($allow);

my $wait = @ARGV && $ARGV[0] eq '--wait' && shift;
@ARGV or die "usage: filter.pl [--wait] COMMAND...\n";

# PR_SET_NO_NEW_PRIVS: set-user-ID programs no longer give rights, or a filter could mislead them. The kernel asks for this, or for
# CAP_SYS_ADMIN. Then SECCOMP_SET_MODE_FILTER, with a struct sock_fprog.
syscall($m->{prctl}, 38, 1, 0, 0, 0) == 0 or die "filter.pl: prctl: $!\n";
my $program = pack 'Sx6P', length($filter) / 8, $filter;
syscall($m->{seccomp}, 1, 0, $program) == 0 or die "filter.pl: seccomp: $!\n";

if ($wait) {
    syswrite STDOUT, readlink('/proc/self') . "\n";
    sysread(STDIN, my $byte, 1) or exit 1;
}
exec { $ARGV[0] } @ARGV or die "filter.pl: $ARGV[0]: $!\n";
