/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs every conversion of cvt_table.h on the GPU and writes what it gave.
 *
 *   nvcc -O2 -std=c++17 -gencode=arch=compute_90a,code=sm_90a cvt.cu -o cvt
 *   cvt DIGESTS DUMP [PART-OF-A-NAME]
 *
 * Both files are streams of records, a text header and then one array:
 *   ulplab-cvt 1
 *   instr cvt.rn.f16.f32
 *   source f32 | result f16 | lanes 1      (one key a line)
 *   inputs 4294967296     every pattern in order, or the f64 of cvt_inputs.h
 *   array digests 4096 8  kind, count, bytes of an element
 *   gpu NVIDIA H200 | driver 13000 | cuda 13.0 | nvcc 13.0.88
 *   end
 * digests: each over inputs/count consecutive inputs i, the sum modulo 2^64
 *   of mix64(i << 32 ^ out), mix64 the finaliser in mix.h.
 * outputs: of the inputs that ulp_cvt_sample() names.
 * Two lanes are one output, lane 0 in its lower half.
 */
#include "cvt_row.h"

#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define CHECK(call) check((call), #call, __LINE__)

static void check(cudaError_t e, const char *what, int line)
{
  if (e == cudaSuccess)
    return;
  fprintf(stderr, "cvt.cu:%d: %s: %s\n", line, what, cudaGetErrorString(e));
  exit(1);
}

/* ---- the lanes' bits as arguments, and results as bits ---- */

typedef uint64_t u64;

__device__ static float F(u64 a) { return __uint_as_float((unsigned)a); }
__device__ static double D(u64 a) { return __longlong_as_double((long long)a); }
__device__ static unsigned char C(u64 a) { return (unsigned char)a; }
__device__ static unsigned short S(u64 a) { return (unsigned short)a; }
__device__ static unsigned R(u64 a) { return (unsigned)a; }
__device__ static unsigned RR(u64 a, u64 b) { return R(a) | R(b) << 16; }
__device__ static float2 F2(u64 a, u64 b) { return make_float2(F(a), F(b)); }
__device__ static double2 D2(u64 a, u64 b) { return make_double2(D(a), D(b)); }

__device__ static __half_raw H(u64 a)
{
  __half_raw h;
  h.x = S(a);
  return h;
}

__device__ static __half2_raw H2(u64 a, u64 b)
{
  __half2_raw h;
  h.x = S(a);
  h.y = S(b);
  return h;
}

__device__ static __nv_bfloat16_raw B(u64 a)
{
  __nv_bfloat16_raw h;
  h.x = S(a);
  return h;
}

__device__ static __nv_bfloat162_raw B2(u64 a, u64 b)
{
  __nv_bfloat162_raw h;
  h.x = S(a);
  h.y = S(b);
  return h;
}

__device__ static u64 bits(unsigned char x) { return x; }
__device__ static u64 bits(unsigned short x) { return x; }
__device__ static u64 bits(unsigned x) { return x; }
__device__ static u64 bits(float x) { return __float_as_uint(x); }
__device__ static u64 bits(double x) { return (u64)__double_as_longlong(x); }
__device__ static u64 bits(__half_raw x) { return x.x; }
__device__ static u64 bits(__nv_bfloat16_raw x) { return x.x; }
__device__ static u64 bits(__half2_raw x) { return x.x | (u64)x.y << 16; }

/* ---- one type for each row ---- */

#define ASM1(text, type, out, in, x)                         \
  type o;                                                    \
  asm(text " %0, %1;" : out(o) : in(x));            \
  return bits(o);
/* The first source operand of an x2 conversion is the upper half. */
#define ASM2(text, type, out, in, x, y)                      \
  type o;                                                    \
  asm(text " %0, %2, %1;" : out(o) : in(x), in(y)); \
  return bits(o);

#define F_H(t) ASM1(t, unsigned short, "=h", "f", F(a))
#define F_R(t) ASM1(t, unsigned, "=r", "f", F(a))
#define F_D(t) ASM1(t, double, "=d", "f", F(a))
#define D_H(t) ASM1(t, unsigned short, "=h", "d", D(a))
#define D_R(t) ASM1(t, unsigned, "=r", "d", D(a))
#define D_F(t) ASM1(t, float, "=f", "d", D(a))
#define H_H(t) ASM1(t, unsigned short, "=h", "h", S(a))
#define H_R(t) ASM1(t, unsigned, "=r", "h", S(a))
#define H_F(t) ASM1(t, float, "=f", "h", S(a))
#define H_D(t) ASM1(t, double, "=d", "h", S(a))
#define R_H(t) ASM1(t, unsigned short, "=h", "r", R(a))
#define R_F(t) ASM1(t, float, "=f", "r", R(a))
#define HH_H(t) ASM1(t, unsigned short, "=h", "r", RR(a, b))
#define FF_H(t) ASM2(t, unsigned short, "=h", "f", F(a), F(b))
#define FF_R(t) ASM2(t, unsigned, "=r", "f", F(a), F(b))

