/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decoder against transformers' LlamaForCausalLM (tests/vectors/model),
 * against itself token by token and on two threads, and an FP8 layer against
 * torch._scaled_mm.
 */
#include <math.h>

#include "llama_fixture.h"
#include "llama_internal.h"
#include "plan_internal.h"
#include "unxz.h"

/* ---- vectors ------------------------------------------------------------ */

typedef struct {
  ulp_file *file;
} vectors;

static vectors open_vectors(const char *path)
{
  vectors v;
  ulp_error e;
  ck_assert_msg(ulp_file_open(&v.file, in_source(path), &e) == ULP_OK, "%s",
                e.text);
  return v;
}

static const ulp_tensor *find(const ulp_file *f, const char *name)
{
  for (size_t i = 0; i < ulp_file_tensor_count(f); i++)
    if (strcmp(ulp_file_tensor(f, i)->name, name) == 0)
      return ulp_file_tensor(f, i);
  ck_abort_msg("no %s", name);
}

static double *numbers(const vectors *v, int which, const char *name,
                       int64_t *count)
{
  char full[80];
  snprintf(full, sizeof full, "%d.%s", which, name);
  const ulp_tensor *t = find(v->file, full);
  double *out = malloc((size_t)t->count * sizeof *out);
  ck_assert_ptr_nonnull(out);
  ulp_tensor_read_f64(t, out, 0, t->count);
  if (count)
    *count = t->count;
  return out;
}

static int32_t *whole(const vectors *v, int which, const char *name,
                      int64_t *count)
{
  double *x = numbers(v, which, name, count);
  int32_t *out = malloc((size_t)*count * sizeof *out);
  ck_assert_ptr_nonnull(out);
  for (int64_t i = 0; i < *count; i++)
    out[i] = (int32_t)x[i];
  free(x);
  return out;
}

/* The greatest difference at the positions kept, over the greatest logit. */
static double difference(const ulp_llama *m, const vectors *v, int which,
                         const char *plan)
{
  int64_t n, kept, vocab = ulp_llama_settings(m)->vocab;
  char name[40];
  snprintf(name, sizeof name, "logits.%s", plan);
  int32_t *tokens = whole(v, which, "tokens", &n);
  int32_t *at = whole(v, which, "positions", &kept);
  double *want = numbers(v, which, name, NULL), off = 0, most = 0;
  double *got = logits_of(m, plan, tokens, n, n, 2);
  for (int64_t i = 0; i < kept; i++)
    for (int64_t k = 0; k < vocab; k++) {
      double x = want[i * vocab + k];
      off = fmax(off, fabs(got[at[i] * vocab + k] - x));
      most = fmax(most, fabs(x));
    }
  free(tokens);
  free(at);
  free(want);
  free(got);
  return off / most;
}

START_TEST(logits)
{
  ulp_llama *m = open_model("models/reference");
  vectors v = open_vectors("tests/vectors/model/reference.safetensors");
  for (int i = 0; i < 3; i++)
    ck_assert_double_le(difference(m, &v, i, "f64"), 1e-9);
  ck_assert_double_le(difference(m, &v, 0, "f32"), 1e-4);
  ulp_file_close(v.file);
  ulp_llama_close(m);
}
END_TEST

/* Another shape: shards, F16, head not tied, llama3's positions. */
START_TEST(logits_of_shards)
{
  ulp_llama *m = open_model(TINY);
  vectors v = open_vectors(TINY "/logits.safetensors");
  for (int i = 0; i < 2; i++) {
    ck_assert_double_le(difference(m, &v, i, "f64"), 1e-9);
    ck_assert_double_le(difference(m, &v, i, "f32"), 1e-4);
  }
  ulp_file_close(v.file);
  ulp_llama_close(m);
}
END_TEST

static int32_t likeliest(const double *x, int64_t n)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    best = x[i] > x[best] ? i : best;
  return (int32_t)best;
}

