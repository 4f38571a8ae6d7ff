"""The builders that tests/differential/build compares: each takes a directory with a Dockerfile and gives an answer, which is
what the image that it made holds and says, or how it failed. Answers are plain text in parts, the same for all of them."""

import base64
import ctypes
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
fixtures = os.path.join(here, "../fixtures")
libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MNT_DETACH = 1, 2
CONFIG = ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck",
          "Shell", "OnBuild")


def script(name):
    """A program of fixtures/ that ends in .py for nobody, as a module."""
    path = os.path.join(fixtures, name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


lstree = script("lstree")


def bash(command, *arguments):
    subprocess.run(["bash", "-c", 'cd "$0" && . ./common.bash && . ./peers.bash && ' + command, fixtures, *arguments],
                   check=True, stdin=subprocess.DEVNULL)


# ---- what an image holds ----


def list_tree(layers):
    """Name to description, of layers (directories, the lowest first) mounted over each other, without times."""
    if not layers:
        return {}
    with tempfile.TemporaryDirectory(prefix="cbox-build-tree.") as work:
        os.mkdir(work + "/0")
        os.mkdir(work + "/tree")
        for n, layer in enumerate(layers):
            os.symlink(os.path.abspath(layer), "%s/%d" % (work, n + 1))
        # The kernel takes a page of options at most: names are as short as they can be.
        lower = ":".join("%d" % n for n in range(len(layers), -1, -1))
        mounting = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "ro,lowerdir=" + lower, work + "/tree"],
                                  cwd=work, capture_output=True, text=True, check=False)
        if mounting.returncode:
            raise RuntimeError("layers cannot be mounted: " + mounting.stderr.strip())
        try:
            return describe(os.fsencode(work + "/tree"))
        finally:
            libc.umount2((work + "/tree").encode(), MNT_DETACH)


def describe(top):
    found, links, tree = list(lstree.walk(top, set())), {}, {}
    for name, _, info in found:
        if info.st_nlink > 1 and not os.path.isdir(os.path.join(top, name)):
            links.setdefault(info.st_ino, []).append(lstree.escape(name))
    for name, path, info in found:
        fields = lstree.describe(path, info)
        del fields[3]
        names = sorted(links.get(info.st_ino, []))
        if len(names) > 1:
            fields.append("same=" + ",".join(names))
        tree[lstree.escape(name)] = " ".join(fields)
    return tree


def differing(tree, base):
    """The lines that say how a tree differs from its base."""
    lines = ["%s %s" % (name, tree[name]) for name in tree if tree[name] != base.get(name)]
    return sorted(lines + ["%s gone" % name for name in base if name not in tree])


def config_text(document):
    config = {key: value for key, value in (document.get("config") or {}).items() if key in CONFIG and value}
    if document.get("author"):
        config["author"] = document["author"]
    return "".join("%s %s\n" % (key, json.dumps(config[key], sort_keys=True)) for key in sorted(config))


# ---- how it failed ----