template <int line> struct row;

#define ROW(BODY, SRC, LANES, DST)                                    \
  template <> struct row<__LINE__> {                                  \
    enum { src = CVT_SRC_##SRC, lanes = LANES, dst = CVT_DST_##DST }; \
    __device__ static u64 at(u64 a, u64 b)                            \
    {                                                                 \
      (void)b;                                                        \
      BODY                                                            \
    }                                                                 \
  };
#define PTX(NAME, REGS, SRC, LANES, DST, ...) ROW(REGS(NAME), SRC, LANES, DST)
#define FN(NAME, CALL, SRC, LANES, DST, ...) \
  ROW(return bits(CALL);, SRC, LANES, DST)
#include "cvt_table.h"
#undef PTX
#undef FN

template <class Row> __device__ static u64 output(u64 i)
{
  const int width = Row::dst * Row::lanes;
  bool mates = Row::lanes == 2 && !ulp_cvt_packed(Row::src, Row::lanes);
  u64 a = ulp_cvt_input(Row::src, Row::lanes, i);
  u64 b = mates ? ulp_cvt_input(Row::src, Row::lanes, i ^ 1) : 0;
  u64 out = Row::at(a, b);
  return width >= 64 ? out : out & ((UINT64_C(1) << (width & 63)) - 1);
}

/* ---- kernels ---- */

enum { threads = 256 };

/* Each CUDA block takes 2^part consecutive inputs of one digest. */
template <class Row>
__global__ void digest(unsigned long long *sums, unsigned log2_block,
                       unsigned part)
{
  u64 first = (u64)blockIdx.x << part, sum = 0;
  for (u64 j = threadIdx.x; j < UINT64_C(1) << part; j += threads)
    sum += ulp_digest_term(first + j, output<Row>(first + j));
  for (int d = 16; d > 0; d >>= 1)
    sum += __shfl_down_sync(0xffffffffu, sum, (unsigned)d);
  if ((threadIdx.x & 31) == 0)
    atomicAdd(&sums[first >> log2_block], (unsigned long long)sum);
}

/* The conversion alone: lanes in, output out. */
template <class Row>
__global__ void convert(u64 *out, const u64 *a, const u64 *b)
{
  unsigned j = blockIdx.x * threads + threadIdx.x;
  out[j] = Row::at(a[j], b[j]);
}

/* Device memory: a sum for each digest, and the samples' lanes and outputs. */
enum { max_digests = 1 << 12, max_samples = 1 << 16 };

typedef struct {
  unsigned long long *sums;
  u64 *a, *b, *out;
} buffers;

typedef void launcher(const buffers *);

template <class Row> static void launch(const buffers *m)
{
  unsigned log2 = ulp_cvt_log2(Row::src, Row::lanes);
  unsigned block = ulp_cvt_block(log2);
  unsigned part = block > 18 ? 18 : block;
  digest<Row><<<1u << (log2 - part), threads>>>(m->sums, block, part);
  CHECK(cudaGetLastError());
  convert<Row><<<max_samples / threads, threads>>>(m->out, m->a, m->b);
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
}

/* ---- records ---- */

struct entry {
  const char *name, *source, *result;
  int src, lanes, dst;
  launcher *run;
};

#define ENTRY(NAME, SRC, LANES, DST)                             \
  {NAME, #SRC, #DST, CVT_SRC_##SRC, LANES, CVT_DST_##DST, \
   launch<row<__LINE__>>},
#define PTX(NAME, REGS, SRC, LANES, DST, ...) ENTRY(NAME, SRC, LANES, DST)
#define FN(NAME, CALL, SRC, LANES, DST, ...) ENTRY(NAME, SRC, LANES, DST)
static const entry table[] = {
#include "cvt_table.h"
};

static void write_record(FILE *f, const entry *e, const cudaDeviceProp *gpu,
                         const char *kind, const void *array, size_t count,
                         size_t size)
{
  int driver = 0;
  unsigned log2 = ulp_cvt_log2(e->src, e->lanes);
  CHECK(cudaDriverGetVersion(&driver));
  fprintf(f, "ulplab-cvt 1\ninstr %s\nsource %s\nresult %s\nlanes %d\n",
          e->name, e->source, e->result, e->lanes);
  fprintf(f, "inputs %llu\narray %s %zu %zu\n", 1ull << log2, kind, count,
          size);
  fprintf(f, "gpu %s\ndriver %d\ncuda %d.%d\nnvcc %d.%d.%d\nend\n", gpu->name,
          driver, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
          __CUDACC_VER_MAJOR__, __CUDACC_VER_MINOR__, __CUDACC_VER_BUILD__);
  if (fwrite(array, size, count, f) != count) {
    fprintf(stderr, "cvt: short write\n");
    exit(1);
  }
}

static FILE *open_output(const char *name)
{
  FILE *f = fopen(name, "wb");
  if (!f) {
    perror(name);
    exit(2);
  }
  return f;
}

static const size_t word_bytes = sizeof(u64);

static void put_samples(const entry *e, const buffers *m)
{
  unsigned log2 = ulp_cvt_log2(e->src, e->lanes);
  size_t samples = (size_t)1 << ulp_cvt_samples(log2);
  std::vector<u64> a(max_samples), b(max_samples);
  for (size_t j = 0; j < samples; j++) {
    u64 i = ulp_cvt_sample(log2, j);
    a[j] = ulp_cvt_input(e->src, e->lanes, i);
    b[j] = ulp_cvt_input(e->src, e->lanes, i ^ 1);
  }
  CHECK(cudaMemcpy(m->a, a.data(), max_samples * word_bytes,
                   cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(m->b, b.data(), max_samples * word_bytes,
                   cudaMemcpyHostToDevice));
}

/* The low bytes of each word. */
static std::vector<unsigned char> packed(const std::vector<u64> &words,
                                         size_t samples, size_t bytes,
                                         int width)
{
  std::vector<unsigned char> out;
  u64 mask = width < 64 ? (UINT64_C(1) << width) - 1 : ~UINT64_C(0);
  for (size_t j = 0; j < samples; j++)
    for (size_t k = 0; k < bytes; k++)
      out.push_back((unsigned char)((words[j] & mask) >> 8 * k));
  return out;
}

static void run_row(const entry *e, const cudaDeviceProp *gpu, FILE *digests,
                    FILE *dumps, const buffers *m)
{
  unsigned log2 = ulp_cvt_log2(e->src, e->lanes);
  size_t count = (size_t)1 << (log2 - ulp_cvt_block(log2));
  size_t samples = (size_t)1 << ulp_cvt_samples(log2);
  size_t bytes = ulp_cvt_bytes(e->dst, e->lanes);
  std::vector<u64> sums(count), out(max_samples);
  put_samples(e, m);
  CHECK(cudaMemset(m->sums, 0, max_digests * word_bytes));
  CHECK(cudaMemset(m->out, 0xa5, max_samples * word_bytes));
  e->run(m);
  CHECK(cudaMemcpy(sums.data(), m->sums, count * word_bytes,
                   cudaMemcpyDeviceToHost));
  CHECK(cudaMemcpy(out.data(), m->out, max_samples * word_bytes,
                   cudaMemcpyDeviceToHost));
  write_record(digests, e, gpu, "digests", sums.data(), count, word_bytes);
  write_record(dumps, e, gpu, "outputs",
               packed(out, samples, bytes, e->dst * e->lanes).data(), samples,
               bytes);
}

int main(int argc, char **argv)
{
  cudaDeviceProp gpu;
  buffers m;
  FILE *digests, *dumps;
  int rows = 0;
  if (argc < 3 || argc > 4) {
    fprintf(stderr, "usage: cvt DIGESTS DUMP [PART-OF-A-NAME]\n");
    return 2;
  }
  CHECK(cudaGetDeviceProperties(&gpu, 0));
  CHECK(cudaMalloc((void **)&m.sums, max_digests * word_bytes));
  CHECK(cudaMalloc((void **)&m.a, max_samples * word_bytes));
  CHECK(cudaMalloc((void **)&m.b, max_samples * word_bytes));
  CHECK(cudaMalloc((void **)&m.out, max_samples * word_bytes));
  digests = open_output(argv[1]);
  dumps = open_output(argv[2]);
  for (const entry &e : table) {
    if (argc == 4 && !strstr(e.name, argv[3]))
      continue;
    run_row(&e, &gpu, digests, dumps, &m);
    rows++;
  }
  if (fclose(digests) != 0 || fclose(dumps) != 0) {
    perror("cvt");
    return 1;
  }
  printf("cvt: %d conversions on %s\n", rows, gpu.name);
  return 0;
}
