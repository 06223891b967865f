/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * blockwise.cu: an FP8 GEMM with block scales the way such kernels are
 * written for Hopper, in each way that its promotion is spelled.
 *
 * D = A B^T.  A warpgroup computes 64 x 64 of D: of every 128 of K a chain of
 * four wgmma.m64n64k32 whose first ignores the accumulator, then a promotion
 * into f32 registers, which start from +0.  K, M and N are filled up with
 * zeros.  Inputs are those of recipes.h; the output is the container of
 * gemm_record.py, with "op blockwise" and the variant as the kernel's name.
 *
 * usage: blockwise OUTPUT [--samples 256] [--note "KEY VALUE"]...
 */
#include <cstdint>
#include <cstring>
#include <cuda_bf16.h>
#include <string>
#include <vector>

#include "check.cuh"
#include "recipes.h"

enum { TILE = 64, STEP = 128, REGISTERS = 32 };

struct Problem {
  const uint8_t *a, *b;   /* [m, k], [n, k] */
  const float *sa, *sb;   /* [m, blocks]; [n or ceil(n / 128), blocks] */
  uint32_t *d;            /* [m, n], f32 bits or bf16 bits */
  int m, n, k;
  int bf16;
};

/* ---- the chain ------------------------------------------------------------ */

/* Rows row0.. of a matrix into core matrices of 8 rows by 16 bytes, those of
 * one column of cores one after another; K-major, no swizzle. */
__device__ inline void stage(uint8_t *shared, const uint8_t *matrix, int row0,
                             int rows, int k0, int columns)
{
  for (int i = threadIdx.x; i < TILE * STEP; i += blockDim.x) {
    const int row = i / STEP, k = i % STEP;
    const bool inside = row0 + row < rows && k0 + k < columns;
    shared[k / 16 * (TILE * 16) + row * 16 + k % 16] =
        inside ? matrix[(size_t)(row0 + row) * columns + k0 + k] : 0;
  }
}

__device__ inline uint64_t descriptor(const uint8_t *shared)
{
  const uint64_t address = __cvta_generic_to_shared(shared);
  return (address & 0x3ffff) >> 4 | (uint64_t)TILE << 16 |
         (uint64_t)(128 / 16) << 32;
}

#define R4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define CHAIN_LINK(A, B)                                                     \
  struct A##_##B {                                                           \
    static __device__ inline void run(float *d, uint64_t a, uint64_t b,      \
                                      int scale_d)                           \
    {                                                                        \
      asm volatile(                                                          \
          "{ .reg .pred p; setp.ne.b32 p, %34, 0; "                          \
          "wgmma.mma_async.sync.aligned.m64n64k32.f32." #A "." #B " "        \
          "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"          \
          "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,"         \
          "%30,%31}, %32, %33, p, 1, 1; }"                                   \
          : R4(0), R4(4), R4(8), R4(12), R4(16), R4(20), R4(24), R4(28)      \
          : "l"(a), "l"(b), "r"(scale_d)                                     \
          : "memory");                                                       \
    }                                                                        \
  };
CHAIN_LINK(e4m3, e4m3)
CHAIN_LINK(e4m3, e5m2)
CHAIN_LINK(e5m2, e4m3)
CHAIN_LINK(e5m2, e5m2)

