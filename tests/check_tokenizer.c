/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tokenizers: the tokens that the library `tokenizers` gave, BPE by hand, what
 * is refused, and damaged files.
 */
#include "tokenizer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the library's tokens ----------------------------------------------- */

static char *vector_path(const char *name, const char *suffix)
{
  static char path[4096];
  const char *source = getenv("srcdir");
  snprintf(path, sizeof path, "%s/tests/vectors/tokenizer/%s%s",
           source ? source : ".", name, suffix);
  return path;
}

static char *slurp(const char *path, size_t *n)
{
  FILE *f = fopen(path, "rb");
  ck_assert_msg(f != NULL, "%s: cannot be read", path);
  ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
  *n = (size_t)ftell(f);
  rewind(f);
  char *bytes = malloc(*n + 1);
  ck_assert_ptr_nonnull(bytes);
  ck_assert_uint_eq(fread(bytes, 1, *n, f), *n);
  bytes[*n] = '\0';
  fclose(f);
  return bytes;
}

static const char *const names[] = {"llama3", "smollm", "qwen2", "gpt2-prefix"};

START_TEST(vectors)
{
  ulp_tokenizer *t;
  ulp_file *file;
  ulp_error e;
  size_t n, count, wanted, size;
  int32_t *tokens;
  char *back, *text = slurp(vector_path("text", ".txt"), &n);
  ulp_status s = ulp_tokenizer_open(&t, vector_path(names[_i], ".json"), &e);
  ck_assert_msg(s == ULP_OK, "%s", e.text);
  ck_assert(!ulp_tokenizer_is_bytes(t));
  ck_assert_int_gt(ulp_tokenizer_vocabulary(t), 256);
  s = ulp_tokenizer_encode(t, text, n, true, &tokens, &count, &e);
  ck_assert_msg(s == ULP_OK, "%s", e.text);

  ck_assert_int_eq(ulp_file_open(&file, vector_path(names[_i], ".npy"), &e),
                   ULP_OK);
  const ulp_tensor *want = ulp_file_tensor(file, 0);
  ck_assert_int_eq(want->count, (int64_t)count);
  for (size_t i = 0; i < count; i++) {
    double x;
    ulp_tensor_read_f64(want, &x, (int64_t)i, 1);
    ck_assert_msg(x == tokens[i], "token %zu is %d, not %g", i, tokens[i], x);
  }
  ulp_file_close(file);

  char *decoded = slurp(vector_path(names[_i], ".txt"), &wanted);
  ck_assert_int_eq(ulp_tokenizer_decode(t, tokens, count, true, &back, &size,
                                        &e), ULP_OK);
  ck_assert_uint_eq(size, wanted);
  ck_assert_mem_eq(back, decoded, size);
  free(back);
  free(decoded);
  free(tokens);
  free(text);
  ulp_tokenizer_close(t);
}
END_TEST

/* ---- small files, by hand ----------------------------------------------- */

#define TAIL ",\"pre_tokenizer\":{\"type\":\"ByteLevel\","                      \
             "\"add_prefix_space\":false,\"use_regex\":false},"                \
             "\"decoder\":{\"type\":\"ByteLevel\"}}"
#define VOCAB "\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"bc\":4,\"abc\":5," \
              "\"aa\":6,\"aaaa\":7,\"\xc4\xa0\":8,\"\xc3\xa9\":9,\"\xc3\x83\":10," \
              "\"\xc2\xa9\":11,\"cab\":12}"
#define MODEL(merges) "{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[" merges \
                      "]}" TAIL

static ulp_tokenizer *parse(const char *json)
{
  ulp_tokenizer *t;
  ulp_error e;
  ulp_status s = ulp_tokenizer_parse(&t, json, strlen(json), "t.json", &e);
  ck_assert_msg(s == ULP_OK, "%s", e.text);
  return t;
}

