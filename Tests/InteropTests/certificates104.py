"""Certificates of a plant in which everything that can be wrong is wrong once, made by openssl.

    certificates104.py DIRECTORY HOST…

In DIRECTORY then lie `ca.pem`, its `crl.pem`, and `foreign-ca.pem`, and of each name below NAME.pem and NAME.key.
Stations are for all the addresses HOST.
"""

import datetime
import os
import pathlib
import subprocess
import sys

CONFIGURATION = """
[ca]
default_ca = plant
[plant]
database = $ENV::AUTHORITY.index
serial = $ENV::AUTHORITY.serial
certificate = $ENV::AUTHORITY.pem
private_key = $ENV::AUTHORITY.key
new_certs_dir = .
default_md = sha256
default_crl_days = 1
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
commonName = $ENV::NAME
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[station]
basicConstraints = critical,CA:false
extendedKeyUsage = serverAuth
subjectAltName = $ENV::ADDRESSES
[gateway]
basicConstraints = critical,CA:false
extendedKeyUsage = clientAuth
"""
PAST, NOW, SOON, LATER = -3, -1, 1, 3
# Name: extensions, authority, valid from and to in days, for its own address.
CERTIFICATES = {
    "good": ("station", "ca", NOW, SOON, True),
    "revoked": ("station", "ca", NOW, SOON, True),
    "expired": ("station", "ca", PAST, NOW, True),
    "early": ("station", "ca", SOON, LATER, True),
    "foreign": ("station", "foreign-ca", NOW, SOON, True),
    "misnamed": ("station", "ca", NOW, SOON, False),
    "gateway": ("gateway", "ca", NOW, SOON, True),
    "gateway-other": ("gateway", "ca", NOW, SOON, True),
    "gateway-expired": ("gateway", "ca", PAST, NOW, True),
    "gateway-foreign": ("gateway", "foreign-ca", NOW, SOON, True),
}
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments: str, **environment: str) -> None:
    base = {"AUTHORITY": "ca", "NAME": "-", "ADDRESSES": "IP:192.0.2.1"}
    done = subprocess.run(["openssl", *arguments], env=os.environ | base | environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"openssl {' '.join(arguments)}: {done.stderr}")


def date(days: int) -> str:
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def request(name: str) -> None:
    openssl("req", "-new", "-config", "openssl.cnf", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", NAME=name)


def sign(name: str, extensions: str, start: int, end: int, *options: str, **environment: str) -> None:
    arguments = ["-batch", "-notext", "-config", "openssl.cnf", "-extensions", extensions, *options]
    arguments += ["-startdate", date(start), "-enddate", date(end), "-in", f"{name}.csr", "-out", f"{name}.pem"]
    openssl("ca", *arguments, **environment)


def main() -> None:
    os.chdir(sys.argv[1])
    addresses = ",".join(f"IP:{host}" for host in sys.argv[2:])
    pathlib.Path("openssl.cnf").write_text(CONFIGURATION)
    for name in ("ca", "foreign-ca"):
        request(name)
        pathlib.Path(f"{name}.index").write_text("")
        pathlib.Path(f"{name}.serial").write_text("1000\n")
        sign(name, "root", 2 * PAST, 2 * LATER, "-selfsign", AUTHORITY=name)
    for name, (extensions, authority, start, end, is_own) in CERTIFICATES.items():
        request(name)
        own = {"ADDRESSES": addresses} if is_own else {}
        sign(name, extensions, start, end, AUTHORITY=authority, **own)
    openssl("ca", "-config", "openssl.cnf", "-revoke", "revoked.pem")
    openssl("ca", "-config", "openssl.cnf", "-gencrl", "-out", "crl.pem")


main()
