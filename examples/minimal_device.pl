#!/usr/bin/env perl
# A whole device in one file: the device protocol over standard input and output, in Perl.
#
# Only what comes with Perl is used. The "model" is the beat counter of minimal_device.py; the point
# is that a verifier cannot tell, and need not know, in which language a device is written.
use strict;
use warnings;
use B ();
use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use List::Util qw(max min);
use MIME::Base64 qw(decode_base64);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

my ($RATE_HZ, $WINDOW, $HOP) = (250, 1250, 250);
my @LABELS = ('no beat', 'slow', 'normal', 'fast');
my ($LINE_BYTES_MAX, $SAMPLES_MAX, $EVENTS_KEPT, $EVENTS_TOLD_MAX) = (1 << 20, 100_000, 4096, 1000);
my ($WAITS_MAX, $WAIT_MS_MAX) = (16, 60_000);
my $FILE_SHA256 = sha256_hex(do { open my $file, '<:raw', $0 or die $!; local $/; <$file> });
my $NAN = 9**9**9 / 9**9**9;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# State: one start of the device.
my (%streams, @events, @waiting, $late_ms);
my ($cursor, $late_count, $ended, $fetched, $dropped) = (0, 0, 0, 0, 0);

# A request is refused by dying with the error it is answered with.
sub refuse { my ($code, $message) = @_; die { code => $code, message => $message } }

sub now_ns { return 0 + sprintf '%.0f', clock_gettime(CLOCK_MONOTONIC) * 1e9 }

# Reading parameters. JSON::PP keeps a string a string and a number a number; B can tell them apart.

sub is_text {
    my ($value) = @_;
    return 0 if !defined $value || ref $value;
    return B::svref_2object(\$value)->FLAGS & B::SVf_POK ? 1 : 0;
}

sub is_integer {
    my ($value) = @_;
    return 0 if !defined $value || ref $value || is_text($value);
    return B::svref_2object(\$value)->FLAGS & B::SVf_IOK ? 1 : 0;
}

sub integer {
    my ($value, $name, $least) = @_;
    return $value if is_integer($value) && $value >= $least;
    return refuse(-32602, "$name must be an integer of at least $least");
}

sub bytes_of {
    my ($text, $name) = @_;
    my $good = is_text($text) && length($text) % 4 == 0 && $text =~ m{\A[A-Za-z0-9+/]*={0,2}\z};
    return $good ? decode_base64($text) : refuse(-32602, "$name must be base64");
}

sub finite { my ($value) = @_; return $value == $value && abs($value) < 9**9**9 }

sub samples_of {
    my ($params) = @_;
    my $raw = bytes_of($params->{samples}, 'samples');
    refuse(-32602, 'samples must be 4 bytes each') if length($raw) % 4;
    refuse(-32002, "a block holds at most $SAMPLES_MAX samples") if length($raw) > 4 * $SAMPLES_MAX;
    my @values = unpack 'f<*', $raw;
    my @mask = (1) x @values;
    @mask = unpack 'C*', bytes_of($params->{valid}, 'valid') if exists $params->{valid};
    refuse(-32602, 'valid must be one byte for each sample') if @mask != @values;
    return map { $mask[$_] && finite($values[$_]) ? $values[$_] : $NAN } 0 .. $#values;
}

# The model. Invalid samples are NaN.

sub judge {
    my @samples = @_;
    my $invalid = grep { !finite($_) } @samples;
    if ($invalid) {
        my $reason = "$invalid of ${\ scalar @samples} samples are invalid";
        return (outcome => 'no_answer', reason => $reason, model_sha256 => $FILE_SHA256);
    }
    my ($low, $high) = (min(@samples), max(@samples));
    my $level = $low + 0.6 * ($high - $low);
    my $beats = grep { $samples[$_ - 1] < $level && $level <= $samples[$_] } 1 .. $#samples;
    my $per_minute = $beats * 60 * $RATE_HZ / @samples;
    my $label = $per_minute < 50 ? 'slow' : $per_minute > 110 ? 'fast' : 'normal';
    $label = 'no beat' if $high - $low < 0.1;
    my %probabilities = map { $_ => $_ eq $label ? 1 : 0 } @LABELS;
    return (
        outcome => 'answer',
        label => $label,
        probabilities => \%probabilities,
        model_sha256 => $FILE_SHA256,
    );
}

