/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Outlier channels: T. Dettmers et al., LLM.int8(), arXiv:2208.07339, section
 * 4 (up to 20 times and more, in few channels, for every token); G. Xiao et
 * al., SmoothQuant, arXiv:2211.10438, section 3 (about 100 times).  Tokens
 * with massive activations: M. Sun et al., arXiv:2402.17762.
 */
#include "matrix.h"

#include <math.h>
#include <stdlib.h>

#include "words.h"

static const ulp_matrix_kind kinds[] = {
    {"gaussian", "normal, standard deviation 1", false, false},
    {"outlier_channels", "some columns times a gain each", true, false},
    {"token_spikes", "some rows times a gain each", false, true},
    {"both", "outlier channels and token spikes", true, true},
};

const ulp_matrix_kind *ulp_matrix_kind_row(size_t i)
{
  return i < sizeof kinds / sizeof kinds[0] ? &kinds[i] : NULL;
}

static uint64_t stream_of(const char *name, int64_t i)
{
  return (uint64_t)ulp_name_hash(name) << 24 | (uint64_t)i;
}

ulp_status ulp_outliers_read(ulp_outliers *out, const char *name,
                             const char *text, ulp_error *e)
{
  char *end;
  *out = (ulp_outliers){.share = strtod(text, &end)};
  if (*end == ':')
    out->low = strtod(end + 1, &end);
  if (*end == ':')
    out->high = strtod(end + 1, &end);
  if (!*end && out->share >= 0 && out->share <= 1 && out->low > 0 &&
      out->high >= out->low && out->high < 0x1p60)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected SHARE:LOW:HIGH, "
                       "a share from 0 to 1 and gains above 0", name, text);
}

/* The chosen ones are the first of a shuffle (R. Durstenfeld, CACM 7, 1964,
 * algorithm 235). */
bool ulp_outlier_gains(double *gain, int64_t n, ulp_outliers o, uint64_t seed,
                       const char *name)
{
  int64_t *order = malloc((size_t)n * sizeof *order);
  int64_t chosen = o.share > 0 ? (int64_t)fmax(1, rint(o.share * (double)n))
                               : 0;
  ulp_pcg32 g = ulp_pcg32_seed(seed, stream_of(name, 0));
  if (!order)
    return false;
  for (int64_t i = 0; i < n; i++) {
    order[i] = i;
    gain[i] = 1;
  }
  for (int64_t i = 0; i < chosen && i < n; i++) {
    uint64_t left = (uint64_t)(n - i);
    int64_t k = i + (int64_t)(ulp_pcg32_next(&g) * left >> 32);
    int64_t line = order[k];
    order[k] = order[i];
    gain[line] = o.low + (o.high - o.low) * (ulp_pcg32_next(&g) * 0x1p-32);
  }
  free(order);
  return true;
}

static ulp_status fill_row(ulp_source *out, int64_t row, double token,
                           const double *channel, double *x, uint64_t seed)
{
  int64_t cols = out->shape[1];
  ulp_status s = ulp_sample("gaussian", x, (size_t)cols, true, seed,
                            stream_of("matrix", row));
  for (int64_t i = 0; s == ULP_OK && i < cols; i++) {
    out->samples[row * cols + i] = (float)(x[i] * token * channel[i]);
    out->special[row * cols + i] = token != 1 || channel[i] != 1;
  }
  return s;
}

ulp_status ulp_matrix_make(ulp_source *out, const ulp_matrix_kind *kind,
                           int64_t rows, int64_t cols, ulp_outliers channels,
                           ulp_outliers tokens, uint64_t seed)
{
  const ulp_outliers none = {0, 1, 1};
  *out = (ulp_source){.name = kind->name, .count = rows * cols, .ndim = 2,
                      .shape = {rows, cols}};
  out->special = malloc((size_t)out->count);
  out->samples = malloc((size_t)out->count * sizeof *out->samples);
  double *gain = malloc((size_t)(rows + 2 * cols) * sizeof *gain);
  ulp_status s = ULP_ENOMEM;
  if (out->special && out->samples && gain &&
      ulp_outlier_gains(gain, rows, kind->tokens ? tokens : none, seed,
                        "matrix tokens") &&
      ulp_outlier_gains(gain + rows, cols, kind->channels ? channels : none,
                        seed, "matrix channels"))
    s = ULP_OK;
  for (int64_t i = 0; s == ULP_OK && i < rows; i++)
    s = fill_row(out, i, gain[i], gain + rows, gain + rows + cols, seed);
  free(gain);
  return s;
}
