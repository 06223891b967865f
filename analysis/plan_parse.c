/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text of a plan.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"
#include "why.h"

enum { MAX_LINE = 1000 };

#define BIT(place) (UINT32_C(1) << (place))
#define LINEAR                                                                 \
  (BIT(ULP_AT_Q) | BIT(ULP_AT_K) | BIT(ULP_AT_V) | BIT(ULP_AT_O) |             \
   BIT(ULP_AT_GATE) | BIT(ULP_AT_UP) | BIT(ULP_AT_DOWN))
#define HEAD BIT(ULP_AT_HEAD)
#define CACHE (BIT(ULP_AT_KEYS) | BIT(ULP_AT_VALUES))
#define ATTENTION (BIT(ULP_AT_SCORES) | BIT(ULP_AT_MIX))
#define ALL (BIT(ULP_PLACES) - 1)
/* What no layer has. */
#define OUTSIDE (BIT(ULP_AT_EMBEDDING) | HEAD)

static const struct {
  const char *name;
  uint32_t places;
} places[] = {
    {"embedding", BIT(ULP_AT_EMBEDDING)}, {"q", BIT(ULP_AT_Q)},
    {"k", BIT(ULP_AT_K)}, {"v", BIT(ULP_AT_V)}, {"o", BIT(ULP_AT_O)},
    {"gate", BIT(ULP_AT_GATE)}, {"up", BIT(ULP_AT_UP)},
    {"down", BIT(ULP_AT_DOWN)}, {"head", HEAD},
    {"scores", BIT(ULP_AT_SCORES)}, {"softmax", BIT(ULP_AT_SOFTMAX)},
    {"mix", BIT(ULP_AT_MIX)}, {"norm", BIT(ULP_AT_NORM)},
    {"rope", BIT(ULP_AT_ROPE)}, {"activation", BIT(ULP_AT_ACTIVATION)},
    {"residual", BIT(ULP_AT_RESIDUAL)}, {"keys", BIT(ULP_AT_KEYS)},
    {"values", BIT(ULP_AT_VALUES)},
    /* of several */
    {"linear", LINEAR}, {"cache", CACHE}, {"all", ALL}};
enum { WORDS = sizeof places / sizeof places[0] };

/* Where a key may stand, and what its value is. */
typedef enum { A_FORMAT, A_MODE, A_NUMBER, A_QUANTIZER, A_PRODUCT, A_GPU,
               A_CHOICE } value_kind;
static const struct {
  const char *name;
  uint32_t places;
  value_kind value;
  uint64_t least, most; /* of a number */
} keys[ULP_PLAN_KEYS] = {
    [ULP_KEY_STEP] = {"step", ALL, A_FORMAT, 0, 0},
    [ULP_KEY_ROUND] = {"round", ALL, A_MODE, 0, 0},
    [ULP_KEY_SEED] = {"seed", ALL, A_NUMBER, 0, UINT64_MAX},
    [ULP_KEY_SR_BITS] = {"sr-bits", ALL, A_NUMBER, 0, 32},
    [ULP_KEY_OUT] = {"out", ALL, A_FORMAT, 0, 0},
    [ULP_KEY_WEIGHTS] = {"weights", LINEAR | OUTSIDE, A_QUANTIZER, 0, 0},
    [ULP_KEY_INPUTS] = {"inputs", LINEAR | HEAD | ATTENTION, A_QUANTIZER, 0,
                        0},
    [ULP_KEY_STORE] = {"store", CACHE, A_QUANTIZER, 0, 0},
    [ULP_KEY_WINDOW] = {"window", CACHE, A_NUMBER, 0, 1 << 30},
    [ULP_KEY_PRODUCT] = {"product", LINEAR | HEAD | ATTENTION, A_PRODUCT, 0,
                         0},
    [ULP_KEY_GPU] = {"gpu", LINEAR | HEAD, A_GPU, 0, 0},
    [ULP_KEY_FAST] = {"fast-accum", LINEAR | HEAD, A_CHOICE, 0, 0},
    [ULP_KEY_PROMOTE] = {"promote", LINEAR | HEAD, A_NUMBER, 0, 1 << 20},
    [ULP_KEY_SPLIT] = {"split-k", LINEAR | HEAD, A_NUMBER, 1, 1024}};