template <class Link>
__device__ inline void chain(float *acc, const uint8_t *a, const uint8_t *b)
{
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
  for (int i = 0; i < STEP / 32; i++)
    Link::run(acc, descriptor(a + 2 * i * TILE * 16),
              descriptor(b + 2 * i * TILE * 16), i);
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/* ---- promotions ----------------------------------------------------------- */

/* What the source says; the compiler may contract what is not an intrinsic,
 * and the machine code says what it did. */
struct fma_product {
  static __device__ void add(float &y, float p, float sa, float sb)
  {
    y = __fmaf_rn(p, __fmul_rn(sa, sb), y);
  }
};
struct product_first {
  static __device__ void add(float &y, float p, float sa, float sb)
  {
    y += (sa * sb) * p;
  }
};
struct left_to_right {
  static __device__ void add(float &y, float p, float sa, float sb)
  {
    y += sa * sb * p;
  }
};
struct piece_first {
  static __device__ void add(float &y, float p, float sa, float sb)
  {
    y += p * sa * sb;
  }
};
/* In no order of the table: shows that the inputs tell orders apart. */
struct rounded_twice {
  static __device__ void add(float &y, float p, float sa, float sb)
  {
    y = __fadd_rn(y, __fmul_rn(__fmul_rn(sa, sb), p));
  }
};
struct plain {
  static __device__ void add(float &y, float p, float, float) { y += p; }
};

/* ---- the kernel ----------------------------------------------------------- */

__device__ inline void store(const Problem &x, int i, int j, float y)
{
  if (i < x.m && j < x.n)
    x.d[(size_t)i * x.n + j] =
        x.bf16 ? __bfloat16_as_ushort(__float2bfloat16_rn(y))
               : __float_as_uint(y);
}

/* B_ROWS: B has a scale for each row; otherwise for 128 of them. */
template <class Link, class Promotion, bool SCALED, bool B_ROWS>
__device__ inline void gemm(const Problem &x)
{
  __shared__ alignas(128) uint8_t shared_a[TILE * STEP];
  __shared__ alignas(128) uint8_t shared_b[TILE * STEP];
  const int i0 = blockIdx.y * TILE, j0 = blockIdx.x * TILE;
  const int row = i0 + threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4;
  const int col = j0 + threadIdx.x % 4 * 2;
  const int blocks = (x.k + STEP - 1) / STEP;
  float acc[REGISTERS], y[REGISTERS] = {};
  for (int block = 0; block < blocks; block++) {
    __syncthreads();
    stage(shared_a, x.a, i0, x.m, block * STEP, x.k);
    stage(shared_b, x.b, j0, x.n, block * STEP, x.k);
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    chain<Link>(acc, shared_a, shared_b);
#pragma unroll
    for (int r = 0; r < REGISTERS; r++) {
      const int i = min(row + r / 2 % 2 * 8, x.m - 1);
      const int j = min(col + r / 4 * 8 + r % 2, x.n - 1);
      float sa = 1, sb = 1;
      if constexpr (SCALED) {
        sa = x.sa[i * blocks + block];
        sb = x.sb[(B_ROWS ? j : j0 / 128) * blocks + block];
      }
      Promotion::add(y[r], acc[r], sa, sb);
    }
  }
#pragma unroll
  for (int r = 0; r < REGISTERS; r++)
    store(x, row + r / 2 % 2 * 8, col + r / 4 * 8 + r % 2, y[r]);
}

struct Kernel {
  const char *name, *variant, *a, *b, *scale;
  void (*run)(Problem);
};

#define NAME(V, S, A, B) blockwise_##V##_##S##_##A##_##B
#define KERNEL(V, S, SCALED, ROWS, A, B)                                     \
  extern "C" __global__ void __launch_bounds__(128)                          \
      NAME(V, S, A, B)(Problem x)                                            \
  {                                                                          \
    gemm<A##_##B, V, SCALED, ROWS>(x);                                       \
  }
#define ROW(V, S, SCALED, ROWS, A, B)                                        \
  {"blockwise_" #V "_" #S "_" #A "_" #B, #V, #A, #B, #S, NAME(V, S, A, B)},
#define PAIRS(X, ...)                                                        \
  X(__VA_ARGS__, e4m3, e4m3) X(__VA_ARGS__, e4m3, e5m2)                      \
  X(__VA_ARGS__, e5m2, e4m3) X(__VA_ARGS__, e5m2, e5m2)
#define SCALES(X, V)                                                         \
  PAIRS(X, V, 1x128_128x128, true, false) PAIRS(X, V, 1x128_1x128, true, true)
#define TABLE(X)                                                             \
  SCALES(X, fma_product) SCALES(X, product_first) SCALES(X, left_to_right)   \
  SCALES(X, piece_first) SCALES(X, rounded_twice)                            \
  PAIRS(X, plain, none, false, false)

TABLE(KERNEL)
static const Kernel kernels[] = {TABLE(ROW)};

/* ---- the host ------------------------------------------------------------- */

struct Shape {
  int m, n, k;
};
static const Shape shapes[] = {{64, 64, 128},  {128, 192, 512},
                               {65, 129, 400}, {33, 136, 1040},
                               {1, 576, 7168}, {200, 72, 2048}};

template <class T> static T *upload(const std::vector<T> &v)
{
  T *p;
  CHECK(cudaMalloc(&p, v.size() * sizeof(T)));
  CHECK(cudaMemcpy(p, v.data(), v.size() * sizeof(T),
                   cudaMemcpyHostToDevice));
  return p;
}

struct Case {
  int number;
  const Kernel *kernel;
  Shape shape;
  ulp_family family;
  bool bf16;
  uint64_t seed;
};

static std::vector<uint8_t> matrix(const Case &c, const char *type,
                                   int stream, int rows)
{
  const ulp_recipe_type *t = ulp_recipe_type_find(type);
  std::vector<uint8_t> v((size_t)rows * c.shape.k);
  for (size_t i = 0; i < v.size(); i++)
    v[i] = (uint8_t)ulp_recipe_code(t, c.family, c.seed, stream,
                                    i / c.shape.k, c.shape.k, i % c.shape.k);
  return v;
}

static std::vector<float> scales(const Case &c, int stream, size_t count)
{
  std::vector<float> v(count);
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = ulp_recipe_scale(c.seed, stream, i);
    memcpy(&v[i], &bits, sizeof bits);
  }
  return v;
}

/* All outputs; those that the kernel did not write are poison. */
static std::vector<uint32_t> run(const Case &c)
{
  const Shape s = c.shape;
  const size_t blocks = (size_t)(s.k + STEP - 1) / STEP;
  std::vector<uint32_t> d((size_t)s.m * s.n, 0xdeadbeef);
  uint8_t *a = upload(matrix(c, c.kernel->a, ULP_STREAM_A, s.m));
  uint8_t *b = upload(matrix(c, c.kernel->b, ULP_STREAM_B, s.n));
  float *sa = upload(scales(c, ULP_STREAM_SCALE_A, s.m * blocks));
  float *sb = upload(scales(c, ULP_STREAM_SCALE_B, s.n * blocks));
  uint32_t *out = upload(d);
  const dim3 grid((s.n + TILE - 1) / TILE, (s.m + TILE - 1) / TILE);
  busy_with = c.kernel->name;
  c.kernel->run<<<grid, 128>>>(
      Problem{a, b, sa, sb, out, s.m, s.n, s.k, c.bf16});
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaMemcpy(d.data(), out, d.size() * 4, cudaMemcpyDeviceToHost));
  for (void *p : {(void *)a, (void *)b, (void *)sa, (void *)sb, (void *)out})
    CHECK(cudaFree(p));
  return d;
}