/* Tokens as "3 2 7". */
static const char *encoded(const ulp_tokenizer *t, const char *text)
{
  static char out[sizeof((ulp_error *)0)->text];
  int32_t *tokens;
  size_t n;
  ulp_error e;
  ulp_status s = ulp_tokenizer_encode(t, text, strlen(text), false, &tokens, &n,
                                      &e);
  if (s != ULP_OK) {
    snprintf(out, sizeof out, "%s", e.text);
    return out;
  }
  *out = '\0';
  for (size_t i = 0; i < n; i++)
    sprintf(out + strlen(out), i ? " %d" : "%d", tokens[i]);
  free(tokens);
  return out;
}

static const struct {
  const char *json, *text, *tokens;
} by_hand[] = {
    /* The earlier merge goes first, wherever it is. */
    {MODEL("\"a b\",\"b c\""), "abc", "3 2"},
    {MODEL("\"b c\",\"a b\""), "abc", "0 4"},
    {MODEL("[\"b\",\"c\"],[\"a\",\"bc\"]"), "abcab", "5 0 1"},
    {MODEL("\"a b\",\"ab c\""), "abcab", "5 3"},
    /* Of equals the leftmost. */
    {MODEL("\"a a\""), "aaa", "6 0"},
    {MODEL("\"a a\",\"aa aa\""), "aaaaaaa", "7 6 0"},
    /* A pair given twice has its later rank. */
    {MODEL("\"a b\",\"b c\",\"a b\""), "abc", "0 4"},
    /* "#version" is no merge. */
    {MODEL("\"#version: 0.2\",\"b c\""), "bc", "4"},
    /* A space is U+0120, and e acute the bytes c3 a9, U+00C3 U+00A9. */
    {MODEL(""), "a b", "0 8 1"},
    {MODEL(""), "\xc3\xa9", "10 11"},
    {MODEL(""), "", ""},
    /* The first files have no type. */
    {"{\"model\":{" VOCAB ",\"merges\":[\"b c\"]}" TAIL, "bc", "4"},
    {"{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"b c\"],"
     "\"ignore_merges\":true}" TAIL, "cab", "12"},
    {"{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[\"b c\"],"
     "\"ignore_merges\":true}" TAIL, "bca", "4 0"},
    {"{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[],"
     "\"unk_token\":\"cab\"}" TAIL, "axxb", "0 12 12 1"},
};

START_TEST(merges_by_hand)
{
  ulp_tokenizer *t = parse(by_hand[_i].json);
  ck_assert_str_eq(encoded(t, by_hand[_i].text), by_hand[_i].tokens);
  ulp_tokenizer_close(t);
}
END_TEST

START_TEST(no_token_for_a_byte)
{
  ulp_tokenizer *t = parse(MODEL(""));
  ck_assert_str_eq(encoded(t, "abx"), "t.json: model.vocab: has no token for "
                   "byte 0x78, which the text has");
  ulp_tokenizer_close(t);
}
END_TEST

/* 2^20 letters: 2^18 times aaaa.  Scanning for each merge would take hours. */
START_TEST(long_word)
{
  enum { N = 1 << 20 };
  ulp_tokenizer *t = parse(MODEL("\"a a\",\"aa aa\""));
  char *text = malloc(N);
  int32_t *tokens;
  size_t n;
  ck_assert_ptr_nonnull(text);
  memset(text, 'a', N);
  ck_assert_int_eq(ulp_tokenizer_encode(t, text, N, false, &tokens, &n, NULL),
                   ULP_OK);
  ck_assert_uint_eq(n, N / 4);
  for (size_t i = 0; i < n; i++)
    ck_assert_int_eq(tokens[i], 7);
  free(tokens);
  free(text);
  ulp_tokenizer_close(t);
}
END_TEST

/* ---- splits: the table of SplitDelimiterBehavior's documentation -------- */

/* the 0, final 1, countdown 2, - 3, -- 4, the- 5, final- 6, -final 7,
 * -countdown 8: with ignore_merges a piece is its token. */
