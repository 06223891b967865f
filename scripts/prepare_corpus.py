#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that the reference model learns: documentation, dictionaries and
novels out of Debian packages, whose licences allow it to be passed on.

  prepare_corpus.py --debs DIR --out DIR [--pins FILE] [--fetch]

DIR/*.deb are the packages of TABLE; --fetch asks apt-get for them, and --pins
(models/reference/packages.tsv) refuses any that is not the version and SHA-256
it names (https://snapshot.debian.org keeps old ones). OUT gets

  train.bin       documents, each after one zero byte
  valid.bin       likewise: whole documents, for the log of the training
  heldout.txt     whole documents (the novel: its beginning), one after another
  heldout.tsv     where each stands in heldout.txt, its package and licence
  packages.tsv    package, version, SHA-256, licence, documents and bytes

A document is held out by the hash of its name, never by its content. Then a
paragraph is kept once in the whole corpus, and one that shares a sentence or a
line of 40 characters with a held-out document is not trained on.

Python's standard library, dpkg-deb and groff; the same packages give the same
bytes.
"""
import argparse
import collections
import concurrent.futures
import gzip
import hashlib
import html.parser
import os
import re
import subprocess
import sys
import tempfile
import zlib

MB = 1000000
# Package, what of it (a pattern on the path), how it is read, its licence,
# bytes at most, bytes of it in heldout.txt.
TABLE = [
    ("anarchism", r"/markdown/sec.*\.md", "text", "GPL-2+", 9 * MB, 0),
    ("apache2-doc", r"/manual/en/.*\.html$", "html", "Apache-2.0", 9 * MB, 0),
    ("cmake-doc", r"/_sources/.*\.txt$", "text", "BSD-3-Clause", 9 * MB, 0),
    ("debian-faq", r"/FAQ/.*\.en\.html$", "html", "GPL-2+", 9 * MB, 0),
    ("debian-handbook", r"/en-US/.*\.html$", "html",
     "GPL-2+ or CC-BY-SA-3.0", 9 * MB, 20000),
    ("debian-history", r"/detailed\.en\.html$", "html", "GPL-2+", 9 * MB, 0),
    ("debian-policy", r"/policy.html/_sources/.*\.txt$", "text", "GPL-2+",
     9 * MB, 0),
    ("debian-reference-en", r"/ch\d+\.en\.html$", "html", "GPL-2+", 9 * MB,
     0),
    ("developers-reference", r"/_sources/.*\.txt$", "text", "GPL-2+", 9 * MB,
     0),
    ("dict-devil", r"/devil\.dict\.dz$", "chunks", "public domain", 9 * MB,
     0),
    ("dict-gcide", r"/gcide\.dict\.dz$", "chunks", "GPL-3+", 12 * MB, 0),
    ("dict-jargon", r"/jargon\.dict\.dz$", "chunks", "public domain", 9 * MB,
     16000),
    ("dict-wn", r"/wn\.dict\.dz$", "chunks", "WordNet", 6 * MB, 0),
    ("freebsd-manpages", r"/man[1-9]/.*\.gz$", "roff", "BSD-2-Clause, "
     "BSD-4-Clause", 6 * MB, 0),
    ("git-doc", r"/git-doc/.*\.txt$", "text", "GPL-2", 9 * MB, 0),
    ("libreoffice-help-en-us", r"/en-US/text/.*\.html$", "html", "MPL-2.0",
     6 * MB, 0),
    ("linux-doc-6.1", r"/_sources/.*\.txt$", "text", "GPL-2", 24 * MB, 0),
    ("llvm-14-doc", r"/_sources/.*\.txt$", "text",
     "Apache-2.0 WITH LLVM-exception", 6 * MB, 0),
    ("maint-guide", r"/html/.*\.en\.html$", "html", "GPL-2+", 9 * MB, 0),
    ("manpages", r"/man[1-9]/.*\.gz$", "roff", "various, all free", 9 * MB,
     0),
    ("manpages-dev", r"/man[1-9]/.*\.gz$", "roff", "various, all free",
     9 * MB, 0),
    ("perl-doc", r"\.pod$", "text", "GPL-1+ or Artistic", 12 * MB, 28000),
    ("postgresql-doc-15", r"/html/.*\.html$", "html", "PostgreSQL", 12 * MB,
     30000),
    ("python-django-doc", r"/html/(?!_modules|genindex).*\.html$", "html",
     "BSD-3-Clause", 9 * MB, 0),
    ("python-pandas-doc", r"/_sources/(?!reference/api).*\.txt$", "text",
     "BSD-3-Clause", 9 * MB, 0),
    ("python3.11-doc", r"/_sources/.*\.txt$", "text", "PSF-2.0", 12 * MB,
     30000),
    ("r-cran-janeaustenr", r"/Rdata\.rdb$", "rdb", "public domain", 9 * MB,
     46000),
    ("r-doc-html", r"/manual/R-.*\.html$", "html", "GPL-2", 9 * MB, 0),
    ("rust-doc", r"/html/(book|nomicon|reference|rust-by-example|std|core/iter"
     r"|edition-guide|embedded-book|rustc|cargo|rustdoc)/(?!print).*\.html$",
     "html", "MIT or Apache-2.0", 12 * MB, 0),
    ("sqlite3-doc", r"/sqlite3/(?!search\.d|releaselog|c3ref).*\.html$",
     "html", "public domain", 12 * MB, 30000),
]
BLOCKS = set("p div h1 h2 h3 h4 h5 h6 li dt dd tr table ul ol dl pre section "
             "article blockquote br hr".split())
VOID = set("area base br col embed hr img input link meta source track "
           "wbr".split())
SKIP = set("script style head nav footer header button svg form".split())
# Navigation that documentation tools put around every page.
SKIP_CLASSES = set("related sphinxsidebar headerlink navfooter navheader "
                   "docnav footer toplang bottomlang sidebar menu-bar "
                   "nav-wrapper nav-wide-wrapper src "
                   "sphinxsidebarwrapper".split())


class Text(html.parser.HTMLParser):
    """The text of a page: one line a paragraph, <pre> as it stands."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out, self.stack, self.skip, self.pre = [], [], 0, 0

    def handle_starttag(self, tag, attrs):
        if tag in BLOCKS:
            self.out.append("\n" if self.pre else "\n\n")
        if tag in VOID:
            return
        names = set((dict(attrs).get("class") or "").split())
        skip = tag in SKIP or bool(names & SKIP_CLASSES)
        self.stack.append((tag, skip))
        self.skip += skip
        self.pre += tag == "pre"

    def handle_endtag(self, tag):
        # Pages leave <p> and <li> open: an end tag closes what is within.
        if any(t == tag for t, _ in self.stack):
            while True:
                top, skip = self.stack.pop()
                self.skip -= skip
                self.pre -= top == "pre"
                if top == tag:
                    break
        if tag in BLOCKS:
            self.out.append("\n\n")

    def handle_data(self, data):
        if self.skip:
            return
        if not self.pre:
            data = re.sub(r"\s+", " ", data)
            if self.out and self.out[-1].endswith("\n"):
                data = data.lstrip()
        self.out.append(data)


def from_html(data):
    page = Text()
    page.feed(data.decode("utf-8", "replace"))
    return "".join(page.out)


def from_roff(data):
    text = data.decode("utf-8", "replace")
    if re.match(r"(\.\\\".*\n)*\.so ", text):
        return ""
    run = subprocess.run(["groff", "-k", "-mandoc", "-Tutf8", "-P-cbou",
                          "-rHY=0"], input=text.encode(), capture_output=True)
    text = run.stdout.decode("utf-8", "replace")
    lines = re.sub("\u2010\\n *", "", text).split("\n")[1:-2]
    # groff justifies; a human would have one space.
    return "\n".join(re.sub(r"(?<=\S) {2,3}(?=\S)", " ", x) for x in lines)


def chunks(text, size=16384):
    """A dictionary has one document: cut between entries, which begin at the
    left margin."""
    part, length = [], 0
    for line in text.split("\n"):
        if length >= size and line[:1].strip():
            yield "\n".join(part)
            part, length = [], 0
        part.append(line)
        length += len(line) + 1
    yield "\n".join(part)


def novels(data):
    """R's lazy-load file: zlib streams, each one a vector of strings, a line
    each (R Internals, section 1.8)."""
    at = 0
    while at + 4 < len(data):
        stream = zlib.decompressobj()
        vector = stream.decompress(data[at + 4:])
        at = len(data) - len(stream.unused_data)
        lines, i = [], vector.find(b"\x00\x04\x00\x09")
        while 0 <= i and i + 8 <= len(vector):
            if vector[i:i + 4] not in (b"\0\4\0\t", b"\0\x08\0\t"):
                break
            n = int.from_bytes(vector[i + 4:i + 8], "big")
            lines.append(vector[i + 8:i + 8 + n].decode("utf-8", "replace"))
            i += 8 + n
        yield "\n".join(lines)


def clean(text):
    text = text.replace("\r", "").replace("\t", "        ")
    text = text.replace("\u00a0", " ").replace("\u00b6", "")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]", "", text)
    text = re.sub(r" +\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def read(job):
    """[(name, text)] of one file."""
    kind, name, path = job
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith((".gz", ".dz")):
        data = gzip.decompress(data)
    if kind == "rdb":
        texts = list(novels(data))
    elif kind == "chunks":
        texts = list(chunks(data.decode("utf-8", "replace")))
    else:
        texts = [{"html": from_html, "roff": from_roff,
                  "text": lambda d: d.decode("utf-8", "replace")}[kind](data)]
    if len(texts) == 1:
        return [(name, clean(texts[0]))]
    return [(f"{name}#{i}", clean(t)) for i, t in enumerate(texts)]


def order(name):
    return hashlib.sha256(name.encode()).digest()


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip().lower()


def short_hash(text):
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def pieces(paragraph):
    """Hashes of the sentences and lines of at least 40 characters."""
    parts = re.split(r"(?<=[.!?:;])\s+", squeeze(paragraph))
    parts += [squeeze(x) for x in paragraph.split("\n")]
    return {short_hash(x) for x in parts if len(x) >= 40}


def english(text):
    """Latin script, and long enough to be a document."""
    data = text.encode()
    return len(data) >= 400 and sum(b > 127 for b in data) * 20 < len(data)


def packages(debs):
    found = {}
    for path in sorted(os.listdir(debs)):
        if not path.endswith(".deb"):
            continue
        full = os.path.join(debs, path)
        name, version = subprocess.run(
            ["dpkg-deb", "-W", "--showformat=${Package} ${Version}", full],
            capture_output=True, text=True, check=True).stdout.split()
        with open(full, "rb") as f:
            found[name] = (full, version,
                           hashlib.sha256(f.read()).hexdigest())
    return found


def check_pins(found, pins):
    with open(pins) as f:
        rows = [x.rstrip("\n").split("\t") for x in f][1:]
    for name, version, digest, *_ in rows:
        if name not in found:
            sys.exit(f"{name}: no package of it in --debs")
        if found[name][1:] != (version, digest):
            sys.exit(f"{name} {found[name][1]} {found[name][2]}: expected "
                     f"{version} {digest}")


def documents(found, pool):
    """{package: [(name, text)]}, in the order of the names' hashes."""
    result = {}
    for package, pattern, kind, _, most, _ in TABLE:
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["dpkg-deb", "-x", found[package][0], root],
                           check=True)
            jobs = []
            for folder, _, files in os.walk(root):
                for file in files:
                    path = os.path.join(folder, file)
                    if (re.search(pattern, path) and os.path.isfile(path)
                            and not os.path.islink(path)):
                        name = package + path[len(root):]
                        jobs.append((kind, name, path))
            docs = [d for group in pool.map(read, sorted(jobs), chunksize=8)
                    for d in group]
        docs = sorted((d for d in docs if english(d[1])),
                      key=lambda d: order(d[0]))
        total, kept = 0, []
        for name, text in docs:
            if total < most:
                kept.append((name, text))
                total += len(text)
        result[package] = kept
        print(f"{package}: {len(kept)} documents, {total} bytes",
              file=sys.stderr)
    return result


def hold_out(docs):
    """heldout, valid: names of whole documents. The novel is cut where it is
    written, not here: none of it is trained on."""
    held, valid = {}, set()
    for package, _, kind, licence, _, quota in TABLE:
        total = 0
        for name, text in docs[package]:
            size = len(text.encode())
            if kind == "rdb":
                if name.endswith("#3"):    # Persuasion
                    held[name] = (licence, quota)
            elif 3000 <= size and total + size <= quota:
                held[name] = (licence, size)
                total += size
        rest = [d for d in docs[package] if d[0] not in held]
        budget = sum(len(t) for _, t in rest) // 125
        for name, text in rest:
            if len(text) <= budget:
                valid.add(name)
                budget -= len(text)
    return held, valid


def write_heldout(out, docs, held):
    at, rows, blob = 0, [], []
    for package in docs:
        for name, text in docs[package]:
            if name not in held:
                continue
            licence, most = held[name]
            data = text.encode() + b"\n\n"
            if len(data) > most + 2:
                # "Persuasion" is longer: to the end of a paragraph.
                data = data[:data.rindex(b"\n\n", 0, most) + 2]
            rows.append((at, len(data), package, licence, name))
            blob.append(data)
            at += len(data)
    with open(os.path.join(out, "heldout.txt"), "wb") as f:
        f.write(b"".join(blob))
    with open(os.path.join(out, "heldout.tsv"), "w") as f:
        f.write("offset\tbytes\tpackage\tlicence\tdocument\n")
        for row in rows:
            f.write("\t".join(map(str, row)) + "\n")


class Filter:
    """Paragraphs seen, and pieces of held-out text."""

    def __init__(self):
        self.seen, self.forbidden = set(), set()
        self.dropped = collections.Counter()

    def forbid(self, text):
        for paragraph in text.split("\n\n"):
            self.forbidden |= pieces(paragraph)

    def keep(self, paragraph):
        normal = squeeze(paragraph)
        if len(normal) < 40:
            return True
        key = short_hash(normal)
        if key in self.seen:
            self.dropped["repeated"] += 1
            return False
        self.seen.add(key)
        if pieces(paragraph) & self.forbidden:
            self.dropped["held out"] += 1
            return False
        return True

    def pass_on(self, text):
        return "\n\n".join(p for p in text.split("\n\n") if self.keep(p))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debs", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--pins")
    parser.add_argument("--fetch", action="store_true")
    args = parser.parse_args()
    os.makedirs(args.debs, exist_ok=True)
    os.makedirs(args.out, exist_ok=True)
    if args.fetch:
        subprocess.run(["apt-get", "download"] + [row[0] for row in TABLE],
                       cwd=args.debs, check=True)
    found = packages(args.debs)
    for row in TABLE:
        if row[0] not in found:
            sys.exit(f"{row[0]}: no package of it in {args.debs}")
    if args.pins:
        check_pins(found, args.pins)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        docs = documents(found, pool)
    held, valid = hold_out(docs)
    write_heldout(args.out, docs, held)

    keep = Filter()
    for package in docs:
        for name, text in docs[package]:
            if name in held:
                keep.forbid(text)
    blobs = {"valid": [], "train": []}
    sizes = collections.Counter()
    names = [("valid", n, t, p) for p in docs for n, t in docs[p]
             if n in valid]
    names += [("train", n, t, p) for p in docs for n, t in docs[p]
              if n not in valid and n not in held]
    for part, name, text, package in names:
        if part == "valid":
            kept = keep.pass_on(text)
            keep.forbid(kept)
        else:
            kept = keep.pass_on(text)
        data = kept.encode()
        if len(data) < 300:
            continue
        blobs[part].append(b"\0" + data)
        sizes[part, package, "documents"] += 1
        sizes[part, package, "bytes"] += len(data)
    for part, blob in blobs.items():
        data = b"".join(blob)
        with open(os.path.join(args.out, part + ".bin"), "wb") as f:
            f.write(data)
        print(f"{part}: {len(blob)} documents, {len(data)} bytes, SHA-256 "
              f"{hashlib.sha256(data).hexdigest()}")
    print("paragraphs dropped: " + ", ".join(
        f"{n} {what}" for what, n in keep.dropped.items()))
    with open(os.path.join(args.out, "packages.tsv"), "w") as f:
        f.write("package\tversion\tsha256\tlicence\ttrain_documents\t"
                "train_bytes\n")
        for package, _, _, licence, _, _ in TABLE:
            _, version, digest = found[package]
            f.write(f"{package}\t{version}\t{digest}\t{licence}\t"
                    f"{sizes['train', package, 'documents']}\t"
                    f"{sizes['train', package, 'bytes']}\n")


if __name__ == "__main__":
    main()
