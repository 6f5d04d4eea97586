#!/bin/sh
# SPDX-License-Identifier: MIT
# The source lines behind the call sites of a log of json records.
#
#   where.sh [LOG...]        LINGERGUARD: the command, by default the one of PATH
#
# Needs addr2line (binutils) and programs with debug information: built with -g, or with a -dbgsym package.
set -eu

"${LINGERGUARD:-lingerguard}" report -n 0 -f json "$@" | perl -MJSON::PP -0777 -ne '
    $/ = "\n"; # -0777 took the report whole
    for my $site (@{decode_json($_)->{by_call_site}{rows}}) {
        next unless $site->{caller};
        print "$site->{connections} connections, $site->{lost_bytes} bytes lost, $site->{saved_bytes} bytes saved\n";
        for my $frame (ref $site->{caller} ? @{$site->{caller}} : $site->{caller}) {
            my ($module, $offset) = $frame =~ /^(.*)\+(0x[0-9a-f]+)$/ or next;
            my @lines;
            # Two lines a frame: function, file:line; more where functions were inlined.
            if (open my $answer, "-|", "addr2line", "-f", "-i", "-C", "-e", $module, $offset) {
                @lines = <$answer>;
                chomp @lines;
            }
            while (my ($function, $place) = splice @lines, 0, 2) {
                $place =~ s/ \(discriminator \d+\)//;
                print "    ", $place =~ /^\?\?/ ? $frame : "$function  $place", "\n";
            }
        }
        print "\n";
    }'