const char *ulp_place_name(size_t i)
{
  return i < ULP_PLACES ? places[i].name : NULL;
}

/* ---- errors ------------------------------------------------------------- */

typedef struct {
  ulp_plan *plan;
  int line;
  ulp_error *e;
} reader;

ulp_status ulp_plan_fault(ulp_error *e, const ulp_plan *p, int line,
                          ulp_status status, const char *message)
{
  return line > 0 ? ulp_error_set(e, status, "%.200s:%d: %.400s", p->name, line,
                                  message)
                  : ulp_error_set(e, status, "%.200s: %.400s", p->name,
                                  message);
}

static ulp_status fault(const reader *r, const char *message)
{
  return ulp_plan_fault(r->e, r->plan, r->line, ULP_EFORMAT, message);
}

static const char *place_word(const void *unused, size_t i)
{
  (void)unused;
  return i < WORDS ? places[i].name : NULL;
}

static const char *key_word(const void *unused, size_t i)
{
  (void)unused;
  return i < ULP_PLAN_KEYS ? keys[i].name : NULL;
}

/* "'WORD': expected WHAT (did you mean 'NEAR'?)" */
static ulp_status unknown(const reader *r, const char *word, const char *what,
                          const char *near)
{
  char message[400];
  snprintf(message, sizeof message, "'%.80s': expected %s%s%s%s", word, what,
           near ? " (did you mean '" : "", near ? near : "",
           near ? "'?)" : "");
  ulp_one_line(message, sizeof message);
  return fault(r, message);
}

/* ---- values ------------------------------------------------------------- */

static ulp_status bad_value(const reader *r, const ulp_plan_setting *s,
                            const char *why)
{
  char message[500];
  snprintf(message, sizeof message, "%s=%.60s: %.400s", keys[s->key].name,
           s->text, why);
  ulp_one_line(message, sizeof message);
  return fault(r, message);
}

static ulp_status read_number(const reader *r, ulp_plan_setting *s)
{
  char *end, why[100];
  uint64_t least = keys[s->key].least, most = keys[s->key].most;
  errno = 0;
  s->number = strtoull(s->text, &end, 10);
  if (isdigit((unsigned char)s->text[0]) && !*end && !errno &&
      s->number >= least && s->number <= most)
    return ULP_OK;
  snprintf(why, sizeof why, "expected a whole number from %llu to %llu",
           (unsigned long long)least, (unsigned long long)most);
  return bad_value(r, s, why);
}

/* kivi:BITS:N */
static ulp_status read_kivi(const reader *r, ulp_plan_setting *s)
{
  char *end;
  long bits = strtol(s->text + 5, &end, 10);
  long group = *end == ':' ? strtol(end + 1, &end, 10) : 0;
  if (*end || bits < 1 || bits > 8 || group < 2 || group > 256)
    return bad_value(r, s, "expected kivi:BITS:N with 1 to 8 bits and a group "
                           "of 2 to 256");
  s->kivi_bits = (int)bits;
  s->kivi_group = (int)group;
  return ULP_OK;
}

static ulp_status read_quantizer(const reader *r, ulp_plan_setting *s)
{
  ulp_error why;
  if (strcmp(s->text, "none") == 0)
    return ULP_OK;
  if (s->key == ULP_KEY_STORE && strncmp(s->text, "kivi:", 5) == 0)
    return read_kivi(r, s);
  s->quantizer = malloc(sizeof *s->quantizer);
  if (!s->quantizer)
    return ulp_error_set(r->e, ULP_ENOMEM, "out of memory");
  ulp_status status = ulp_quantizer_find(s->text, s->quantizer, &why);
  if (status != ULP_OK)
    return bad_value(r, s, why.text);
  return s->quantizer->fixed
             ? bad_value(r, s, "expected a quantizer that chooses its scales")
             : ULP_OK;
}

static const char *product_word(const void *unused, size_t i)
{
  static const char *const own[] = {"f64", "f32", "block-scale"};
  (void)unused;
  return i < 3 ? own[i] : ulp_gemm_order_name(i - 3);
}