#define PIECES "{\"model\":{\"type\":\"BPE\",\"ignore_merges\":true,\"merges\":[],"\
  "\"vocab\":{\"the\":0,\"final\":1,\"countdown\":2,\"-\":3,\"--\":4,\"the-\":5," \
  "\"final-\":6,\"-final\":7,\"-countdown\":8}},\"decoder\":{\"type\":"           \
  "\"ByteLevel\"},\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["   \
  "{\"type\":\"Split\",\"pattern\":{\"%s\":\"%s\"},\"behavior\":\"%s\","          \
  "\"invert\":%s},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"            \
  "\"use_regex\":false}]}}"

static const struct {
  const char *kind, *pattern, *behavior, *invert, *tokens;
} splits[] = {
    {"String", "-", "Removed", "false", "0 1 2"},
    {"String", "-", "Isolated", "false", "0 3 1 3 3 2"},
    {"String", "-", "MergedWithPrevious", "false", "5 6 3 2"},
    {"String", "-", "MergedWithNext", "false", "0 7 3 8"},
    {"String", "-", "Contiguous", "false", "0 3 1 4 2"},
    {"Regex", "\\\\p{L}+", "Removed", "true", "0 1 2"},
    {"Regex", "[^\\\\p{L}]", "Contiguous", "true", "0 3 1 4 2"},
    {"Regex", "(?i:THE)|-{1,2}|\\\\p{Ll}+", "Isolated", "false", "0 3 1 4 2"},
    {"Regex", "(?<=-)|(?=-)", "Isolated", "false", "0 3 1 3 3 2"},
};

START_TEST(split_behaviors)
{
  char json[1200];
  snprintf(json, sizeof json, PIECES, splits[_i].kind, splits[_i].pattern,
           splits[_i].behavior, splits[_i].invert);
  ulp_tokenizer *t = parse(json);
  ck_assert_str_eq(encoded(t, "the-final--countdown"), splits[_i].tokens);
  ulp_tokenizer_close(t);
}
END_TEST

/* Unicode's PropList.txt, White_Space, each between two pieces; and what is no
 * white space there, though PCRE2's \s or one's eye may say so. */
static const struct {
  const char *text;
  bool space;
} spaces[] = {
    {"\t", 1}, {"\n", 1}, {"\v", 1}, {"\f", 1}, {"\r", 1}, {" ", 1},
    {"\xc2\x85", 1}, {"\xc2\xa0", 1}, {"\xe1\x9a\x80", 1},
    {"\xe2\x80\x80", 1}, {"\xe2\x80\x8a", 1}, {"\xe2\x80\xa8", 1},
    {"\xe2\x80\xa9", 1}, {"\xe2\x80\xaf", 1}, {"\xe2\x81\x9f", 1},
    {"\xe3\x80\x80", 1}, {"\x1c", 0}, {"\xe1\xa0\x8e", 0},
    {"\xe2\x80\x8b", 0}, {"\xe2\x81\xa0", 0}, {"\xef\xbb\xbf", 0},
};

START_TEST(white_space)
{
  char json[1200], text[20];
  snprintf(json, sizeof json, PIECES, "Regex", "\\\\s", "Removed", "false");
  ulp_tokenizer *t = parse(json);
  snprintf(text, sizeof text, "the%sfinal", spaces[_i].text);
  ck_assert_int_eq(strcmp(encoded(t, text), "0 1") == 0, spaces[_i].space);
  ulp_tokenizer_close(t);
  snprintf(json, sizeof json, PIECES, "Regex", "[^\\\\S]", "Removed", "false");
  t = parse(json);
  ck_assert_int_eq(strcmp(encoded(t, text), "0 1") == 0, spaces[_i].space);
  ulp_tokenizer_close(t);
}
END_TEST

/* ---- added tokens ------------------------------------------------------- */

/* Of x 20, xyx 21, yx 22 the leftmost, then the longest; L 23 takes white space
 * before it along, R 24 that after it. */
