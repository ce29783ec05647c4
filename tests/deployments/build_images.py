"""Build the images, run the set, and use it, without Docker.

`python -m tests.deployments.build_images FOLDER` runs on demand, since it takes ten to twenty
minutes. It runs as root, with Debian's debootstrap, buildah, podman, runc, netavark, aardvark-dns
and catatonit, and with podman-compose. No image is fetched: debian:trixie-slim is made by
debootstrap as the real one is, and stand_in/ has PostgreSQL. Only Debian's and Python's packages
come from outside.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from casebook import paths

NEEDED = ("debootstrap", "buildah", "podman", "runc", "podman-compose")
BASE, DATABASE = "docker.io/library/debian:trixie-slim", "docker.io/library/postgres:17-trixie"
STAND_IN = paths.project() / "tests" / "deployments" / "stand_in"
SLIM = "".join(
    f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "man", "info", "locale", "lintian")
)
ENGINE = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
events_logger = "file"
cgroup_manager = "cgroupfs"
[network]
network_backend = "netavark"
"""
# Podman 4 covers /run then, and PostgreSQL's socket with it
OLD_ENGINE = "services: {database: {read_only: false}}\n"
SMALL = {"params": {"source": "sample", "profile": "smoke", "candidates": ["course"]}}
LIMIT = 300.0


def main() -> None:
    """Build, run and use the set; an error ends it where it occurs."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.deployments.build_images", description=__doc__
    )
    parser.add_argument(
        "folder", type=Path, help="for images, containers and logs; what is there is used again"
    )
    folder = parser.parse_args().folder.resolve()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        raise SystemExit(f"missing: {', '.join(missing)}. {__doc__}")
    configure(folder)
    if not image_exists(BASE):
        timed("base image", lambda: make_base(folder))
    build(folder, DATABASE, STAND_IN / "Dockerfile", STAND_IN)
    for name in ("service", "worker"):
        file = paths.project() / "deployments" / f"{name}.Dockerfile"
        build(folder, f"localhost/casebook-{name}", file, paths.project())
        print(
            output_of(
                "podman",
                "images",
                "--format",
                "{{.Repository}} {{.Size}}",
                f"localhost/casebook-{name}",
            )
        )
    compose = ["podman-compose", "--file", str(paths.project() / "deployments" / "compose.yaml")]
    try:
        use([*compose, "--file", str(folder / "old_engine.yaml")])
    finally:
        output_of(*compose, "down", "--volumes")
    print("all was seen")


def configure(folder: Path) -> None:
    """Have Podman and Buildah keep everything in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    storage = (
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
    )
    written = {"containers.conf": ENGINE, "storage.conf": storage, "old_engine.yaml": OLD_ENGINE}
    for name, text in written.items():
        (folder / name).write_text(text)
    os.environ |= {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "DATABASE_PASSWORD": "tried",
    }


