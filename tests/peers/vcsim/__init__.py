"""The vCenter simulator of Debian's govmomi library, built by ``build`` and started by ``run``; not part of CI."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.peers.certificates import Certificate


@contextmanager
def running_vcsim(program: Path, certificate: Certificate, *options: str) -> Iterator[str]:
    """Run a simulator until the block ends; give its URL. User and password are "user" and "pass"."""
    with TemporaryDirectory() as folder:
        pem, key = certificate.files(Path(folder))
        command = [program, "-certificate", pem, "-key", key, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening "), f"the simulator did not start; it ended with {process.poll()}"
            yield f"https://{line.split()[1]}"
        finally:
            process.terminate()
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()
