# SPDX-License-Identifier: MIT
# prove's harness with our last words: what failed, what was skipped and why, and the totals.
package LingerguardHarness;

use strict;
use warnings;
use parent 'TAP::Harness';

my $diagnostics_max = 60;    # lines shown of one failed test

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
        push @{$self->{lg_skips}}, "$name: $what (" . $result->explanation . ')' if $result->has_skip;
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
    @{$self->{lg_skips}} = grep {my $skip = $_; !grep {index($skip, "$_:") == 0} @names} @{$self->{lg_skips}};
    print "\nOnce more, alone: @names\n";
    $self->jobs(1);
    my $aggregate = $self->SUPER::runtests(@names);
    $parsers->{$_} = ($aggregate->parsers($_))[0] for $aggregate->descriptions;
    print "\nFailed at first, not alone:\n" if grep {!has_failed($parsers->{$_})} @names;
    for my $name (grep {!has_failed($parsers->{$_})} @names) {
        print map {("  $_->{title}\n", map {"      $_\n"} @{$_->{lines}})} grep {index($_->{title}, "$name:") == 0} @first;
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
            push @{$self->{lg_skips}}, "$name: whole file (" . $parser->skip_all . ')';
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
    print "\nSkipped:\n", map {"  $_\n"} @{$self->{lg_skips}} if @{$self->{lg_skips}};
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