def make_base(folder: Path) -> None:
    """Make the base image: Debian's smallest system.

    Like the real one, it has no manuals and package caches.
    """
    root = folder / "root"
    output_of("debootstrap", "--variant=minbase", "trixie", str(root))
    for name in ("doc", "man", "info", "locale"):
        shutil.rmtree(root / "usr" / "share" / name, ignore_errors=True)
    (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(SLIM)
    (root / "etc/apt/apt.conf.d/docker-clean").write_text(
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb '
        '/var/cache/apt/*.bin || true"; };\n'
        'APT::Install-Recommends "0";\nDir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
    )
    for path in [
        *(root / "var/cache/apt/archives").glob("*.deb"),
        *(root / "var/lib/apt/lists").glob("*_*"),
    ]:
        path.unlink()
    output_of(
        "tar",
        "--directory",
        str(root),
        "--exclude=./dev/*",
        "--create",
        "--file",
        str(folder / "root.tar"),
        ".",
    )
    output_of("podman", "import", str(folder / "root.tar"), BASE)


def build(folder: Path, name: str, dockerfile: Path, context: Path) -> None:
    """Build an image by its Dockerfile.

    Where the network has its own certificates, pip is given them.
    """
    command = [
        "buildah",
        "bud",
        "--layers",
        "--pull=never",
        "--isolation=chroot",
        "--format=docker",
        "--network=host",
    ]
    if certificates := os.environ.get("PIP_CERT"):
        (folder / "pip.conf").write_text("[global]\ncert = /etc/pip.crt\n")
        command += [
            f"--volume={certificates}:/etc/pip.crt:ro",
            f"--volume={folder}/pip.conf:/etc/pip.conf:ro",
        ]
    timed(name, lambda: output_of(*command, "--file", str(dockerfile), "--tag", name, str(context)))


def use(compose: list[str]) -> None:
    """Start the set in its order, run fraud, promote what it publishes, and ask the service."""
    output_of(*compose, "up", "--no-build", "--detach", "database", "service", "reports")
    for name in ("database", "server", "register", "worker"):
        if name != "database":
            output_of(*compose, "up", "--no-build", "--no-recreate", "--no-deps", "--detach", name)
        timed(name, lambda name=name: until(lambda: ready(name)))  # type: ignore[misc]
    for name in ("server", "worker", "service", "reports"):
        assert output_of("podman", "exec", container(name), "id", "-u") == "10001", name
        assert not worked("podman", "exec", container(name), "touch", "/casebook/x"), name
    timed("fraud", lambda: deployed("fraud/fraud", "--params", json.dumps(SMALL)))
    assert not worked(
        "podman", "exec", container("service"), "cat", "/artifacts/models/fraud/production"
    )
    timed(
        "promote",
        lambda: deployed("promote/promote", "--param", "case=fraud", "--param", "version=1"),
    )
    rows = output_of(
        "podman",
        "exec",
        container("service"),
        "cat",
        "/artifacts/models/fraud/1/sample_request.json",
    ).encode()
    request = Request(
        "http://127.0.0.1:9000/v1/models/fraud:predict", rows, {"Content-Type": "application/json"}
    )
    until(lambda: b'"fraud"' in read("http://127.0.0.1:9000/v1/models"))
    with urlopen(request, timeout=30) as answered:
        print(json.load(answered)["model"])
    assert b"<title>" in read("http://127.0.0.1:4200/")
    assert b"report.html" in read(f"http://127.0.0.1:4201/fraud/{latest_run()}/")
    for name in ("worker", "service", "server", "database"):
        timed(f"{name} stops", lambda name=name: output_of("podman", "stop", container(name)))  # type: ignore[misc]


def latest_run() -> str:
    """Return the name of the folder of the run."""
    return output_of("podman", "exec", container("service"), "ls", "/artifacts/runs/fraud").split()[
        -1
    ]


def deployed(name: str, *parameters: str) -> str:
    """Run a deployment from inside, and wait for its end."""
    return output_of(
        "podman",
        "exec",
        container("worker"),
        "python",
        "-m",
        "prefect",
        "deployment",
        "run",
        name,
        *parameters,
        "--watch",
    )


def ready(name: str) -> bool:
    """Return whether a container is healthy, or has done its job.

    Without systemd nothing else runs its health check.
    """
    if name == "register":
        state = output_of(
            "podman",
            "inspect",
            container(name),
            "--format",
            "{{.State.Status}} {{.State.ExitCode}}",
        )
        assert state in ("created 0", "running 0", "exited 0"), output_of(
            "podman", "logs", container(name)
        )
        return state == "exited 0"
    return worked("podman", "healthcheck", "run", container(name))


def container(name: str) -> str:
    """Return the name of a service's container."""
    return f"casebook_{name}_1"


def image_exists(image: str) -> bool:
    """Say whether an image was made before."""
    return worked("podman", "image", "exists", image)


def read(url: str) -> bytes:
    """Return what is at an address."""
    with urlopen(url, timeout=30) as response:
        content: bytes = response.read()
    return content


def until(true: Callable[[], bool]) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(1)


def worked(*command: str) -> bool:
    """Say whether a command succeeds."""
    return subprocess.run(command, capture_output=True, cwd=paths.project()).returncode == 0


def output_of(*command: str) -> str:
    """Run a command and return what it prints; if it fails, say what it said."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=paths.project())
    assert done.returncode == 0, f"{' '.join(command)}: {(done.stdout + done.stderr)[-2000:]}"
    return done.stdout.strip()


def timed(what: str, work: Callable[[], object]) -> None:
    """Do something and print how long it took."""
    began = time.monotonic()
    work()
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