static void check_greedy(const ulp_llama *m, const vectors *v, int which,
                         const char *plan)
{
  int64_t n, count, vocab = ulp_llama_settings(m)->vocab;
  char name[40];
  snprintf(name, sizeof name, "greedy.%s", plan);
  int32_t *prompt = whole(v, which, "greedy.prompt", &n);
  int32_t *want = whole(v, which, name, &count), token;
  double *x = malloc((size_t)vocab * sizeof *x);
  ulp_llama_state *s = NULL;
  ulp_plan *p = plan_of(plan);
  ulp_error e;
  ck_assert_ptr_nonnull(x);
  ck_assert_int_eq(ulp_llama_begin(&s, m, n + count, p, 2, &e), ULP_OK);
  ck_assert_int_eq(ulp_llama_run(s, prompt, n, n - 1, x, NULL, NULL, &e),
                   ULP_OK);
  for (int64_t i = 0; i < count; i++) {
    token = likeliest(x, vocab);
    ck_assert_int_eq(token, want[i]);
    ck_assert_int_eq(ulp_llama_run(s, &token, 1, 0, x, NULL, NULL, &e),
                     ULP_OK);
  }
  ulp_llama_end(s);
  ulp_plan_free(p);
  free(prompt);
  free(want);
  free(x);
}

START_TEST(greedy)
{
  ulp_llama *m = open_model("models/reference"), *tiny = open_model(TINY);
  vectors v = open_vectors("tests/vectors/model/reference.safetensors");
  vectors w = open_vectors(TINY "/logits.safetensors");
  for (int i = 0; i < 3; i++)
    check_greedy(m, &v, i, i ? "f64" : "f32");
  check_greedy(tiny, &w, 0, "f64");
  check_greedy(tiny, &w, 1, "f32");
  ulp_file_close(v.file);
  ulp_file_close(w.file);
  ulp_llama_close(m);
  ulp_llama_close(tiny);
}
END_TEST

/* ---- the same however it is run ----------------------------------------- */

/* No scale of a whole tensor of activations in them. */
static const char *const plans[] = {
    "f64", "f32", "bf16", "w4a16", "int8-w8a8", "fp8-token", "fp8-deepseek",
    "mxfp4", "kv-fp8", "kv-int4", "kv-kivi4",
    /* stochastic everywhere; groups of tokens in a small window */
    "all step=bf16 round=sr seed=5\nscores,mix product=f32\n"
    "linear inputs=e4m3/g=token/round=sr weights=e4m3/g=channel\n"
    "keys store=kivi:2:8 window=16\nvalues store=int4sym/g=group:4/axis=0\n"
    "scores inputs=e4m3/g=token\n"};
enum { PLANS = sizeof plans / sizeof plans[0] };

static void fill_tokens(int32_t *tokens, int n, int vocab)
{
  for (int i = 0; i < n; i++)
    tokens[i] = (i * 37 + i * i) % vocab;
}

START_TEST(token_by_token)
{
  enum { N = 150 }; /* more than go through the layers together */
  ulp_llama *m = open_model(TINY);
  int32_t tokens[N];
  size_t bytes = N * (size_t)ulp_llama_settings(m)->vocab * sizeof(double);
  fill_tokens(tokens, N, 131);
  double *at_once = logits_of(m, plans[_i], tokens, N, N, 1);
  double *one_by_one = logits_of(m, plans[_i], tokens, N, 1, 1);
  double *by_seven = logits_of(m, plans[_i], tokens, N, 7, 2);
  ck_assert_msg(memcmp(at_once, one_by_one, bytes) == 0, "%s", plans[_i]);
  ck_assert_msg(memcmp(at_once, by_seven, bytes) == 0, "%s", plans[_i]);
  free(at_once);
  free(one_by_one);
  free(by_seven);
  ulp_llama_close(m);
}
END_TEST

START_TEST(every_plan_on_two_threads)
{
  enum { N = 24 };
  ulp_llama *m = open_model(TINY);
  int32_t tokens[N];
  size_t count = N * (size_t)ulp_llama_settings(m)->vocab;
  fill_tokens(tokens, N, 131);
  for (size_t i = 0; ulp_plan_row(i); i++) {
    double *one = logits_of(m, ulp_plan_row(i), tokens, N, N, 1);
    double *two = logits_of(m, ulp_plan_row(i), tokens, N, N, 2);
    ck_assert_msg(memcmp(one, two, count * sizeof *one) == 0, "%s",
                  ulp_plan_row(i));
    for (size_t k = 0; k < count; k++)
      ck_assert(isfinite(one[k]));
    free(one);
    free(two);
  }
  ulp_llama_close(m);
}
END_TEST

