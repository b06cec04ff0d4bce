#!/usr/bin/env python3
"""Certificates of every kind, judged by three programs that are not ours.

    test/pki_judge.py PATH/OF/pki_certificate_test

needs openssl, zlint (github.com/zmap/zlint/v3/cmd/zlint) and pkilint's programs on PATH. Prints every finding; the exit
code is 1 when there is one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

KINDS = ("root", "intermediate", "ca", "crossed", "node", "client")
SIGNED = (("root", "root"), ("root", "intermediate"), ("ca", "ca"), ("intermediate", "crossed"), ("ca", "node"),
          ("crossed", "node"), ("ca", "client"), ("crossed", "client"))
AT = "1795309200"  # an hour after the certificates of the test begin

# pkilint knows RFC 5280 alone, where a DNS name has no wildcard; RFC 6125 does.
ALLOWED = re.compile(r'pkix\.invalid_domain_name_syntax .*Invalid domain name syntax: "\*\.[a-z0-9.-]+"')


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def openssl(folder, algorithm):
    """Each leaf under the cluster's CA alone, and up to the PKI's root."""
    def path(kind):
        return f"{folder}/{algorithm}-{kind}.pem"
    chain = ["-untrusted", path("crossed"), "-untrusted", path("intermediate")]
    for trust, more, kind in (("ca", [], "node"), ("ca", [], "client"), ("root", chain, "node"),
                              ("root", chain, "client"), ("root", chain, "crossed"), ("root", [], "intermediate"),
                              ("root", [], "root")):
        done = run("openssl", "verify", "-x509_strict", "-attime", AT, "-CAfile", path(trust), *more, path(kind))
        if done.returncode != 0:
            yield f"openssl: {kind} under {trust}: {done.stderr.strip()}"


def zlint(file):
    done = run("zlint", "-includeSources", "RFC5280,RFC5480,RFC8813,Community", file)
    results = json.loads(done.stdout)
    if len(results) < 50:
        yield f"zlint ran only {len(results)} lints"
    for name, result in results.items():
        if result["result"] not in ("pass", "NA", "NE"):
            yield f"zlint: {name}: {result['result']} {result.get('details', '')}"


def pkilint(program, *files):
    done = run(program, "lint", "-s", "NOTICE", *files)
    if done.stderr:
        yield f"{program}: {done.stderr.strip()}"
    for line in done.stdout.splitlines():
        if line.startswith("    ") and not ALLOWED.search(line):
            yield f"{program}: {line.strip()}"


def findings(folder, algorithm):
    for text in openssl(folder, algorithm):
        yield "chain", text
    for kind in KINDS:
        file = f"{folder}/{algorithm}-{kind}.pem"
        for text in (*zlint(file), *pkilint("lint_pkix_cert", file)):
            yield kind, text
    for issuer, subject in SIGNED:
        files = (f"{folder}/{algorithm}-{kind}.pem" for kind in (issuer, subject))
        for text in pkilint("lint_pkix_signer_signee_cert_chain", *files):
            yield f"{issuer} -> {subject}", text


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1]], env={**os.environ, "PKI_EXPORT": folder}, check=True, capture_output=True)
        found = 0
        for algorithm in ("ecdsa", "rsa"):
            for where, text in findings(folder, algorithm):
                print(f"{algorithm} {where}: {text}")
                found += 1
        print(f"{2 * len(KINDS)} certificates judged, {found} findings")
        return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
