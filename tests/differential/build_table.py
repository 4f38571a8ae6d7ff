"""Reads build.cases, whose head says what its lines mean, and makes the images and contexts that it describes."""

import codecs
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import tarfile

from build_engines import fixtures, script

mktar = script("mktar")


class Case:
    def __init__(self, group, title, line, context, peers):
        self.group, self.title, self.line = group, title, line
        self.context, self.dockerfile, self.options = list(context), b"", []
        self.peers, self.history = peers, False
        self.meant, self.expected = [], []  # (peer, part, reason, surely), words

    def key(self, version, images):
        """What an answer hangs on."""
        text = self.dockerfile + "\n".join(self.options + [line for entry in self.context for line in entry]).encode()
        used = [images[name].text for name in sorted(images) if re.search(r"\b%s\b" % name, text.decode("latin-1"))]
        return hashlib.sha256(b"\0".join([version.encode(), text] + [part.encode() for part in used])).hexdigest()[:12]


class Image:
    def __init__(self, config):
        self.config, self.members = json.loads(config), []

    @property
    def text(self):
        return json.dumps(self.config) + "\n".join(self.members)


def read_table(path):
    cases, images, group, context, peers, at = [], {}, None, [], ("docker", "buildah"), None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            sign, rest = line[:1], line[2:]
            case = at if isinstance(at, Case) else None
            if sign in ("", "#"):
                continue
            if sign == "{":
                name, config = re.fullmatch(r"\{([a-z]+)\} (.*)", line).groups()
                at = images[name] = Image(config)
            elif sign == "[":
                group, at, context, peers = line[1:].split("]")[0], None, [], ("docker", "buildah")
            elif sign == "-":
                at = Case(group, rest, number, context, peers)
                cases.append(at)
            elif line.startswith("  "):  # members of a tar: an image's layer, or the context's file before
                (at.members if isinstance(at, Image) else (case.context if case else context)[-1]).append(rest)
            elif sign == "+":
                (case.context if case else context).append([rest])
            elif sign == "@":
                words = rest.split()
                if case:
                    case.history = "history" in words
                words = tuple(word for word in words if word in ("docker", "buildah"))
                if case:
                    case.peers = words
                else:
                    peers = words
            elif sign == "|":
                case.dockerfile += rest.encode() + b"\n"
            elif sign == "\\":
                case.dockerfile += unescape(rest)
            elif sign == "$":
                case.options += shlex.split(rest)
            elif sign in "!?":
                peer, part, reason = re.fullmatch(r"(docker|buildah) (status|error|tree|config|history): (.+)", rest).groups()
                case.meant.append((peer, part, reason, sign == "!"))
            elif sign == "=":
                case.expected.append(rest)
            else:
                raise SystemExit("build.cases:%d: %s" % (number, line))
    return cases, images


def unescape(text):
    return codecs.escape_decode(text.encode("utf-8", "surrogateescape"))[0]


# ---- contexts ----


def make_context(case, directory):
    """Makes the files of a case, and its Dockerfile, in an empty directory."""
    for entry in case.context:
        try:
            make_file(os.fsencode(directory), entry)
        except (OSError, ValueError, AttributeError) as error:
            raise SystemExit("build.cases:%d: %s: %s" % (case.line, entry[0], error)) from error
    if case.dockerfile and not os.path.lexists(directory + "/Dockerfile"):
        with open(directory + "/Dockerfile", "wb") as file:
            file.write(case.dockerfile)


def make_file(top, entry):
    name, mode, owner, verb, rest = re.fullmatch(r"(\S+)(?: ([0-7]{3,4}))?(?: (\d+:\d+))?(?: (=|->|=>|%\w+) ?(.*))?", entry[0]).groups()
    path = os.path.join(top, unescape(name))
    os.makedirs(os.path.dirname(path.rstrip(b"/")), exist_ok=True)
    if verb == "->":
        os.symlink(unescape(rest), path)
    elif verb == "=>":
        os.link(os.path.join(top, unescape(rest)), path)
    elif name.endswith("/"):
        os.makedirs(path, exist_ok=True)
    elif verb == "%fifo":
        os.mkfifo(path)
    elif verb == "%many":
        for n in range(int(rest)):
            with open(b"%s%d" % (path, n), "w", encoding="ascii") as file:
                file.write("%d\n" % n)
        return
    else:
        with open(path, "wb") as file:
            file.write(content(verb, rest, entry[1:]))
    if verb != "->":
        if owner:
            os.chown(path, *[int(number) for number in owner.split(":")])
        os.chmod(path, int(mode, 8) if mode else 0o755 if os.path.isdir(path) else 0o644)


def content(verb, rest, members):
    if verb == "%size":  # bytes that no compression makes small
        return mktar.random.Random(rest).randbytes(int(rest))
    if verb == "%tar":  # gzip, bzip2, xz, none; cut: without its second half
        data = tar(members)
        words = rest.split()
        for word in words:
            if word in ("gzip", "bzip2", "xz", "zstd"):
                data = gzip.compress(data, mtime=0) if word == "gzip" else subprocess.run([word, "-c"], input=data, capture_output=True, check=True).stdout
        return data[:len(data) // 2] if "cut" in words else data
    return unescape(rest) if verb else b""


def tar(members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as file:
        for line in members:
            info, body = mktar.member(shlex.split(line))
            file.addfile(info, io.BytesIO(body))
    return data.getvalue()


# ---- images ----


def alpine_layer():
    layout = subprocess.run([fixtures + "/alpine"], capture_output=True, text=True, check=True).stdout.strip()
    with open(layout + "/index.json", encoding="ascii") as file:
        manifest = json.load(file)["manifests"][0]["digest"].split(":")[1]
    with open("%s/blobs/sha256/%s" % (layout, manifest), encoding="ascii") as file:
        layer = json.load(file)["layers"][0]["digest"].split(":")[1]
    with gzip.open("%s/blobs/sha256/%s" % (layout, layer)) as file:
        return file.read()


def write_archive(images, path, alpine):
    """All images as docker save writes them: alpine, and what the table describes on top of it."""
    manifest, written = [], set()
    with tarfile.open(path, "w") as archive:

        def add(name, data):
            if name not in written:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
                written.add(name)

        for name, image in images.items():
            layers = [alpine] + ([tar(image.members)] if image.members else [])
            diffs = [hashlib.sha256(layer).hexdigest() for layer in layers]
            config = json.dumps({
                "architecture": machine(), "os": "linux", "created": "2024-01-02T03:04:05Z", "config": image.config,
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff for diff in diffs]},
                "history": [{"created": "2024-01-02T03:04:05Z", "created_by": "fixture"} for _ in diffs]}).encode()
            digest = hashlib.sha256(config).hexdigest()
            for diff, layer in zip(diffs, layers):
                add(diff + "/layer.tar", layer)
            add(digest + ".json", config)
            manifest.append({"Config": digest + ".json", "RepoTags": [name + ":latest"], "Layers": [diff + "/layer.tar" for diff in diffs]})
        add("manifest.json", json.dumps(manifest).encode())


def machine():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
