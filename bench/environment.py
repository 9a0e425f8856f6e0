"""Prepares both sides' programs and says what they ran on: build, virtual environment, machine, versions."""

import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import venv

from process import Failed

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PEERS = REPOSITORY / "bench" / "peers"
PACKAGES = (
    "torch", "torchvision", "peft", "transformers", "openvino", "nncf", "onnxruntime", "numpy", "opencv-python-headless", "mlflow",
)


def cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ranklab"


def run(command):
    """Runs a command of the preparation; its output goes to stderr, as stdout is for the table."""
    print("$", *command, file=sys.stderr, flush=True)
    try:
        code = subprocess.run(command, cwd=REPOSITORY, stdout=sys.stderr, check=False).returncode
    except OSError as problem:
        raise Failed(f"cannot run {command[0]}: {problem.strerror}") from problem
    if code:
        raise Failed(f"{' '.join(map(str, command[:3]))} … ended with exit code {code}")


def peer_python(folder):
    """The Python of a virtual environment that holds the peers, made or brought up to date if need be."""
    folder = pathlib.Path(folder or os.environ.get("RANKLAB_BENCH_VENV") or cache() / "venv-bench").absolute()
    python, requirements = folder / "bin" / "python", PEERS / "requirements.txt"
    if not python.exists():
        venv.create(folder, with_pip=True)
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "ranklab-requirements.sha256"
    if not stamp.exists() or stamp.read_text().strip() != wanted:
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--requirement", requirements])
        stamp.write_text(wanted + "\n")
    return python


def build(name):
    """Builds one of our programs, as the tests do so that nothing is compiled twice, and gives its path."""
    run(["cargo", "build", "--release", "--locked", "--workspace", "--bin", name])
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    described = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=False)
    if described.returncode:
        raise Failed("cargo metadata failed")
    release = pathlib.Path(json.loads(described.stdout)["target_directory"], "release")
    return release / name


def find(given, name, folders):
    """A data file: the given one, or the first that exists under its usual name."""
    candidates = [pathlib.Path(given)] if given else [pathlib.Path(folder, name) for folder in folders]
    for path in candidates:
        if path.exists():
            return path.absolute()
    raise Failed(f"{given or name} not found: `just data fetch`, `just weights fetch`, or give its path")


def data_folders():
    """Where images and weights usually are: as the binary and as .ci/run keep them."""
    own = os.environ.get("RANKLAB_DATA") or REPOSITORY / "data"
    return [own, cache() / "data", REPOSITORY.parent / "shared" / "data"]


def take_data(parser):
    """The options of `parser`, with paths to the cell images and to VGG16's trunk among them, found if not given."""
    parser.add_argument("--zip", help="the cell images")
    parser.add_argument("--weights", help="VGG16's trunk")
    options = parser.parse_args()
    folders = data_folders()
    options.zip = find(options.zip, "cell_images.zip", folders)
    options.weights = find(options.weights, "vgg16_imagenet.safetensors", folders)
    return options


def first_value(path, key):
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def machine():
    """Processor, cores, memory and operating system in one line."""
    memory = (first_value("/proc/meminfo", "MemTotal") or "0 kB").split()[0]
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.system()
    processor = first_value("/proc/cpuinfo", "model name") or platform.machine()
    return (
        f"{processor}, {os.cpu_count()} cores, {int(memory) / 2**20:.1f} GiB of memory, "
        f"{system}, kernel {platform.release()}"
    )


def versions(python):
    """The peers' versions in one line."""
    program = (
        "import importlib.metadata as metadata, platform, sys\n"
        "print('Python', platform.python_version(), *(f', {p} {metadata.version(p)}' for p in sys.argv[1:]), sep=' ')"
    )
    said = subprocess.run([python, "-c", program, *PACKAGES], capture_output=True, text=True, check=False)
    return said.stdout.strip().replace(" ,", ",") or "unknown"


def commit():
    """The commit, and whether the working tree differs from it; the results themselves do not count."""

    def git(*arguments):
        command = ["git", *arguments]
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout.strip()

    excluded = [f":(exclude)bench/{name}" for name in ("RESULTS.md", "results.json", "SCALING.md")]
    changed = git("status", "--porcelain", "--", ".", *excluded)
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (" with uncommitted changes" if changed else "")
