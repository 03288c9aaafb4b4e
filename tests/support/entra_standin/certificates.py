"""A throw-away certificate authority and a server certificate for loopback, made with the openssl command."""

import os
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make(directory, names=("DNS:localhost", "IP:127.0.0.1"), days=2):
    """Writes ca.pem, server.pem, server.key into `directory` unless they are there. Returns their paths."""
    path = lambda name: os.path.join(directory, name)  # noqa: E731
    paths = path("ca.pem"), path("server.pem"), path("server.key")
    if all(os.path.exists(p) for p in paths):
        return paths
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *curve, "-days", str(days), "-subj", "/CN=Test CA of the Entra stand-in",
             "-keyout", path("ca.key"), "-out", path("ca.pem"))
    _openssl("req", *curve, "-subj", "/CN=Entra stand-in", "-keyout", path("server.key"), "-out", path("server.csr"))
    with open(path("server.ext"), "w", encoding="ascii") as file:
        file.write(f"subjectAltName={','.join(names)}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    _openssl("x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
             "-CAcreateserial", "-days", str(days), "-extfile", path("server.ext"), "-out", path("server.pem"))
    os.chmod(path("server.key"), 0o600)
    return paths