# The methods of the protocol: each takes the parameters and gives the result.

sub describe {
    return {
        protocol => '1.0',
        device => { model => 'minimal-perl', serial => '0', id => 'minimal-perl-0', epoch => 1 },
        software => { name => 'minimal-perl', version => '1.0', build_sha256 => $FILE_SHA256 },
        models => [{ name => 'beats', version => '1', sha256 => $FILE_SHA256, labels => \@LABELS }],
        capabilities => ['core', 'infer', 'stream', 'resources'],
        inputs => [{
            signal => 'ecg', unit => 'mV', rate_hz => $RATE_HZ,
            window_samples => $WINDOW, hop_samples => $HOP,
        }],
        clock => { now_ns => now_ns(), simulated => JSON::PP::false },
    };
}

# The digest is over the profile as received, so its numbers must keep the digits they came with:
# each is carried through Perl as a marked string and unmarked again in the canonical text.
sub canonical_profile {
    my ($line) = @_;
    $line =~ s/("(?:[^"\\]|\\.)*")|(-?[0-9][-+.eE0-9]*)/defined $1 ? $1 : qq("\\u0001$2")/ge;
    my $text = $json->encode($json->decode($line)->{params}{profile});
    $text =~ s/"\\u0001([^"]*)"/$1/g;
    return $text;
}

sub configure {
    my ($params, $line) = @_;
    refuse(-32602, 'profile must be an object') if ref $params->{profile} ne 'HASH';
    refuse(-32001, 'a stream is open; close it, then configure') if %streams;
    my $node = $params->{profile};
    for my $key (qw(budget latency window_to_result max_ms)) {
        $node = ref $node eq 'HASH' ? $node->{$key} : undef;
    }
    $late_ms = defined $node && !ref $node && !is_text($node) ? $node : undef;
    return { profile_sha256 => sha256_hex(canonical_profile($line)) };
}

sub shut_down { $ended = 1; return {} }

sub infer {
    my ($params) = @_;
    my $started_ns = now_ns();
    my $is_ecg = is_text($params->{signal}) && $params->{signal} eq 'ecg';
    refuse(-32602, "signal must be 'ecg'") if !$is_ecg;
    my @window = samples_of($params);
    refuse(-32602, "samples must be exactly $WINDOW") if @window != $WINDOW;
    return { judge(@window), elapsed_ns => now_ns() - $started_ns };
}

sub stream_open {
    my ($params) = @_;
    my ($name, $signal, $rate_hz, $unit) = @{$params}{qw(stream signal rate_hz unit)};
    refuse(-32602, 'stream must be a name') if !is_text($name) || $name eq '';
    my $taken = is_text($signal) && $signal eq 'ecg' && is_integer($rate_hz) && $rate_hz == $RATE_HZ
        && is_text($unit) && $unit eq 'mV';
    refuse(-32602, "only ecg at $RATE_HZ Hz in mV is taken") if !$taken;
    refuse(-32001, 'this stream is open already') if $streams{$name};
    $streams{$name} = { kept => [], next => 0, windows => 0 };
    return { window_samples => $WINDOW, hop_samples => $HOP };
}

sub opened {
    my ($name) = @_;
    refuse(-32602, 'stream must be a name') if !is_text($name);
    return $streams{$name} || refuse(-32001, 'no such stream is open; open it first');
}