static ulp_status read_product(const reader *r, ulp_plan_setting *s)
{
  size_t i = 0;
  while (product_word(NULL, i) && strcmp(product_word(NULL, i), s->text) != 0)
    i++;
  if (!product_word(NULL, i) || strcmp(s->text, "model") == 0)
    return unknown(r, s->text, "product=f64, f32, block-scale or a kernel of "
                   "'ulplab gemm --kernel list'",
                   ulp_nearest(s->text, product_word, NULL));
  s->number = i;
  return i >= 2 && s->places & ATTENTION
             ? bad_value(r, s, "expected f64 or f32 for scores and mix: no "
                               "order of an attention kernel is known")
             : ULP_OK;
}

static ulp_status read_value(const reader *r, ulp_plan_setting *s)
{
  char why[300];
  ulp_mode mode;
  switch (keys[s->key].value) {
  case A_FORMAT:
    return ulp_format_find(s->text, &s->format, why, sizeof why) == ULP_OK
               ? ULP_OK
               : bad_value(r, s, why);
  case A_MODE:
    if (ulp_mode_find(s->text, &mode) != ULP_OK)
      return bad_value(r, s, "expected rne, rna, rnz, rtz, ru, rd, odd or sr");
    s->number = mode;
    return ULP_OK;
  case A_NUMBER: return read_number(r, s);
  case A_QUANTIZER: return read_quantizer(r, s);
  case A_PRODUCT: return read_product(r, s);
  case A_GPU:
    return ulp_gpu_find(s->text)
               ? ULP_OK
               : bad_value(r, s, "expected a GPU of 'ulplab gpus'");
  case A_CHOICE:
    s->number = strcmp(s->text, "yes") == 0;
    return s->number || strcmp(s->text, "no") == 0
               ? ULP_OK
               : bad_value(r, s, "expected yes or no");
  }
  return ULP_OK;
}

/* ---- a line ------------------------------------------------------------- */

static ulp_plan_setting *new_setting(ulp_plan *p)
{
  if (p->count == p->room) {
    size_t room = p->room ? 2 * p->room : 16;
    ulp_plan_setting *more = realloc(p->setting, room * sizeof *more);
    if (!more)
      return NULL;
    p->setting = more;
    p->room = room;
  }
  memset(&p->setting[p->count], 0, sizeof *p->setting);
  return &p->setting[p->count++];
}

/* A number of a range, digits alone; past its last digit, or NULL. */
static const char *layer_number(const char *text, int64_t *out)
{
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  return isdigit((unsigned char)*text) && !errno && *out <= INT32_MAX ? end
                                                                      : NULL;
}

/* A or A-B */
static ulp_status read_layers(const reader *r, const char *text,
                              ulp_plan_setting *rule)
{
  const char *end = layer_number(text, &rule->first);
  rule->last = rule->first;
  if (end && *end == '-')
    end = layer_number(end + 1, &rule->last);
  if (!end || *end || rule->last < rule->first)
    return unknown(r, text, "layers=A or layers=A-B, A at most B, from 0",
                   NULL);
  return rule->places != ALL && rule->places & OUTSIDE
             ? fault(r, "layers= of a place that no layer has: expected "
                        "embedding and head in a rule of their own")
             : ULP_OK;
}

static ulp_status read_key(const reader *r, char *word, char *equals,
                           const ulp_plan_setting *rule)
{
  int key = 0;
  *equals = '\0';
  while (key < ULP_PLAN_KEYS && strcmp(keys[key].name, word) != 0)
    key++;
  if (key == ULP_PLAN_KEYS)
    return unknown(r, word, "a key (step, out, weights, inputs, store, product "
                   "...)", ulp_nearest(word, key_word, NULL));
  for (int i = 0; i < ULP_PLACES; i++)
    if (rule->places != ALL && (rule->places & ~keys[key].places) >> i & 1) {
      char message[100];
      snprintf(message, sizeof message, "%s has no %s=", places[i].name, word);
      return fault(r, message);
    }
  ulp_plan_setting *s = new_setting(r->plan);
  if (!s)
    return ulp_error_set(r->e, ULP_ENOMEM, "out of memory");
  *s = *rule;
  s->places &= keys[key].places;
  s->key = (ulp_plan_key)key;
  s->line = r->line;
  s->text = strdup(equals + 1);
  return s->text ? read_value(r, s)
                 : ulp_error_set(r->e, ULP_ENOMEM, "out of memory");
}