START_TEST(added_tokens)
{
  ulp_tokenizer *t = parse(
      "{\"added_tokens\":[{\"id\":20,\"content\":\"x\"},{\"id\":21,"
      "\"content\":\"xyx\"},{\"id\":22,\"content\":\"yx\"},{\"id\":23,"
      "\"content\":\"L\",\"lstrip\":true},{\"id\":24,\"content\":\"R\","
      "\"rstrip\":true}],\"model\":{" VOCAB ",\"merges\":[\"a b\"]}" TAIL);
  ck_assert_str_eq(encoded(t, "xyxyx"), "21 22");
  ck_assert_str_eq(encoded(t, "xxayx"), "20 20 0 22");
  ck_assert_str_eq(encoded(t, "axb"), "0 20 1");
  ck_assert_str_eq(encoded(t, "a L b"), "0 23 8 1");
  ck_assert_str_eq(encoded(t, "a R b"), "0 8 24 1");
  ck_assert_str_eq(encoded(t, "R \xe3\x80\x80 L"), "24 23");
  ck_assert_str_eq(encoded(t, "  L"), "23");
  ulp_tokenizer_close(t);
}
END_TEST

/* ---- what is refused ---------------------------------------------------- */

#define WITH(part) "{" part ",\"model\":{\"type\":\"BPE\"," VOCAB              \
                   ",\"merges\":[]}" TAIL
#define KIND(part) "{\"model\":{" part "," VOCAB ",\"merges\":[]}" TAIL
#define PRE(part) "{\"model\":{\"type\":\"BPE\"," VOCAB ",\"merges\":[]},"      \
  "\"decoder\":{\"type\":\"ByteLevel\"},\"pre_tokenizer\":" part "}"
#define PATTERN(text) PRE("{\"type\":\"Split\",\"behavior\":\"Isolated\","      \
                          "\"pattern\":{\"Regex\":\"" text "\"}}")
#define BYTE "\"type\":\"ByteLevel\""