/* Tokens cut off and taken again: groups of the cache are made anew. */
START_TEST(cut)
{
  enum { N = 60 };
  ulp_llama *m = open_model(TINY);
  ulp_plan *p = plan_of("cache store=kivi:2:8 window=16");
  ulp_llama_state *s = NULL;
  ulp_error e;
  int32_t tokens[N];
  static double first[N * 131], again[N * 131];
  fill_tokens(tokens, N, 131);
  ck_assert_int_eq(ulp_llama_begin(&s, m, N, p, 1, &e), ULP_OK);
  ck_assert_int_eq(ulp_llama_run(s, tokens, N, 0, first, NULL, NULL, &e),
                   ULP_OK);
  ulp_llama_cut(s, 21);
  ck_assert_int_eq(ulp_llama_length(s), 21);
  ck_assert_int_eq(ulp_llama_run(s, tokens + 21, N - 21, 0, again, NULL, NULL,
                                 &e), ULP_OK);
  ck_assert_mem_eq(again, first + 21 * 131, (N - 21) * 131 * sizeof(double));
  ulp_llama_end(s);
  ulp_plan_free(p);
  ulp_llama_close(m);
}
END_TEST

/* ---- what listens ------------------------------------------------------- */

static void erase(void *data, int64_t layer, double *x, int64_t n)
{
  (void)data;
  for (int64_t i = 0; layer == 0 && i < n * 48; i++)
    x[i] = 0;
}

typedef struct {
  int calls;
  double q[2 * 48]; /* what it multiplies */
} heard;

/* q, k, v, o, gate, up, down of layers 0 and 1, and the head. */
static void hear(void *data, int64_t layer, ulp_llama_matrix which,
                 const double *x, int64_t n)
{
  heard *h = data;
  ck_assert_int_eq(n, 2);
  ck_assert_int_eq(layer, h->calls / 7);
  ck_assert_int_eq(which, layer == 2 ? ULP_LLAMA_MATRICES : h->calls % 7);
  if (which == ULP_LLAMA_Q)
    memcpy(h->q, x, sizeof h->q);
  if (which == ULP_LLAMA_K || which == ULP_LLAMA_V)
    ck_assert(memcmp(h->q, x, sizeof h->q) == 0);
  h->calls++;
}

/* A stream of zeros stays one, and gives logits of 0. */
START_TEST(listeners)
{
  ulp_llama *m = open_model(TINY);
  ulp_plan *p = plan_of("f64");
  ulp_llama_state *s = NULL;
  ulp_error e;
  const int32_t tokens[] = {5, 77};
  double out[2 * 131];
  heard h = {0};
  ck_assert_int_eq(ulp_llama_begin(&s, m, 2, p, 1, &e), ULP_OK);
  ulp_llama_listen(s, hear, &h);
  ck_assert_int_eq(ulp_llama_run(s, tokens, 2, 0, out, erase, NULL, &e),
                   ULP_OK);
  ck_assert_int_eq(h.calls, 15);
  for (int i = 0; i < 2 * 131; i++)
    ck_assert(out[i] == 0);
  ulp_llama_end(s);
  ulp_plan_free(p);
  ulp_llama_close(m);
}
END_TEST

/* What stands first matters little, but a cache of 2 bits does show. */
START_TEST(window)
{
  enum { N = 40 };
  ulp_llama *m = open_model(TINY);
  int32_t tokens[N];
  fill_tokens(tokens, N, 131);
  double *full = logits_of(m, "f64", tokens, N, N, 1);
  double *kivi = logits_of(m, "cache store=kivi:2:8 window=16", tokens, N, N,
                           1);
  /* The 16th key completes the window's worth; before it nothing differs. */
  ck_assert_mem_eq(full, kivi, 15 * 131 * sizeof(double));
  ck_assert(memcmp(full + 15 * 131, kivi + 15 * 131, 131 * sizeof(double)));
  free(full);
  free(kivi);
  ulp_llama_close(m);
}
END_TEST

