# SPDX-License-Identifier: MIT
# prove's harness with our last words: what failed, what was skipped and why, and the totals.
package LingerguardHarness;

use strict;
use warnings;
use parent 'TAP::Harness';

my $diagnostics_max = 60;    # lines shown of one failed test

# The Debian package of a program, where it is not named as the program.
my %package_of = (
    'ab' => 'apache2-utils', 'addr2line' => 'binutils', 'dpkg-shlibdeps' => 'dpkg-dev',
    'erl' => 'erlang-base', 'erlc' => 'erlang-base', 'go' => 'golang-go', 'initdb' => 'postgresql',
    'java' => 'default-jre-headless', 'javac' => 'default-jdk-headless', 'ldd' => 'libc-bin', 'man' => 'man-db', 'script' => 'bsdutils',
    'mini_httpd' => 'mini-httpd', 'musl-gcc' => 'musl-tools', 'nginx' => 'nginx-light', 'nm' => 'binutils',
    'node' => 'nodejs', 'nsenter' => 'util-linux', 'objcopy' => 'binutils', 'pdftotext' => 'poppler-utils',
    'pgbench' => 'postgresql', 'postgres' => 'postgresql', 'promtool' => 'prometheus', 'psql' => 'postgresql-client',
    'qemu-aarch64' => 'qemu-user', 'qemu-s390x' => 'qemu-user', 'readelf' => 'binutils',
    'redis-benchmark' => 'redis-tools', 'redis-cli' => 'redis-tools', 'sftp' => 'openssh-client',
    'ssh' => 'openssh-client', 'ssh-keygen' => 'openssh-client', 'sshd' => 'openssh-server',
    'setpriv' => 'util-linux', 'systemd-analyze' => 'systemd', 'systemd-socket-activate' => 'systemd',
    'unshare' => 'util-linux', 'webfsd' => 'webfs',
    'aarch64-linux-gnu-gcc' => 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
    'i686-linux-gnu-gcc' => 'gcc-i686-linux-gnu libc6-dev-i386-cross libc6-i386',
);

# What to install for "GROUP: PROGRAM is not installed"; undef for any other reason.
sub package_of {
    my ($reason) = @_;
    my ($program) = $reason =~ m{(?:^|\s|/)([\w.+-]+)(?: \([\w.+-]+\))? is not installed} or return undef;
    return $package_of{$program} // $program;
}

# The results are kept as they pass by: the aggregate knows only their numbers.
sub make_parser {
    my ($self, $job) = @_;
    my ($parser, $session) = $self->SUPER::make_parser($job);
    my $name = $job->description;
    my $failure;    # the failed test that the next diagnostics belong to
    $parser->callback(test => sub {
        my ($result) = @_;
        (my $what = $result->description) =~ s/^- //;
        undef $failure;
        push @{$self->{lg_skips}}, [$name, $what, $result->explanation] if $result->has_skip;
        return if $result->is_ok;
        $failure = {title => "$name: " . $result->number . " $what", lines => []};
        push @{$self->{lg_failures}}, $failure;
    });
    $parser->callback(comment => sub {
        my ($comment) = @_;
        push @{$failure->{lines}}, $comment->as_string
            if $failure && @{$failure->{lines}} < $diagnostics_max;
    });
    return ($parser, $session);
}

# What is wrong with a file beyond its failed tests; undef when nothing is.
sub file_problem {
    my ($parser) = @_;
    my @problems = $parser->parse_errors;
    push @problems, 'killed by signal ' . ($parser->wait & 127) if $parser->wait & 127;
    push @problems, 'exit status ' . $parser->exit . ($parser->exit == 124 ? ' (deadline)' : '')
        if $parser->exit && !$parser->failed;
    push @problems, 'no test ran' if !$parser->tests_run && !defined $parser->skip_all && !@problems;
    return @problems ? join('; ', @problems) : undef;
}

sub has_failed {
    my ($parser) = @_;
    return $parser->failed || defined file_problem($parser);
}

# With TEST_AGAIN, files that failed run once more, one at a time: on a machine that does other things
# as well a deadline may pass. What then passes counts, and is named.
sub run_again {
    my ($self, $parsers) = @_;
    my @names = grep {has_failed($parsers->{$_})} sort keys %$parsers;
    return if !$ENV{TEST_AGAIN} || !@names || @names > $ENV{TEST_AGAIN};
    my @first = @{$self->{lg_failures}};
    $self->{lg_failures} = [];
    @{$self->{lg_skips}} = grep {my ($name) = @$_; !grep {$_ eq $name} @names} @{$self->{lg_skips}};
    print "\nOnce more, alone: @names\n";
    $self->jobs(1);
    my $aggregate = $self->SUPER::runtests(@names);
    $parsers->{$_} = ($aggregate->parsers($_))[0] for $aggregate->descriptions;
    print "\nFailed at first, not alone:\n" if grep {!has_failed($parsers->{$_})} @names;
    for my $name (grep {!has_failed($parsers->{$_})} @names) {
        print map {("  $_->{title}\n", map {"      $_\n"} @{$_->{lines}})} grep {index($_->{title}, "$name:") == 0} @first;
    }
}

# By reason, so that one can see at a glance what to install.
sub print_skips {
    my @skips = @_;
    my %by_reason;
    push @{$by_reason{$_->[2]}}, "$_->[0]: $_->[1]" for @skips;
    print "\nSkipped:\n" if @skips;
    for my $reason (sort keys %by_reason) {
        my $package = package_of($reason);
        print "  $reason", $package ? ": apt-get install $package" : '', "\n";
        print map {"      $_\n"} @{$by_reason{$reason}};
    }
}

sub runtests {
    my ($self, @tests) = @_;
    my ($passed, $failed, $skipped) = (0, 0, 0);
    $self->{lg_skips} = [];
    $self->{lg_failures} = [];
    my $aggregate = $self->SUPER::runtests(@tests);
    my %parsers = map {($_ => ($aggregate->parsers($_))[0])} $aggregate->descriptions;

    run_again($self, \%parsers);
    for my $name (sort keys %parsers) {
        my $parser = $parsers{$name};
        my $skips = () = $parser->skipped;
        my $failures = () = $parser->failed;
        my $passes = () = $parser->passed;
        if (defined $parser->skip_all) {
            $skips = 1;
            push @{$self->{lg_skips}}, [$name, 'whole file', $parser->skip_all];
        }
        my $problem = file_problem($parser);
        if (defined $problem) {
            $failures++;
            push @{$self->{lg_failures}}, {title => "$name: $problem", lines => []};
        }
        my $skipped_passes = defined $parser->skip_all ? 0 : $skips;
        $passed += $passes - $skipped_passes;
        $failed += $failures;
        $skipped += $skips;
    }
    print_skips(@{$self->{lg_skips}});
    print "\nFailed:\n" if @{$self->{lg_failures}};
    for my $failure (@{$self->{lg_failures}}) {
        print "  $failure->{title}\n", map {"      $_\n"} @{$failure->{lines}};
    }
    if ($passed + $failed + $skipped == 0) {
        print "\nNo test ran.\n";
        $failed = 1;
    }
    print "\n$passed passed, $failed failed, $skipped skipped\n";
    # Not through prove, whose exit status knows nothing of the problems counted here.
    exit($failed ? 1 : 0);
}

1;