static const struct {
  const char *json, *line;
} bad[] = {
    {"", "line 1:"},
    {"[]", "expected an object"},
    {"{}", "pre_tokenizer: expected a ByteLevel"},
    {"{\"a\":1,\"a\":2}", "line 1:"},
    {WITH("\"version\":\"2.0\""), "version: expected 1.0"},
    {WITH("\"normalizer\":{\"type\":\"Lowercase\"}"),
     "normalizer.type: Lowercase: expected NFC, NFD, NFKC or NFKD"},
    {WITH("\"normalizer\":{\"type\":\"Sequence\"}"),
     "normalizer.normalizers: expected an array"},
    {WITH("\"normalizer\":3"), "normalizer: expected an object or null"},
    {KIND("\"type\":\"Unigram\""), "model.type: Unigram: expected BPE"},
    {KIND("\"byte_fallback\":true"), "model.byte_fallback: expected false"},
    {KIND("\"dropout\":0.1"), "model.dropout: expected null"},
    {KIND("\"end_of_word_suffix\":\"</w>\""), "model.end_of_word_suffix"},
    {KIND("\"unk_token\":7"), "model.unk_token: expected a token or null"},
    {KIND("\"ignore_merges\":1"), "model.ignore_merges: expected true or"},
    {MODEL("\"a\""), "model.merges[0]: expected \"a b\" or"},
    {MODEL("\"a b c\""), "model.merges[0]: expected \"a b\" or"},
    {MODEL("\"a b\",[\"a\"]"), "model.merges[1]: expected \"a b\" or"},
    {MODEL("\"a b\",\"a c\""), "model.merges[1]: expected two tokens of"},
    {"{\"model\":{\"merges\":[]}" TAIL, "model.vocab: expected an object"},
    {"{\"model\":{\"merges\":[],\"vocab\":{}}" TAIL, "model.vocab: expected tok"},
    {"{\"model\":{\"merges\":[],\"vocab\":{\"a\":0,\"b\":0}}" TAIL,
     "model.vocab: b: 0 is another token's"},
    {"{\"model\":{\"merges\":[],\"vocab\":{\"a\":0,\"b\":-1}}" TAIL,
     "model.vocab: b: expected a number from 0"},
    {"{\"model\":{\"merges\":7,\"vocab\":{\"a\":0}}" TAIL,
     "model.merges: expected an array"},
    {WITH("\"added_tokens\":[{\"id\":1}]"), "added_tokens[0]: expected an"},
    {WITH("\"added_tokens\":[{\"id\":1,\"content\":\"a\"}]"),
     "added_tokens[0].id: expected 0"},
    {WITH("\"added_tokens\":[{\"id\":1,\"content\":\"<s>\"}]"),
     "added_tokens[0].id: 1 is another token's"},
    {WITH("\"added_tokens\":[{\"id\":99,\"content\":\"x\",\"single_word\":true}]"),
     "added_tokens[0].single_word: expected false"},
    {WITH("\"added_tokens\":[{\"id\":0,\"content\":\"a\"},"
          "{\"id\":0,\"content\":\"a\"}]"), "added_tokens: a: given twice"},
    {WITH("\"post_processor\":{\"type\":\"BertProcessing\"}"),
     "post_processor.type: BertProcessing: expected ByteLevel or"},
    {WITH("\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[]}"),
     "post_processor.single: expected a Sequence A"},
    {WITH("\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{"
          "\"SpecialToken\":{\"id\":\"s\"}}],\"special_tokens\":{\"s\":"
          "{\"ids\":[77]}}}"), "post_processor.special_tokens: expected ids"},
    {"{\"model\":{},\"pre_tokenizer\":{" BYTE "}}", "decoder: expected a Byte"},
    {"{\"model\":{},\"decoder\":{\"type\":\"Metaspace\"},\"pre_tokenizer\":{" BYTE
     "}}", "decoder.type: Metaspace: expected ByteLevel"},
    {PRE("{\"type\":\"Metaspace\"}"), "pre_tokenizer.type: Metaspace: expected"},
    {PRE("null"), "pre_tokenizer: expected a ByteLevel"},
    {PRE("{\"type\":\"Sequence\",\"pretokenizers\":[{" BYTE "},{" BYTE "}]}"),
     "pre_tokenizer: expected nothing after ByteLevel"},
    {PRE("{\"type\":\"Split\"}"), "pre_tokenizer.behavior: expected Isolated"},
    {PATTERN("a(b"), "pre_tokenizer.pattern: missing closing"},
    {PATTERN("\\\\w"), "pattern: byte 0: \\w is not supported"},
    {PATTERN("a$"), "pattern: byte 1: $ is not supported"},
    {PATTERN("[a[b]]"), "pattern: byte 0: a class in a class"},
    {PATTERN("[a&&b]"), "pattern: byte 0: a class in a class"},
    {PATTERN("[a"), "pattern: byte 0: a class without its ]"},
    {PATTERN("a{2}+"), "pattern: byte 1: a quantifier after a quantifier"},
    {PATTERN("a{,2}"), "pattern: byte 1: expected {n}, {n,} or {n,m}"},
    {PATTERN("(?i)a"), "pattern: byte 0: a group of this kind"},
    {PATTERN("\\\\p{Foo}"), "pre_tokenizer.pattern: unknown property"},
    {PATTERN("\\\\x{110000}"), "pattern: byte 0: expected a code point"},
};

START_TEST(refused)
{
  ulp_tokenizer *t = NULL;
  ulp_error e = {.text = ""};
  ulp_status s = ulp_tokenizer_parse(&t, bad[_i].json, strlen(bad[_i].json),
                                     "t.json", &e);
  ck_assert_msg(s == ULP_EFORMAT, "accepted: %s", bad[_i].json);
  ck_assert_ptr_null(t);
  ck_assert_msg(strncmp(e.text, "t.json: ", 8) == 0 &&
                    strstr(e.text, bad[_i].line) != NULL,
                "said: %s", e.text);
}
END_TEST

