#!/usr/bin/perl
# Flask's session cookie in Perl, by core modules alone: the adapter that adapters/README.md builds.
use strict;
use warnings;
use B;
use Compress::Zlib qw(compress uncompress);
use Digest::SHA qw(hmac_sha1 sha1);
use Encode qw(decode encode_utf8);
use JSON::PP;
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64url);

exit main();

sub main {
    $| = 1;    # flush after every reply
    while (my $line = <STDIN>) {
        print json(reply($line)), "\n";
    }
    return 0;
}

# One of ok, unsupported and error, under the id of the request.
sub reply {
    my ($line) = @_;
    my $request = eval { JSON::PP->new->utf8->allow_bignum->decode($line) };
    return { id => undef, error => 'a request is a JSON object' } if ref $request ne 'HASH';
    my $id = $request->{id};
    my $ok = eval { answer($request) };
    return { id => $id, ok => $ok } if $ok;
    return { id => $id, unsupported => $@->{unsupported} } if ref $@;
    return { id => $id, error => "$@" };
}

sub unsupported {
    my ($what) = @_;
    die { unsupported => $what };
}

sub answer {
    my ($request) = @_;
    my %members = (hello => ['protocol'], verify => [qw(config now cookie)], sign => [qw(config now session)]);
    my $op = $request->{op} // die "a request has an op\n";
    my $known = $members{$op} // unsupported("op $op");
    for my $member (sort keys %$request) {
        unsupported("member $member") if !grep { $_ eq $member } 'id', 'op', @$known;
    }
    exists $request->{$_} or die "$_ is missing\n" for @$known;
    return hello() if $op eq 'hello';
    $request->{now} =~ /\A-?[0-9.]+\z/ or die "now: a number is needed\n";
    return $op eq 'verify' ? verify($request) : sign($request);
}

sub hello {
    return {
        name => 'perl', version => '1', runtime => "perl $^V", ops => [qw(verify sign)], values => ['json'],
        choices => {
            base64 => 'strict', odd_payload => 'reject', timestamp_range => 'reject', fallback_text => 'refuse',
        },
    };
}

sub verify {
    my ($request) = @_;
    my $session = opened($request) or return { accepted => JSON::PP::false };
    return { accepted => JSON::PP::true, session => encoded($session) };
}

# JSON as Python writes it: keys in order, no spaces, ASCII, numbers in the fewest digits.
sub json {
    my ($value) = @_;
    return 'null' if !defined $value;
    return '[' . join(',', map { json($_) } @$value) . ']' if ref $value eq 'ARRAY';
    return '{' . join(',', map { text($_) . ':' . json($value->{$_}) } sort keys %$value) . '}' if ref $value eq 'HASH';
    return $$value ? 'true' : 'false' if ref $value;
    return is_number($value) ? number($value) : text($value);
}