static void write(FILE *f, const Case &c, const std::string &notes,
                  size_t samples, const std::vector<uint32_t> &d)
{
  uint64_t digest = 0;
  for (size_t i = 0; i < d.size(); i++)
    digest += ulp_digest_term(i, d[i]);
  const bool all = d.size() <= samples;
  fprintf(f,
          "ulplab-gemm 1\ncase %d\nop blockwise\ntypes %s %s %s\n"
          "shape %d %d %d\nfamily %s\nseed %llu\nscale %s\n"
          "outputs %s %zu\ndigest %016llx\nkernel %s\n%send\n",
          c.number, c.kernel->a, c.kernel->b, c.bf16 ? "bf16" : "f32",
          c.shape.m, c.shape.n, c.shape.k, ulp_family_names[c.family],
          (unsigned long long)c.seed, c.kernel->scale,
          all ? "all" : "sampled", all ? d.size() : samples,
          (unsigned long long)digest, c.kernel->variant, notes.c_str());
  for (size_t j = 0; j < (all ? d.size() : samples); j++) {
    const uint32_t bits = d[all ? j : ulp_recipe_position(c.seed, j, d.size())];
    fwrite(&bits, c.bf16 ? 2 : 4, 1, f);
  }
}

/* Every kernel, every shape; families and the type of D in turn. */
static int capture(FILE *f, const std::string &notes, size_t samples)
{
  int number = 0, differ = 0;
  for (const Kernel &kernel : kernels)
    for (const Shape &shape : shapes) {
      const ulp_family family = (ulp_family)((number + number / 30) % 5);
      const Case c = {++number, &kernel, shape, family, number % 4 == 0,
                      (uint64_t)(7000 + number)};
      const std::vector<uint32_t> d = run(c);
      differ += run(c) != d;
      write(f, c, notes, samples, d);
    }
  fprintf(stderr, "blockwise: %d cases, %d differ when run again\n", number,
          differ);
  return differ;
}

int main(int argc, char **argv)
{
  std::string notes;
  size_t samples = 256;
  cudaDeviceProp device;
  for (int i = 2; i + 1 < argc; i += 2)
    if (strcmp(argv[i], "--note") == 0)
      notes += std::string(argv[i + 1]) + "\n";
    else if (strcmp(argv[i], "--samples") == 0)
      samples = strtoul(argv[i + 1], NULL, 10);
    else
      argc = 0;
  if (argc < 2 || argc % 2 || samples == 0) {
    fprintf(stderr, "usage: blockwise OUTPUT [--samples 256]"
                    " [--note \"KEY VALUE\"]...\n");
    return 2;
  }
  CHECK(cudaGetDeviceProperties(&device, 0));
  notes = "gpu " + std::string(device.name) + "\n" + notes;
  FILE *f = fopen(argv[1], "wb");
  const int differ = f ? capture(f, notes, samples) : 1;
  if (!f || ferror(f) || fclose(f) != 0) {
    fprintf(stderr, "blockwise: cannot write %s\n", argv[1]);
    return 1;
  }
  return differ != 0;
}