static ulp_status read_place(const reader *r, const char *word,
                             ulp_plan_setting *rule)
{
  size_t i = 0;
  while (i < WORDS && strcmp(places[i].name, word) != 0)
    i++;
  if (i == WORDS)
    return unknown(r, word, "a place (linear, head, scores, norm, cache ...)",
                   ulp_nearest(word, place_word, NULL));
  rule->places |= places[i].places;
  return ULP_OK;
}

static ulp_status read_word(const reader *r, char *word,
                            ulp_plan_setting *rule, bool *keyed)
{
  char *equals = strchr(word, '=');
  if (!equals)
    return *keyed ? unknown(r, word, "KEY=VALUE", NULL)
                  : read_place(r, word, rule);
  if (!rule->places)
    return unknown(r, word, "a place before it", NULL);
  if (!*keyed && strncmp(word, "layers=", 7) == 0)
    return read_layers(r, word + 7, rule);
  *keyed = true;
  return read_key(r, word, equals, rule);
}

/* Words end at a blank, those before the first '=' at a comma too. */
static ulp_status read_line(const reader *r, char *text)
{
  ulp_plan_setting rule = {.last = -1};
  bool keyed = false;
  text[strcspn(text, "#\r")] = '\0';
  for (char *at = text; *at;) {
    at += strspn(at, " \t,");
    size_t n = strcspn(at, " \t");
    size_t comma = strcspn(at, " \t,");
    if (!memchr(at, '=', comma))
      n = comma;
    if (n == 0)
      break;
    char *next = at + n + (at[n] != '\0');
    at[n] = '\0';
    ulp_status s = read_word(r, at, &rule, &keyed);
    if (s != ULP_OK)
      return s;
    at = next;
  }
  return rule.places && !keyed ? fault(r, "expected KEY=VALUE after the places")
                               : ULP_OK;
}

static ulp_status read_all(reader *r, const char *text, size_t size)
{
  char line[MAX_LINE + 1];
  while (size) {
    const char *end = memchr(text, '\n', size);
    size_t n = end ? (size_t)(end - text) : size;
    r->line++;
    if (n > MAX_LINE || memchr(text, '\0', n))
      return fault(r, "expected text, lines of at most 1000 characters");
    memcpy(line, text, n);
    line[n] = '\0';
    ulp_status s = read_line(r, line);
    if (s != ULP_OK)
      return s;
    n += end != NULL;
    text += n;
    size -= n;
  }
  return ULP_OK;
}

ulp_status ulp_plan_parse(ulp_plan **out, const char *name, const char *text,
                          size_t size, ulp_error *e)
{
  ulp_plan *p = calloc(1, sizeof *p);
  reader r = {p, 0, e};
  if (p)
    p->name = strdup(name);
  if (!p || !p->name) {
    ulp_plan_free(p);
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  ulp_status s = read_all(&r, text, size);
  if (s == ULP_OK)
    *out = p;
  else
    ulp_plan_free(p);
  return s;
}

void ulp_plan_free(ulp_plan *p)
{
  if (!p)
    return;
  for (size_t i = 0; i < p->count; i++) {
    free(p->setting[i].text);
    free(p->setting[i].quantizer);
  }
  free(p->setting);
  free(p->name);
  free(p);
}

const char *ulp_plan_name(const ulp_plan *p) { return p->name; }

const ulp_plan_setting *ulp_plan_at(const ulp_plan *p, int64_t layer,
                                    ulp_place place, ulp_plan_key key)
{
  for (size_t i = p->count; i-- > 0;) {
    const ulp_plan_setting *s = &p->setting[i];
    if (s->key == key && s->places >> place & 1 &&
        (s->last < 0 || (layer >= s->first && layer <= s->last)))
      return s;
  }
  return NULL;
}