# The session in a cookie that counts; nothing otherwise.
sub opened {
    my ($request) = @_;
    my @keys = signing_keys($request->{config});
    my $lifetime = lifetime($request->{config});
    my ($signed, $signature) = parts($request->{cookie}) or return;
    grep { sha1(mac($_, $signed)) eq sha1(encode_utf8($signature)) } @keys or return;
    my ($payload, $timestamp) = parts($signed) or return;
    my $bytes = unbase64($timestamp) // return;
    my $seconds = unpack 'Q>', substr "\0" x 8 . $bytes, -8;
    my $age = int($request->{now}) - $seconds;
    return if length $bytes > 8 || $seconds > 253_402_300_799 || $age < 0 || $age > $lifetime;
    my $text = $payload =~ s/^\.// ? uncompress(unbase64($payload) // return) : unbase64($payload);
    return session($text // return);
}

# The map in a payload, of which an empty one stands for null.
sub session {
    my ($text) = @_;
    my $json = JSON::PP->new->allow_nonref->allow_bignum;
    my $session = eval { $json->decode(decode('UTF-8', $text, Encode::FB_CROAK | Encode::LEAVE_SRC)) };
    unsupported('values of surrogates or floats') if $@ && $text =~ /\\u[dD]|NaN|Infinity/;
    unsupported('a list instead of a session') if ref $session eq 'ARRAY' || $text =~ /\A\s*"/;
    return $@ ? undef : !defined $session ? {} : ref $session eq 'HASH' ? $session : undef;
}

# The keys that verify; the first signs.
sub signing_keys {
    my ($config) = @_;
    my %served = map { $_ => 1 } qw(
        secret_key fallback_keys lifetime salt refresh_each_request cookie_name cookie_domain cookie_path application_root
        cookie_httponly cookie_secure cookie_samesite cookie_partitioned);
    $served{$_} or unsupported("config $_") for sort keys %$config;
    my @secrets = ($config->{secret_key} // '', reverse @{ $config->{fallback_keys} // [] });
    my ($current, @older) = map { ref $_ ? decode_base64($_->{'$bytes'}) : encode_utf8($_) } @secrets;
    return if $current eq '';
    my $salt = encode_utf8($config->{salt} // 'cookie-session');
    return map { hmac_sha1($salt, $_) } $current, @older;
}

sub lifetime {
    my ($config) = @_;
    my $lifetime = int($config->{lifetime} // 31 * 24 * 60 * 60);
    unsupported('a lifetime beyond timedelta') if $lifetime < -86_399_999_913_600 || $lifetime >= 86_400_000_000_000;
    return $lifetime;
}

sub mac {
    my ($key, $signed) = @_;
    return encode_base64url(hmac_sha1(encode_utf8($signed), $key));
}

# What stands before the last point, and what behind it.
sub parts {
    my ($text) = @_;
    return $text =~ /\A(.*)\.([^.]*)\z/s;
}

# Only the canonical spelling, as the choice base64 declares.
sub unbase64 {
    my ($text) = @_;
    my $bytes = decode_base64url($text);
    return encode_base64url($bytes) eq $text ? $bytes : undef;
}

sub sign {
    my ($request) = @_;
    my ($key) = signing_keys($request->{config}) or return { raised => 'there is no secret key' };
    my $now = int $request->{now};
    return { raised => 'there are no timestamps before 1970' } if $now < 0;
    my $text = json(decoded($request->{session}));
    my $deflated = compress($text);
    my $payload = length $deflated < length($text) - 1 ? '.' . encode_base64url($deflated) : encode_base64url($text);
    my $signed = $payload . '.' . encode_base64url(pack('Q>', $now) =~ s/^\0+//r);
    return { cookie => $signed . '.' . mac($key, $signed) };
}

# A session of the protocol as Perl has it.
sub decoded {
    my ($value) = @_;
    return [ map { decoded($_) } @$value ] if ref $value eq 'ARRAY';
    return plain($value) if ref $value ne 'HASH';
    if (keys %$value == 1 && (keys %$value)[0] =~ /^\$/) {
        my ($kind) = keys %$value;
        unsupported("values of $kind") if $kind ne '$map' || grep { ref $_->[0] } @{ $value->{$kind} };
        return untagged({ map { $_->[0] => decoded($_->[1]) } @{ $value->{$kind} } });
    }
    return untagged({ map { $_ => decoded($value->{$_}) } sort keys %$value });
}

# A session of Perl's as the protocol has it: a map whose only key begins with $ is escaped.
sub encoded {
    my ($value) = @_;
    return [ map { encoded($_) } @$value ] if ref $value eq 'ARRAY';
    return plain($value) if ref $value ne 'HASH';
    my $map = untagged({ map { $_ => encoded($value->{$_}) } sort keys %$value });
    return keys %$map == 1 && (keys %$map)[0] =~ /^\$/ ? { '$map' => [ [%$map] ] } : $map;
}

# Flask writes what JSON has not as a map with a tag for its only key.
sub untagged {
    my ($map) = @_;
    unsupported('tags') if keys %$map == 1 && (keys %$map)[0] =~ /\A (di|t|b|m|u|d)\z/;
    return $map;
}

# Text, null, a boolean, or a number of the kind json.
sub plain {
    my ($value) = @_;
    return $value if !is_number($value);
    my $number = "$value" + 0;
    unsupported('values of integers') if ref $value eq 'Math::BigInt' || abs $number >= 2**53;
    unsupported('values of floats') if ref $value && $number == int $number;
    return $number;
}

sub is_number {
    my ($value) = @_;
    return ref $value ? ref($value) =~ /^Math::/ : defined $value && !(B::svref_2object(\$value)->FLAGS & B::SVf_POK);
}

sub text {
    my ($text) = @_;
    return JSON::PP->new->ascii->allow_nonref->encode("$text") =~ s/\x7f/\\u007f/gr;
}

sub number {
    my ($number) = @_;
    return sprintf '%d', $number if $number == int $number;
    my ($shortest) = grep { $_ == $number } map { sprintf "%.${_}g", $number } 1 .. 17;
    return $shortest;
}