def read_kinds():
    kinds = []
    with open(here + "/build.kinds", encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                kind, regex = re.split(r"\t+", line.rstrip("\n"))
                kinds.append((kind, re.compile(regex)))
    return kinds


KINDS = read_kinds()


def error_kind(said):
    text = said.lower()
    for kind, regex in KINDS:
        if regex.search(text):
            return kind
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing said"


# ---- the builders ----


class Engine:
    """A builder in a world of its own below `dir`."""

    options = ()
    own = None  # lines of a tree that are the builder's own doing

    def __init__(self, directory):
        self.dir = directory
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("DOCKER_", "BUILDAH_", "BUILDKIT_")) and not key.lower().endswith("_proxy")}

    def run(self, *command, stdin=None, cwd=None):
        return subprocess.run([*self.command, *command], env=self.env, stdin=stdin or subprocess.DEVNULL, cwd=cwd, capture_output=True,
                              timeout=300, check=False)

    def build(self, case, context, base):
        """An answer. `base`: the tree that the listing leaves out."""
        iidfile = tempfile.mktemp(dir=self.dir, prefix="iid-")
        options = [] if any(option.startswith("--network") for option in case.options) else ["--network", "none"]
        done = self.run(*self.verb, *self.options, "--iidfile", iidfile, *options, *case.options, ".", cwd=context)
        said = done.stderr.decode("utf-8", "replace")
        answer = {"status": "fails" if done.returncode else "succeeds", "said": said,
                  "output": done.stdout.decode("utf-8", "replace") + said}
        if done.returncode:
            answer["error"] = error_kind(said)
            return answer
        with open(iidfile, encoding="ascii") as file:
            image = file.read().strip().split(":")[-1]
        document, layers = self.image(image)
        answer["document"] = document
        answer["config"] = config_text(document)
        answer["tree"] = list_tree(layers)
        answer["tree"] = "".join(line + "\n" for line in differing(answer["tree"], base))
        return answer

    def start(self):
        pass

    def stop(self):
        pass


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Docker(Engine):
    """docker.io's classic builder."""

    name = "docker"
    verb = ("build", "--force-rm")

    def __init__(self, directory):
        super().__init__(directory)
        self.data = directory + "/data"
        self.command = ["/usr/bin/docker", "-H", "unix://%s/docker.sock" % directory]
        self.env["DOCKER_BUILDKIT"] = "0"

    @staticmethod
    def version():
        return subprocess.run(["/usr/sbin/dockerd", "--version"], capture_output=True, text=True, check=True).stdout.split(",")[0]

    def start(self):
        os.makedirs(self.dir + "/certs", exist_ok=True)
        bash('PATH=/usr/bin:$PATH docker_start "$1" "$1/certs"', self.dir)

    def stop(self):
        bash('docker_stop "$1"', self.dir)

    def load(self, archive):
        self.run("load", "-q", "-i", archive).check_returncode()

    def image(self, image):
        below = self.data + "/image/overlay2"
        document, chain, layers = read_json("%s/imagedb/content/sha256/%s" % (below, image)), None, []
        for diff in document["rootfs"].get("diff_ids") or []:
            chain = diff if chain is None else "sha256:" + hashlib.sha256(("%s %s" % (chain, diff)).encode()).hexdigest()
            with open("%s/layerdb/sha256/%s/cache-id" % (below, chain.split(":")[1]), encoding="ascii") as file:
                layers.append("%s/overlay2/%s/diff" % (self.data, file.read()))
        return document, layers


class Buildah(Engine):
    """buildah bud, in Docker's format."""

    name = "buildah"
    own = re.compile(r"^(\. dir 0[57]55 0:0|etc/hostname file 0755 0:0 0 .*)\n", re.MULTILINE)  # whatever the base has
    verb = ("bud", "--pull-never", "--runtime", "runc", "--format", "docker", "--identity-label=false",
            "--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1024:4096")

    def __init__(self, directory):
        super().__init__(directory)
        self.command = ["buildah", "--root", directory + "/root", "--runroot", directory + "/run", "--storage-driver", "overlay"]

    @staticmethod
    def version():
        return " ".join(subprocess.run(["buildah", "--version"], capture_output=True, text=True, check=True).stdout.split()[:3])

    def stop(self):
        bash('podman_remove "$1"', self.dir)

    def load(self, archive):
        for manifest in json.loads(subprocess.run(["tar", "-xOf", archive, "manifest.json"], capture_output=True, check=True).stdout):
            self.run("pull", "-q", "docker-archive:%s:%s" % (archive, manifest["RepoTags"][0])).check_returncode()

    def image(self, image):
        images, below = self.dir + "/root/overlay-images/", {}
        name = "=" + base64.b64encode(("sha256:" + image).encode()).decode()
        document = read_json("%s/%s/%s" % (images, image, name))
        for layer in read_json(self.dir + "/root/overlay-layers/layers.json"):
            below[layer["id"]] = layer.get("parent")
        layer, layers = next(i.get("layer") for i in read_json(images + "images.json") if i["id"] == image), []
        while layer:
            layers.insert(0, "%s/root/overlay/%s/diff" % (self.dir, layer))
            layer = below[layer]
        return document, layers


class Cbox(Engine):
    """The program under test."""

    name = "cbox"
    verb = ("build", "--progress", "plain")

    def __init__(self, directory):
        super().__init__(directory)
        self.command = [os.path.realpath(os.environ.get("CBOX") or "%s/../../%s/cbox" % (here, os.environ.get("BUILD", "build")))]
        self.env.update(CBOX_ROOT=directory + "/root", CBOX_STATE=directory + "/state", CBOX_CONFIG=directory + "/config.json",
                        NO_COLOR="1")

    def start(self):
        with open(self.dir + "/config.json", "w", encoding="ascii") as file:
            file.write("{}\n")

    def load(self, archive):
        self.run("load", "-q", "-i", archive).check_returncode()

    def image(self, image):
        below = self.dir + "/root/"
        document = read_json(below + "blobs/sha256/" + image)
        layers = [below + "layers/sha256/" + diff.split(":")[1] + "/tree" for diff in document["rootfs"]["diff_ids"]]
        return document, layers


ENGINES = {engine.name: engine for engine in (Docker, Buildah, Cbox)}
