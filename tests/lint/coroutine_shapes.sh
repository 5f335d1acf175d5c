#!/bin/bash
# coroutine_shapes.sh FILE...: no co_await in a shape that GCC 12 miscompiles (temporaries destroyed
# twice, crashes). What is allowed: `auto x = co_await f(names...);`, `co_await f(names...);` and
# `co_return co_await f(names...);`. So, also over several lines:
#   - no brace inside the awaited expression: neither a lambda nor a braced temporary; name it first
#   - no co_await between the parentheses of if, switch, while
#   - no co_await in the same expression as a lambda's capture list
# Stricter than the compiler's faults need; each finding is cured by naming the value first.
set -euo pipefail
exec perl -e "$(
    cat <<'PERL'
use strict;
use warnings;

my $found = 0;
sub finding {
    my ($file, $text, $at, $why) = @_;
    my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
    my ($shown) = (split /\n/, $text)[$line - 1] =~ /^\s*(.*)/;
    print "$file:$line: $why: $shown\n";
    $found = 1;
}

# Where the expression that begins at $at ends: at a semicolon or at a bracket that it did not open.
sub end_of_expression {
    my ($text, $at) = @_;
    my $depth = 0;
    for (my $i = $at; $i < length $text; $i++) {
        my $c = substr $text, $i, 1;
        $depth++ if $c =~ /[(\[{]/;
        $depth-- if $c =~ /[)\]}]/;
        return $i if $depth < 0 || ($depth == 0 && $c eq ';');
    }
    return length $text;
}

for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    next unless $text =~ /co_await/;
    # Comments and literals go, lines stay.
    my $blank = sub { (my $s = shift) =~ s/[^\n]/ /g; $s };
    $text =~ s{(//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\g2"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])')}{$blank->($1)}gse;

    while ($text =~ /\b(if|switch|while)\b\s*(?:constexpr\s*)?(\((?:[^()]++|(?2))*\))/g) {
        my ($word, $condition, $at) = ($1, $2, $-[0]);
        finding($file, $text, $at, "co_await in the condition of $word") if $condition =~ /\bco_await\b/;
        pos($text) = $at + length $word; # conditions inside of it, too
    }
    while ($text =~ /\bco_await\b/g) {
        my ($at, $from) = ($-[0], $+[0]);
        my $expression = substr $text, $from, end_of_expression($text, $from) - $from;
        if ($expression =~ /\[[^\]]*\]\s*[({]|\bmutable\b/) {
            finding($file, $text, $at, "lambda in an awaited expression");
        } elsif ($expression =~ /\{/) {
            finding($file, $text, $at, "braces in an awaited expression");
        }
    }
}
exit $found;
PERL
)" "$@"