static const struct {
  const char *text;
  size_t n;
  const char *at;
} not_utf8[] = {
    {"ab\xff", 3, "byte 2 of the text (0xff)"},
    {"\x80", 1, "byte 0 of"},
    {"a\xc3", 2, "byte 1 of"},
    {"\xc0\x80", 2, "byte 0 of"},         /* NUL, too long */
    {"\xe0\x9f\xbf", 3, "byte 0 of"},     /* too long */
    {"a\xed\xa0\x80", 4, "byte 1 of"},    /* a surrogate */
    {"\xf4\x90\x80\x80", 4, "byte 0 of"}, /* beyond U+10FFFF */
};

START_TEST(invalid_text)
{
  ulp_tokenizer *t = parse(MODEL(""));
  int32_t *tokens;
  size_t n;
  ulp_error e;
  ck_assert_int_eq(ulp_tokenizer_encode(t, not_utf8[_i].text, not_utf8[_i].n,
                                        false, &tokens, &n, &e), ULP_EFORMAT);
  ck_assert_msg(strstr(e.text, not_utf8[_i].at) != NULL, "said: %s", e.text);
  ulp_tokenizer_close(t);
}
END_TEST

START_TEST(invalid_tokens)
{
  ulp_tokenizer *t = parse(WITH("\"added_tokens\":[{\"id\":99,\"content\":\"x\","
                                "\"special\":true}]"));
  char *text;
  size_t n;
  ulp_error e;
  ck_assert_int_eq(ulp_tokenizer_vocabulary(t), 100);
  for (int32_t i = -1; i <= 100; i++) {
    bool known = (i >= 0 && i <= 12) || i == 99;
    ulp_status s = ulp_tokenizer_decode(t, &i, 1, true, &text, &n, &e);
    ck_assert_int_eq(s, known ? ULP_OK : ULP_EINVAL);
    if (known)
      free(text);
  }
  ck_assert_int_eq(ulp_tokenizer_decode(t, (int32_t[]){0, 99, 3}, 3, false,
                                        &text, &n, &e), ULP_OK);
  ck_assert_str_eq(text, "aab");
  free(text);
  ulp_tokenizer_close(t);
}
END_TEST

/* ---- bytes -------------------------------------------------------------- */

START_TEST(bytes)
{
  char folder[] = "check.XXXXXX", text[256], *back;
  ulp_tokenizer *t;
  int32_t *tokens;
  size_t n, size;
  ck_assert_ptr_nonnull(mkdtemp(folder));
  ck_assert_int_eq(ulp_tokenizer_open(&t, folder, NULL), ULP_OK);
  ck_assert_int_eq(rmdir(folder), 0);
  ck_assert(ulp_tokenizer_is_bytes(t));
  ck_assert_int_eq(ulp_tokenizer_vocabulary(t), 256);
  for (int i = 0; i < 256; i++)
    text[i] = (char)i;
  ck_assert_int_eq(ulp_tokenizer_encode(t, text, 256, true, &tokens, &n, NULL),
                   ULP_OK);
  ck_assert_uint_eq(n, 256);
  for (int i = 0; i < 256; i++)
    ck_assert_int_eq(tokens[i], i);
  ck_assert_int_eq(ulp_tokenizer_decode(t, tokens, n, true, &back, &size, NULL),
                   ULP_OK);
  ck_assert_uint_eq(size, 256);
  ck_assert_mem_eq(back, text, 256);
  tokens[7] = 256;
  ck_assert_int_eq(ulp_tokenizer_decode(t, tokens, n, true, &back, &size, NULL),
                   ULP_EINVAL);
  free(back);
  free(tokens);
  ulp_tokenizer_close(t);
}
END_TEST