START_TEST(bad_tokens)
{
  ulp_llama *m = open_model(TINY);
  ulp_plan *p = plan_of("f64");
  ulp_llama_state *s = NULL;
  ulp_error e;
  double x[3 * 131];
  int32_t tokens[] = {1, 131, 2};
  ck_assert_int_eq(ulp_llama_begin(&s, m, 0, p, 1, &e), ULP_EINVAL);
  ck_assert_int_eq(ulp_llama_begin(&s, m, 2, p, 1, &e), ULP_OK);
  ck_assert_int_eq(ulp_llama_run(s, tokens, 2, 0, x, NULL, NULL, &e),
                   ULP_EINVAL);
  ck_assert_str_eq(e.text, "token 1 is 131: expected 0 to 130");
  tokens[1] = -1;
  ck_assert_int_eq(ulp_llama_run(s, tokens, 2, 0, x, NULL, NULL, &e),
                   ULP_EINVAL);
  tokens[1] = 3;
  ck_assert_int_eq(ulp_llama_run(s, tokens, 3, 0, x, NULL, NULL, &e),
                   ULP_EINVAL);
  ck_assert_int_eq(ulp_llama_length(s), 0);
  ulp_llama_end(s);
  ulp_plan_free(p);
  ulp_llama_close(m);
}
END_TEST

/* ---- bytes -------------------------------------------------------------- */

static double weight_bytes(const ulp_llama *m, const char *plan)
{
  ulp_plan *p = plan_of(plan);
  double out = (double)ulp_plan_weight_bytes(p, m);
  ulp_plan_free(p);
  return out;
}

static double cache_bytes(const ulp_llama *m, const char *plan)
{
  ulp_plan *p = plan_of(plan);
  double out = ulp_plan_cache_bytes(p, m);
  ulp_plan_free(p);
  return out;
}

START_TEST(sizes)
{
  ulp_llama *m = open_model("models/reference");
  /* Of a layer: q 256^2, k and v 128 * 256 each, o 256^2, gate, up and down
   * 640 * 256 each; the rest is the embedding and 17 norms of 256, in BF16. */
  double linear = 8 * (4 * 65536 - 65536 + 3 * 163840.0);
  double rest = 2 * (65536 + 17 * 256);
  ck_assert(weight_bytes(m, "bf16") == 2 * 5574912.0);
  ck_assert(weight_bytes(m, "f64") == 2 * 5574912.0);
  ck_assert(weight_bytes(m, "mxfp8") == rest + linear * (1 + 1 / 32.0));
  /* 4 bits, and an f32 for 128 of them */
  ck_assert(weight_bytes(m, "w4a16") == rest + linear * (0.5 + 4 / 128.0));
  /* a scale of f32 a row: 256 + 2 * 128 + 256 + 2 * 640 + 256 rows */
  ck_assert(weight_bytes(m, "w8a16") == rest + linear + 8 * 2304 * 4);
  /* a head that is quantized apart from the embedding is there twice */
  ck_assert(weight_bytes(m, "head weights=mxfp8") ==
            2 * 5574912.0 + 65536 * (1 + 1 / 32.0));
  /* 8 layers of 4 heads of 32, keys and values */
  ck_assert(cache_bytes(m, "bf16") == 2048 * 2);
  ck_assert(cache_bytes(m, "f64") == 2048 * 8);
  ck_assert(cache_bytes(m, "kv-int8") == 2048 * (1 + 4 / 32.0));
  ck_assert(cache_bytes(m, "kv-kivi2") == 2048 * (2 + 32 / 32.0) / 8);
  ulp_llama_close(m);
}
END_TEST

/* ---- the FP8 layer that a GPU computed ---------------------------------- */

static float *codes_as_numbers(const ulp_file *f, const char *name,
                               const char *what, size_t *count)
{
  char full[80];
  snprintf(full, sizeof full, "%s.%s", name, what);
  const ulp_tensor *t = find(f, full);
  float *out = malloc((size_t)t->count * sizeof *out);
  double x;
  ck_assert_ptr_nonnull(out);
  for (int64_t i = 0; i < t->count; i++) {
    ulp_tensor_read_f64(t, &x, i, 1);
    out[i] = (float)x;
  }
  *count = (size_t)t->count;
  return out;
}

/* The codes as numbers: the greatest is 448, so fp8-tensor's scale is 1 and
 * its codes are these; times the two scales its product is the GPU's. */