sub stream_push {
    my ($params) = @_;
    my $instant_ns = now_ns();
    my $at = opened($params->{stream});
    my $first = integer($params->{first}, 'first', 0);
    my @block = samples_of($params);
    if (exists $params->{acquired_ns}) {
        $instant_ns = integer($params->{acquired_ns}, 'acquired_ns', 0);
    }
    my $gap = $first - $at->{next};
    refuse(-32602, "first is $first, but $at->{next} is expected; nothing was taken") if $gap < 0;
    refuse(-32002, "a gap holds at most $SAMPLES_MAX samples") if $gap > $SAMPLES_MAX;
    push @{ $at->{kept} }, ($NAN) x $gap, @block;
    $at->{next} += $gap + @block;
    while (@{ $at->{kept} } >= $WINDOW) {
        publish($params->{stream}, $at, $instant_ns);
        $at->{windows}++;
        splice @{ $at->{kept} }, 0, $HOP;
    }
    return { next => 0 + $at->{next} };
}

sub publish {
    my ($name, $at, $last_sample_ns) = @_;
    my @samples = @{ $at->{kept} }[0 .. $WINDOW - 1];
    my %outcome = judge(@samples);
    my $decision_ns = now_ns();
    my $is_late = defined $late_ms && $decision_ns - $last_sample_ns > $late_ms * 1e6;
    $late_count += $is_late ? 1 : 0;
    my $first = $at->{windows} * $HOP;
    my $valid = grep { finite($_) } @samples;
    push @events, {
        cursor => ++$cursor,
        kind => 'result',
        stream => $name,
        window => {
            index => 0 + $at->{windows},
            first => $first,
            last => $first + $WINDOW - 1,
            valid => $valid,
        },
        %outcome,
        last_sample_ns => $last_sample_ns,
        decision_ns => $decision_ns,
        late => defined $late_ms ? ($is_late ? JSON::PP::true : JSON::PP::false) : undef,
    };
    if (@events > $EVENTS_KEPT) {
        my $gone = shift @events;
        $dropped++ if $gone->{cursor} > $fetched;
    }
    return;
}

sub stream_close {
    my ($params) = @_;
    my $at = opened($params->{stream});
    delete $streams{ $params->{stream} };
    return { samples => 0 + $at->{next}, windows => 0 + $at->{windows} };
}

sub events_after {
    my ($after, $limit) = @_;
    $fetched = $after if $after > $fetched;
    my @told = grep { $_->{cursor} > $after } @events;
    my $most = min($limit, $EVENTS_TOLD_MAX, scalar @told);
    @told = @told[0 .. $most - 1];
    return {
        events => \@told,
        next => @told ? $told[-1]{cursor} : $after,
        dropped => 0 + $dropped,
    };
}

