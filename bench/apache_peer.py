"""Run Apache with mod_auth_openidc beside the gate, for `gate.py`: the same tokens, one process, a file for its log.

Debian: `apt-get install apache2 libapache2-mod-auth-openidc`. Apache verifies the signature of each request's token with a
public key from a file, and requires a valid user.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from tests.gate.gates import Issuer, free_port, until

MODULES = Path("/usr/lib/apache2/modules")
SETTINGS = """
ServerRoot {folder}
PidFile {folder}/pid
ServerName localhost
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
MaxKeepAliveRequests 0
User www-data
ErrorLog {folder}/error.log
CustomLog {folder}/access.log "%h %l %u %t \\"%r\\" %>s %b"
DocumentRoot {folder}/www
OIDCOAuthVerifyCertFiles {kid}#{folder}/key.pem
OIDCOAuthRemoteUserClaim sub
OIDCCryptoPassphrase not-used-by-resource-servers
<Directory {folder}/www>
  AuthType oauth20
  Require valid-user
</Directory>
"""


def is_installed() -> bool:
    """Return whether Apache and the module are there."""
    return shutil.which("apache2") is not None and (MODULES / "mod_auth_openidc.so").exists()


@contextlib.contextmanager
def running(folder: Path, issuer: Issuer) -> Iterator[tuple[str, int]]:
    """Run Apache in a folder below a temporary one; yield its URL, and the id of the process that answers."""
    (folder / "www").mkdir(parents=True)
    (folder / "www" / "verify").touch()
    public = issuer.key.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "key.pem").write_bytes(public.public_bytes(serialization.Encoding.PEM, form))
    for place in (folder.parent, folder):
        place.chmod(0o755)  # Apache's own user reads them
    port = free_port()
    text = SETTINGS.format(folder=folder, port=port, modules=MODULES, kid=issuer.kid)
    (folder / "httpd.conf").write_text(text, "utf-8")
    subprocess.run(["apache2", "-f", str(folder / "httpd.conf"), "-k", "start"], check=True)
    until((folder / "pid").exists, 20)
    parent = int((folder / "pid").read_text("ascii"))
    try:
        listed = Path(f"/proc/{parent}/task/{parent}/children")
        until(lambda: bool(listed.read_text("ascii").split()), 20)
        time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", int(listed.read_text("ascii").split()[0])
    finally:
        os.kill(parent, signal.SIGTERM)
        until(lambda: not (folder / "pid").exists(), 20)