static void check_projection(const ulp_file *f, const char *name, bool fast)
{
  size_t na, nb, nd, one, k = strcmp(name, "down_proj") == 0 ? 640 : 256;
  float *a = codes_as_numbers(f, name, "a", &na);
  float *b = codes_as_numbers(f, name, "b", &nb);
  float *sa = codes_as_numbers(f, name, "scale_a", &one);
  float *sb = codes_as_numbers(f, name, "scale_b", &one);
  float *want = codes_as_numbers(f, name, fast ? "d.f32.fast" : "d.f32.slow",
                                 &nd);
  size_t m = na / k, n = nb / k;
  double *x = malloc(na * sizeof *x), *y = malloc(m * n * sizeof *y);
  ulp_plan *p = plan_of(fast ? "fp8-tensor-nopromote" : "fp8-tensor");
  ulp_plan *wide = plan_of("q out=f32");
  ulp_numbers at, f32;
  ulp_matrix w;
  ulp_error e;
  char why[300];
  ck_assert(x && y);
  for (size_t i = 0; i < na; i++)
    x[i] = (double)a[i];
  ck_assert_int_eq(ulp_plan_numbers(&at, p, 0, ULP_AT_Q, &e), ULP_OK);
  ck_assert_int_eq(ulp_plan_numbers(&f32, wide, 0, ULP_AT_Q, &e), ULP_OK);
  at.out = f32.out;
  at.out_name = f32.out_name;
  ck_assert_int_eq(ulp_matrix_find(&w, &at, n, k, why, sizeof why), ULP_OK);
  ck_assert_int_eq(ulp_matrix_load(&w, b, &e), ULP_OK);
  ck_assert_int_eq(ulp_matrix_multiply(&w, y, x, m, 0, 2, &e), ULP_OK);
  for (size_t i = 0; i < nd; i++) { /* every eighth row was kept */
    float got = (float)y[i / n * 8 * n + i % n] * (*sa * *sb);
    ck_assert_msg(memcmp(&got, &want[i], sizeof got) == 0, "%s %zu: %a, %a",
                  name, i, (double)got, (double)want[i]);
  }
  ulp_matrix_free(&w);
  ulp_plan_free(p);
  ulp_plan_free(wide);
  free(a);
  free(b);
  free(sa);
  free(sb);
  free(want);
  free(x);
  free(y);
}

START_TEST(fp8_layer)
{
  static const char *const names[] = {"q_proj", "k_proj", "v_proj", "o_proj",
                                      "gate_proj", "up_proj", "down_proj"};
  char *bytes;
  size_t size;
  ulp_error e;
  ulp_file *f;
  ck_assert_msg(ulp_unxz(in_source("tests/vectors/model/fp8/"
                                   "layer.safetensors.xz"),
                         &bytes, &size, &e) == ULP_OK, "%s", e.text);
  ck_assert_msg(ulp_file_parse(&f, bytes, size, "layer.safetensors", &e) ==
                    ULP_OK, "%s", e.text);
  for (int i = 0; i < 14; i++)
    check_projection(f, names[i / 2], i % 2);
  ulp_file_close(f);
  free(bytes);
}
END_TEST

/* ---- config.json -------------------------------------------------------- */

static char *config_text(size_t *size)
{
  char *text;
  ulp_error e;
  ck_assert_int_eq(ulp_checkpoint_text(&text, size, in_source(TINY),
                                       "config.json", &e), ULP_OK);
  return text;
}

/* One byte changed, or the end cut off: refused in one line, or read. */
START_TEST(mutated_config)
{
  size_t size;
  char *text = config_text(&size);
  static const char bytes[] = "0-9\"{}[],:e.n\\ \x80";
  ulp_llama_config c;
  ulp_error e;
  for (size_t i = 0; i < size; i++) {
    char was = text[i];
    for (size_t k = 0; k < sizeof bytes; k++) {
      text[i] = bytes[k];
      if (ulp_llama_config_parse(&c, text, size, "config.json", &e) == ULP_OK)
        ck_assert(c.hidden > 0 && c.heads > 0 && c.heads % c.kv_heads == 0);
      else
        ck_assert(*e.text && !strchr(e.text, '\n'));
    }
    text[i] = was;
    ck_assert(ulp_llama_config_parse(&c, text, i, "config.json", &e) !=
                  ULP_OK || i > size - 2);
  }
  free(text);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("llama");
  TCase *t = tcase_create("llama");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, logits);
  tcase_add_test(t, logits_of_shards);
  tcase_add_test(t, greedy);
  tcase_add_loop_test(t, token_by_token, 0, PLANS);
  tcase_add_test(t, every_plan_on_two_threads);
  tcase_add_test(t, cut);
  tcase_add_test(t, listeners);
  tcase_add_test(t, window);
  tcase_add_test(t, bad_tokens);
  tcase_add_test(t, sizes);
  tcase_add_test(t, fp8_layer);
  tcase_add_test(t, mutated_config);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