# Answers now, or keeps the request until there is something to tell.
sub events {
    my ($params, undef, $id) = @_;
    my $after = integer($params->{after} // 0, 'after', 0);
    my $limit = integer($params->{limit} // 256, 'limit', 1);
    my $wait_ms = integer($params->{wait_ms} // 0, 'wait_ms', 0);
    refuse(-32002, "wait_ms is at most $WAIT_MS_MAX") if $wait_ms > $WAIT_MS_MAX;
    return events_after($after, $limit) if $wait_ms == 0 || $cursor > $after;
    refuse(-32002, "at most $WAITS_MAX requests wait") if @waiting == $WAITS_MAX;
    my $until_ns = now_ns() + $wait_ms * 1_000_000;
    push @waiting, { until_ns => $until_ns, id => $id, after => $after, limit => $limit };
    return;
}

sub resources {
    my $cpu_seconds = clock_gettime(CLOCK_PROCESS_CPUTIME_ID);
    return {
        cpu_seconds => { value => $cpu_seconds, provenance => 'measured' },
        late_results => { value => $late_count, provenance => 'measured' },
        temperature_c => { value => undef, provenance => 'unknown' },
    };
}

my %METHODS = (    # name => [method, required parameters, optional ones]
    'describe' => [\&describe, [], []],
    'configure' => [\&configure, ['profile'], []],
    'shutdown' => [\&shut_down, [], []],
    'infer' => [\&infer, ['signal', 'samples'], ['valid']],
    'stream.open' => [\&stream_open, ['stream', 'signal', 'rate_hz', 'unit'], []],
    'stream.push' => [\&stream_push, ['stream', 'first', 'samples'], ['valid', 'acquired_ns']],
    'stream.close' => [\&stream_close, ['stream'], []],
    'events' => [\&events, [], ['after', 'wait_ms', 'limit']],
    'resources' => [\&resources, [], []],
);

# The agent: lines in, lines out.

sub say_line {
    my (%message) = @_;
    my $line = $json->encode({ jsonrpc => '2.0', %message }) . "\n";
    while (length $line) {
        my $written = syswrite STDOUT, $line;
        exit 1 if !defined $written;
        substr($line, 0, $written) = '';
    }
    return;
}

# The result of a request; nothing when it waits.
sub called {
    my ($request, $line) = @_;
    my ($id, $name) = @{$request}{qw(id method)};
    my $params = exists $request->{params} ? $request->{params} : {};
    my $strangers = grep { !/\A(?:jsonrpc|id|method|params)\z/ } keys %{$request};
    my $well_formed = is_text($request->{jsonrpc}) && $request->{jsonrpc} eq '2.0'
        && is_integer($id) && is_text($name) && ref $params eq 'HASH' && !$strangers;
    refuse(-32600, 'a request has jsonrpc 2.0, an integer id, a method, params') if !$well_formed;
    refuse(-32601, 'the methods are ' . join ', ', sort keys %METHODS) if !$METHODS{$name};
    my ($method, $required, $optional) = @{ $METHODS{$name} };
    my @missing = grep { !exists $params->{$_} } @{$required};
    my %known = map { $_ => 1 } @{$required}, @{$optional};
    my @unknown = grep { !$known{$_} } sort keys %{$params};
    refuse(-32602, "missing: @missing; unknown: @unknown") if @missing || @unknown;
    return $method->($params, $line, $id);
}

sub answer {
    my ($line) = @_;
    my $id;
    my $done = eval {
        my $request = eval { $json->decode($line) };
        refuse(-32700, 'a line must be JSON in UTF-8') if $@;
        refuse(-32600, 'a request is an object; no batches') if ref $request ne 'HASH';
        $id = $request->{id} if is_integer($request->{id});
        my $result = called($request, $line);
        answer_waiting();
        say_line(id => $id, result => $result) if $result;
        1;
    };
    return if $done;
    my $error = ref $@ eq 'HASH' ? $@ : { code => -32603, message => "internal error: $@" };
    return say_line(id => $id, error => $error);
}

# Answers those for whom there is an event, whose time is over, or all at the end.
sub answer_waiting {
    my $now_ns = now_ns();
    my @still;
    for my $wait (@waiting) {
        if ($cursor > $wait->{after} || $now_ns >= $wait->{until_ns} || $ended) {
            say_line(id => $wait->{id}, result => events_after($wait->{after}, $wait->{limit}));
        }
        else {
            push @still, $wait;
        }
    }
    @waiting = @still;
    return;
}

sub take_line {
    my ($line, $overlong) = @_;
    return answer($line) if !$overlong && length $line < $LINE_BYTES_MAX;
    my $error = { code => -32700, message => "over $LINE_BYTES_MAX bytes" };
    return say_line(id => undef, error => $error);
}

binmode STDIN;
binmode STDOUT;
my ($buffer, $overlong) = ('', 0);
while (!$ended) {
    my $patience_s;
    if (@waiting) {
        $patience_s = max(0, (min(map { $_->{until_ns} } @waiting) - now_ns()) / 1e9);
    }
    my $ready = '';
    vec($ready, fileno STDIN, 1) = 1;
    if (!select $ready, undef, undef, $patience_s) {
        answer_waiting();
        next;
    }
    my $length = sysread STDIN, my $data, 1 << 16;
    last if !$length;
    my ($ends, @rest) = ($data =~ tr/\n//, split /\n/, $data, -1);
    for my $number (0 .. $#rest) {
        $buffer .= $rest[$number];
        last if $number == $ends;
        take_line($buffer, $overlong);
        ($buffer, $overlong) = ('', 0);
        last if $ended;
    }
    ($buffer, $overlong) = ('', 1) if length $buffer >= $LINE_BYTES_MAX || $overlong;
}
exit 0;
