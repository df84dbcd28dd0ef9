#!/bin/sh
# Makes the certificates of this folder anew, with OpenSSL. They are committed: tests do not need it.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

cat > "$work/config" <<END
[ca]
default_ca = own
[own]
dir = $work
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[local]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[other]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:other.example
[local_authority]
basicConstraints = CA:TRUE
subjectAltName = DNS:localhost, IP:127.0.0.1
END
: > "$work/index"

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# sign FILE NAME EXTENSIONS FROM UNTIL KEY OPTIONS...
sign() {
  file=$1 name=$2 extensions=$3 from=$4 until=$5 key=$6
  shift 6
  openssl req -new -config "$work/config" -key "$key" -subj "/CN=$name" -out "$work/request"
  openssl ca -batch -notext -config "$work/config" -in "$work/request" -out "$file" \
    -extensions "$extensions" -startdate "$from" -enddate "$until" "$@" 2> /dev/null
}

long="20200101000000Z 21200101000000Z"
past="20200101000000Z 20210101000000Z"
authority="$work/authority.key"
new_key "$authority"
new_key server.key
by_authority="-cert ca.pem -keyfile $authority"
by_itself="-selfsign -keyfile server.key"

# The key of the authority is thrown away.
# shellcheck disable=SC2086
{
  sign ca.pem "Authority of the tests" authority $long "$authority" -selfsign -keyfile "$authority"
  sign server.pem localhost local $long server.key $by_authority
  sign expired.pem localhost local $past server.key $by_authority
  sign other-name.pem other.example other $long server.key $by_authority
  sign self-signed.pem localhost local $long server.key $by_itself
  sign self-signed-authority.pem localhost local_authority $long server.key $by_itself
}