START_TEST(no_such_folder)
{
  ulp_tokenizer *t;
  ulp_error e;
  ck_assert_int_eq(ulp_tokenizer_open(&t, "no/such/folder", &e), ULP_EIO);
  ck_assert_str_eq(e.text, "no/such/folder: No such file or directory");
}
END_TEST

/* ---- damaged files and texts -------------------------------------------- */

static uint32_t next(uint32_t *seed)
{
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* A byte, a few bytes of elsewhere, or a cut. */
static size_t damage(char *p, size_t n, uint32_t *seed)
{
  for (uint32_t i = 0, m = next(seed) % 3; i <= m && n > 40; i++) {
    size_t at = next(seed) % n, from = next(seed) % (n - 32);
    switch (next(seed) % 8) {
    case 0: n -= next(seed) % 32; break;
    case 1: case 2:
      memmove(p + (at < n - 32 ? at : n - 32), p + from, next(seed) % 32);
      break;
    case 3: p[at] = (char)next(seed); break;
    default: p[at] = "\"[]{},:0123456789 \\abnull"[next(seed) % 25];
    }
  }
  return n;
}

static void use(ulp_tokenizer *t, char *text, size_t n, uint32_t *seed)
{
  int32_t *tokens;
  size_t count, size;
  char *back;
  ulp_error e;
  n = damage(text, n, seed);
  ulp_status s = ulp_tokenizer_encode(t, text, n, true, &tokens, &count, &e);
  if (s != ULP_OK) {
    ck_assert_int_eq(s, ULP_EFORMAT);
    return;
  }
  ck_assert_int_eq(ulp_tokenizer_decode(t, tokens, count, true, &back, &size,
                                        &e), ULP_OK);
  free(back);
  free(tokens);
}

START_TEST(damaged)
{
  /* Fewer of the larger file; the same bytes each time, by their number. */
  enum { TIMES = 1500 };
  size_t n, m;
  char *json = slurp(vector_path(names[_i], ".json"), &n);
  char *text = slurp(vector_path("text", ".txt"), &m);
  char *p = malloc(n), *q = malloc(m);
  int accepted = 0;
  ck_assert(p && q);
  for (uint32_t i = 0; i < TIMES; i++) {
    ulp_tokenizer *t;
    ulp_error e;
    uint32_t seed = i;
    memcpy(p, json, n);
    memcpy(q, text, m);
    ulp_status s = ulp_tokenizer_parse(
        &t, p, i ? damage(p, n, &seed) : n, "t.json", &e);
    if (s == ULP_OK) {
      accepted++;
      use(t, q, 400, &seed);
      ulp_tokenizer_close(t);
    } else {
      ck_assert_int_eq(s, ULP_EFORMAT);
      ck_assert_int_eq(strncmp(e.text, "t.json: ", 8), 0);
    }
  }
  ck_assert_int_gt(accepted, 0);
  free(p);
  free(q);
  free(json);
  free(text);
}
END_TEST

#define LENGTH(a) ((int)(sizeof(a) / sizeof *(a)))

int main(void)
{
  Suite *suite = suite_create("tokenizer");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_loop_test(all, vectors, 0, LENGTH(names));
  tcase_add_loop_test(all, merges_by_hand, 0, LENGTH(by_hand));
  tcase_add_test(all, no_token_for_a_byte);
  tcase_add_test(all, long_word);
  tcase_add_loop_test(all, split_behaviors, 0, LENGTH(splits));
  tcase_add_loop_test(all, white_space, 0, LENGTH(spaces));
  tcase_add_test(all, added_tokens);
  tcase_add_loop_test(all, refused, 0, LENGTH(bad));
  tcase_add_loop_test(all, invalid_text, 0, LENGTH(not_utf8));
  tcase_add_test(all, invalid_tokens);
  tcase_add_test(all, bytes);
  tcase_add_test(all, no_such_folder);
  tcase_add_loop_test(all, damaged, 0, LENGTH(names));
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
