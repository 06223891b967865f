/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the names of a GPU and of an instruction and as its operands;
 * where there is such an instruction, its fast path must be the reference.
 */
#include "emu.h"
#include "fuzz.h"
#include "fuzz_words.h"

enum { MAX_K = 256, MAX_ROWS = 3, MAX_COLS = 11 };

typedef struct {
  const ulp_mma *m;
  int terms, blocks;
} traced;

static void see_term(void *data, const ulp_trace_term *t)
{
  traced *seen = data;
  REQUIRE(t->k >= -1 && t->k < seen->m->k);
  seen->terms++;
}

static void see_block(void *data, const ulp_trace_block *b)
{
  traced *seen = data;
  REQUIRE(b->special || b->unit == b->top - seen->m->record->align);
  REQUIRE(b->special || seen->m->record->floor == ULP_NO_FLOOR ||
          b->top >= seen->m->record->floor);
  seen->blocks++;
}

static void check_mma(const ulp_mma *m, const char *gpu)
{
  const ulp_format *formats[] = {&m->a, &m->b, &m->c, &m->d, &m->acc};
  REQUIRE(m->record != NULL && ulp_gpu_find(gpu) != NULL);
  REQUIRE(strcmp(m->record->arch, ulp_gpu_find(gpu)) == 0);
  REQUIRE(m->m > 0 && m->n > 0 && m->k > 0 && m->k <= MAX_K);
  REQUIRE(m->record->n == 0 || m->record->n == m->n);
  for (int i = 0; i < 5; i++)
    REQUIRE(formats[i]->bits > 0 && formats[i]->storage_bytes * 8 >=
                                        formats[i]->bits);
}

/* One output of the fast path, d, against the reference, traced and not. */
static void check_output(const ulp_mma *m, const void *a, const void *b,
                         uint64_t c, uint64_t d)
{
  uint64_t x[MAX_K], y[MAX_K];
  traced seen = {.m = m};
  ulp_trace trace = {.term = see_term, .block = see_block, .data = &seen};
  for (size_t k = 0; k < (size_t)m->k; k++) {
    x[k] = ulp_load_code(&m->a, a, k);
    y[k] = ulp_load_code(&m->b, b, k);
  }
  REQUIRE(ulp_mma_dot(m, x, y, c, NULL) == d);
  REQUIRE(ulp_mma_dot(m, x, y, c, &trace) == d);
  if (m->record->kind == ULP_DOT_FDPA)
    REQUIRE(seen.blocks == m->k / m->record->block);
}

static void run_tile(const ulp_mma *m, fuzz_bytes *f)
{
  size_t rows = fuzz_byte(f) % (MAX_ROWS + 1);
  size_t cols = fuzz_byte(f) % (MAX_COLS + 1), k = (size_t)m->k;
  void *a = fuzz_elements(f, &m->a, rows * k);
  void *b = fuzz_elements(f, &m->b, cols * k);
  void *c = fuzz_elements(f, &m->c, rows * cols);
  void *d = malloc(rows * cols * m->d.storage_bytes + 1);
  REQUIRE(d != NULL);
  REQUIRE(ulp_mma_tile(m, d, a, b, c, rows, cols) == ULP_OK);
  for (size_t i = 0; i < rows * cols; i++)
    check_output(m, (char *)a + i / cols * k * m->a.storage_bytes,
                 (char *)b + i % cols * k * m->b.storage_bytes,
                 ulp_load_code(&m->c, c, i), ulp_load_code(&m->d, d, i));
  free(a);
  free(b);
  free(c);
  free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_bytes f = {.data = data, .size = size};
  char *gpu = fuzz_word(&f), *instr = fuzz_word(&f), why[200] = "";
  ulp_mma m;
  ulp_status status = ulp_mma_find(gpu, instr, &m, why, sizeof why);
  if (status != ULP_OK) {
    fuzz_refused(status, why);
    REQUIRE(ulp_mma_find(gpu, instr, &m, NULL, 0) == status);
  } else {
    check_mma(&m, gpu);
    run_tile(&m, &f);
  }
  free(gpu);
  free(instr);
  return 0;
}
