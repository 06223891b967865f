/* SPDX-License-Identifier: MIT
 *
 * Rounding to a few codes, in any mode that draws nothing, is a step function:
 * as f32 ascend, the code changes at most as often as there are codes.  Where
 * it changes is found by asking the rounding itself, so that it is exact by
 * construction, whatever the rounding.
 */
#include <string.h>

#include "convert.h"
#include "internal.h"

/* f32 in the order of signed numbers, as kernels have them, and back. */
static int32_t turned(int32_t x) { return x < 0 ? x ^ INT32_MAX : x; }

static int32_t key_of(float x)
{
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return turned(bits);
}

static float value_at(int32_t key)
{
  int32_t bits = turned(key);
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* ---- the search --------------------------------------------------------- */

typedef struct {
  ulp_code_of *code_of;
  const void *context;
  bool nearest; /* else up or down, perhaps at once behind a value */
  int32_t step[ULP_STEPS];     /* where the i-th begins */
  uint64_t code[ULP_STEPS];
  size_t count;
} search;

static uint64_t code_at(const search *s, int32_t key)
{
  return s->code_of(s->context, (uint32_t)turned(key));
}

/* Everything from low to high has one of their two codes, so that there is one
 * key at which it changes. */
typedef struct {
  int32_t low, high; /* of the first code; of another */
  uint64_t first, other;
} bracket;

static bool is_first(const search *s, bracket *b, int32_t key)
{
  uint64_t code = code_at(s, key);
  if (code == b->first) {
    b->low = key;
    return true;
  }
  b->high = key;
  b->other = code;
  return false;
}

/* Away from a guess in growing leaps, as long as they lead to where it is. */
static void leap(const search *s, bracket *b, int32_t guess)
{
  bool up = is_first(s, b, guess);
  for (int64_t far = 1; b->high - (int64_t)b->low > 2 * far; far *= 4)
    if (is_first(s, b, (int32_t)(up ? b->low + far : b->high - far)) != up)
      break;
}

static void narrow(const search *s, bracket *b)
{
  double middle = (double)value_at(b->low) / 2 + (double)value_at(b->high) / 2;
  int32_t guess = s->nearest ? key_of((float)middle) : b->high - 1;
  if (!s->nearest) (void)is_first(s, b, b->low + 1);
  if (guess > b->low && guess < b->high) leap(s, b, guess);
  while (b->high - (int64_t)b->low > 1)
    (void)is_first(s, b, (int32_t)(b->low + (b->high - (int64_t)b->low) / 2));
}

/* All steps above `low` up to `high`; false: too many. */
static bool find_between(search *s, int32_t low, int32_t high)
{
  uint64_t last = code_at(s, high);
  while (s->code[s->count - 1] != last) {
    bracket b = {low, high, s->code[s->count - 1], last};
    if (s->count == ULP_STEPS) return false;
    narrow(s, &b);
    s->step[s->count] = low = b.high;
    s->code[s->count++] = b.other;
  }
  return true;
}

/* The keys of a format's values, ascending; how many. */
static size_t list_values(const ulp_format *f, int32_t key[ULP_STEPS])
{
  size_t n = 0, codes = (size_t)ulp_code_count(f);
  for (size_t code = 0; code < codes; code++) {
    double x = ulp_decode(f, code);
    size_t i = n;
    if (x != x) continue;
    int32_t new = key_of((float)x);
    for (; i > 0 && key[i - 1] > new; i--)
      key[i] = key[i - 1];
    key[i] = new;
    n++;
  }
  return n;
}

static bool find_all(search *s, const ulp_format *f)
{
  int32_t value[ULP_STEPS], low = key_of(-__builtin_inff());
  size_t n = list_values(f, value);
  s->code[0] = code_at(s, low);
  s->count = 1;
  for (size_t i = 0; i < n; low = value[i++])
    if (!find_between(s, low, value[i])) return false;
  return find_between(s, low, key_of(__builtin_inff()));
}

/* ---- for kernels -------------------------------------------------------- */

/* Whether codes ascend, so that a step can be what begins a code and all codes
 * left out before it; then they do. */
static bool number_steps(search *s)
{
  int32_t step[ULP_STEPS];
  size_t n = 0;
  if (s->code[s->count - 1] >= ULP_STEPS) return false;
  for (size_t i = 0; i < s->count; i++) {
    if (s->code[i] < n) return false;
    while (n <= s->code[i])
      step[n++] = i ? s->step[i] : INT32_MIN + 1; /* below all */
  }
  memcpy(s->step, step, n * sizeof *step);
  s->count = n;
  return true;
}

/* The i-th of a level's steps halves what those above it leave. */
static void arrange(ulp_encoder *e, const search *s, int levels)
{
  for (int level = 0; level < levels; level++)
    for (int i = 0; i < 1 << level; i++) {
      size_t at = (size_t)(2 * i + 1) << (levels - 1 - level);
      e->step[(1 << level) + i] =
          at < s->count ? s->step[at] - 1 : INT32_MAX;
    }
}

bool ulp_encoder_find_steps(ulp_encoder *e, ulp_code_of *code_of,
                            const void *context)
{
  search s = {.code_of = code_of, .context = context,
              .nearest = e->r.mode <= ULP_RNZ};
  if (e->to.bits > 8 || e->r.mode == ULP_SR || !find_all(&s, &e->to))
    return false;
  e->ordered = number_steps(&s);
  if (!e->ordered && s.count > 16) return false;
  for (size_t i = 0; i < 16 && !e->ordered; i++)
    e->step_code[i] = (int32_t)(i < s.count ? s.code[i] : 0);
  e->levels = s.count <= 16 ? 4 : 8;
  arrange(e, &s, e->levels);
  e->rare_at = -1;
  e->fast = true;
  e->odd_f64 = false;
  return true;
}

/* ---- random steps ------------------------------------------------------- */

static uint64_t toward_zero(const void *context, uint32_t bits)
{
  static const ulp_rounding rtz = {.mode = ULP_RTZ};
  float x;
  memcpy(&x, &bits, sizeof x);
  return ulp_encode_f32(context, x, &rtz, 0);
}

static double inverse_of(double gap) { return gap > 0 ? 0x1p32 / gap : 0; }

bool ulp_encoder_find_draws(ulp_encoder *e, ulp_draws *d)
{
  const size_t last = (size_t)ulp_code_count(&e->to) - 1;
  const ulp_mode mode = e->r.mode;
  if (e->to.kind != ULP_CODEBOOK || mode != ULP_SR) return false;
  e->r.mode = ULP_RTZ;
  bool found = ulp_encoder_find_steps(e, toward_zero, &e->to);
  e->r.mode = mode;
  for (size_t i = 0; found && i <= last; i++)
    d->near[i] = (double)e->to.codebook[e->ordered ? (int32_t)i
                                                   : e->step_code[i]];
  for (size_t i = 0; found && i <= last; i++) {
    d->inverse[0][i] = i < last ? inverse_of(d->near[i + 1] - d->near[i]) : 0;
    d->inverse[1][i] = i > 0 ? inverse_of(d->near[i] - d->near[i - 1]) : 0;
  }
  e->draws = d;
  e->random = found;
  return found;
}
