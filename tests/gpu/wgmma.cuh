/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wgmma.cuh: the body shared by the wgmma kernels, one warpgroup a tile.
 *
 * Shared memory holds the operands K-major without swizzle (PTX ISA,
 * "Asynchronous warpgroup-level matrix shared memory layout"): core matrices
 * of 8 rows by 16 bytes, 128 bytes each, ordered by rows first and then by
 * K.  So the next core matrix down the rows is 128 bytes on, and the next
 * one along K is rows * 16 bytes on.
 */
#ifndef ULPLAB_GPU_WGMMA_CUH
#define ULPLAB_GPU_WGMMA_CUH

#include "fragments.cuh"

/* Copies `rows` rows of WIDTH bytes into core matrices. */
template <int WIDTH>
__device__ inline void stage(uint8_t *shared, const uint8_t *matrix, int rows)
{
  constexpr int pieces = WIDTH / 16;
  for (int i = threadIdx.x; i < rows * pieces; i += blockDim.x) {
    const int row = i / pieces, piece = i % pieces;
    const int core = piece * (rows / 8) + row / 8;
    *(uint4 *)(shared + core * 128 + row % 8 * 16) =
        *(const uint4 *)(matrix + (size_t)row * WIDTH + piece * 16);
  }
}

/* Matrix descriptor: address, the strides along K and along the rows in
 * units of 16 bytes, and no swizzle.  There is no other reading to try: the
 * strides exchanged would reach beyond shared memory. */
__device__ inline uint64_t descriptor(const uint8_t *shared, int rows)
{
  const uint64_t address = __cvta_generic_to_shared(shared);
  const uint64_t along_k = (uint64_t)rows * 16 / 16, along_rows = 128 / 16;
  return (address & 0x3ffff) >> 4 | along_k << 16 | along_rows << 32;
}

struct WgmmaOperands {
  uint32_t a[4]; /* A's registers, if it comes from there */
  uint64_t desc_a, desc_b;
  uint32_t metadata;
  uint32_t scale_d;
};

__device__ inline void wgmma_begin()
{
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ inline void wgmma_end()
{
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/* Op::run(d, operands) issues the instruction. */
template <int N, int K, int STORED, Type A, Type C, bool REGISTERS, class Op>
__device__ inline void wgmma_tiles(const KernelArgs &args)
{
  constexpr int bits = type_info(A).bits, bytes = type_info(C).bytes;
  constexpr int width_a = STORED * bits / 8, width_b = K * bits / 8;
  constexpr int count = N / 8 * bytes;
  __shared__ alignas(128) uint8_t shared_a[64 * width_a];
  __shared__ alignas(128) uint8_t shared_b[N * width_b];
  const int row = threadIdx.x / 32 * 16;
  for (uint32_t tile = blockIdx.x; tile < args.tiles; tile += gridDim.x) {
    const uint8_t *a = args.a + (size_t)tile * (64 * width_a);
    WgmmaOperands in = {};
    stage<width_a>(shared_a, a, 64);
    stage<width_b>(shared_b, args.b + (size_t)tile * (N * width_b), N);
    /* Ordinary stores must be made visible to the tensor cores. */
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    if constexpr (REGISTERS)
      load_a<bits>(in.a, a, row, STORED);
    if constexpr (STORED != K)
      in.metadata = metadata<bits, K * (bits == 32 ? 2 : 1) / 16>(
          args.index + (size_t)tile * (64 * STORED), row, STORED,
          args.layout);
    in.desc_a = descriptor(shared_a, 64);
    in.desc_b = descriptor(shared_b, N);
    in.scale_d = (uint32_t)args.scale_d;
    uint32_t d[count];
    load_c<bytes>(d, args.c + (size_t)tile * (64 * N * bytes), row, N);
    wgmma_begin();
    Op::run(d, in);
    wgmma_end();
    store_d<bytes>(args.d + (size_t)tile * (64 * N * bytes), d, row, N);
    __syncthreads();
  }
}

/* Accumulator lists of R registers: constraints, text, and the numbers of
 * the operands that follow them. */
#define ACC_2(i) "+r"(d[i]), "+r"(d[i + 1])
#define ACC_4(i) ACC_2(i), ACC_2(i + 2)
#define ACC_8(i) ACC_4(i), ACC_4(i + 4)
#define ACC_16(i) ACC_8(i), ACC_8(i + 8)
#define ACC_32(i) ACC_16(i), ACC_16(i + 16)
#define ACC_64(i) ACC_32(i), ACC_32(i + 32)
#define ACC_128(i) ACC_64(i), ACC_64(i + 64)

#define TEN(t)                                                               \
  "%" #t "0,%" #t "1,%" #t "2,%" #t "3,%" #t "4,"                            \
  "%" #t "5,%" #t "6,%" #t "7,%" #t "8,%" #t "9,"
#define LIST_2 "{%0,%1}"
#define LIST_4 "{%0,%1,%2,%3}"
#define LIST_16 "{" TEN() "%10,%11,%12,%13,%14,%15}"
#define LIST_32 "{" TEN() TEN(1) TEN(2) "%30,%31}"
#define LIST_64 "{" TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5)                 \
  "%60,%61,%62,%63}"
#define LIST_128 "{" TEN() TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7)  \
  TEN(8) TEN(9) TEN(10) TEN(11) "%120,%121,%122,%123,%124,%125,%126,%127}"

#define AFTER_2(x) x("%2", "%3", "%4", "%5", "%6", "%7")
#define AFTER_4(x) x("%4", "%5", "%6", "%7", "%8", "%9")
#define AFTER_16(x) x("%16", "%17", "%18", "%19", "%20", "%21")
#define AFTER_32(x) x("%32", "%33", "%34", "%35", "%36", "%37")
#define AFTER_64(x) x("%64", "%65", "%66", "%67", "%68", "%69")
#define AFTER_128(x) x("%128", "%129", "%130", "%131", "%132", "%133")

/* How the sources are written, for A in shared memory, A in registers, and
 * sparse A in shared memory; `p` is the predicate made from scale-d. */
#define PREDICATE_SS(d0, d1, d2, d3, d4, d5) d2
#define PREDICATE_RS(d0, d1, d2, d3, d4, d5) d5
#define PREDICATE_SP(d0, d1, d2, d3, d4, d5) d3
#define SOURCE_SS(d0, d1, d2, d3, d4, d5) d0 ", " d1
#define SOURCE_RS(d0, d1, d2, d3, d4, d5)                                    \
  "{" d0 "," d1 "," d2 "," d3 "}, " d4
#define SOURCE_SP(d0, d1, d2, d3, d4, d5) d0 ", " d1 ", " d2 ", 0"

#define INPUT_SS "l"(in.desc_a), "l"(in.desc_b), "r"(in.scale_d)
#define INPUT_RS                                                             \
  "r"(in.a[0]), "r"(in.a[1]), "r"(in.a[2]), "r"(in.a[3]), "l"(in.desc_b),    \
      "r"(in.scale_d)
#define INPUT_SP                                                             \
  "l"(in.desc_a), "l"(in.desc_b), "r"(in.metadata), "r"(in.scale_d)

#define OPCODE_SS "wgmma.mma_async.sync.aligned"
#define OPCODE_RS "wgmma.mma_async.sync.aligned"
#define OPCODE_SP "wgmma.mma_async.sp.sync.aligned"
#define NAME_SS "wgmma"
#define NAME_RS "wgmma"
#define NAME_SP "wgmma.sp"
#define FLAGS_SS OPT_WGMMA
#define FLAGS_RS (OPT_WGMMA | OPT_A_REGISTERS)
#define FLAGS_SP (OPT_WGMMA | OPT_SPARSE)
#define STORED_SS(k) (k)
#define STORED_RS(k) (k)
#define STORED_SP(k) ((k) / 2)
#define LAYOUTS_SS 1
#define LAYOUTS_RS 1
#define LAYOUTS_SP 6
#define IN_REGISTERS_SS false
#define IN_REGISTERS_RS true
#define IN_REGISTERS_SP false

/* A row of a table: source (SS, RS, SP), suffix of the id, N, K, types D A
 * B, registers of D, text before the types, what follows scale-d in the
 * operand list, options. */
#define WG_ID(SRC, S, N, K, D, A, B)                                         \
  wgmma_##SRC##_m64n##N##k##K##_##D##_##A##_##B##S

#define WG_KERNEL(SRC, S, N, K, D, A, B, R, BEFORE, TAIL, OPTIONS)           \
  WG_KERNEL_(WG_ID(SRC, S, N, K, D, A, B), SRC, N, K, D, A, B, R, BEFORE,    \
             TAIL)
#define WG_KERNEL_(ID_, ...) WG_KERNEL__(ID_, __VA_ARGS__)
#define WG_KERNEL__(ID_, SRC, N, K, D, A, B, R, BEFORE, TAIL)                \
  struct op_##ID_ {                                                          \
    static __device__ void run(uint32_t *d, const WgmmaOperands &in)         \
    {                                                                        \
      asm volatile("{ .reg .pred p; setp.ne.b32 p, "                         \
                   AFTER_##R(PREDICATE_##SRC) ", 0; "                        \
                   OPCODE_##SRC ".m64n" #N "k" #K BEFORE "." #D "." #A       \
                   "." #B " " LIST_##R ", " AFTER_##R(SOURCE_##SRC)          \
                   ", p" TAIL "; }"                                          \
                   : ACC_##R(0)                                              \
                   : INPUT_##SRC                                             \
                   : "memory");                                              \
    }                                                                        \
  };                                                                         \
  extern "C" __global__ void __launch_bounds__(128) ID_(KernelArgs args)     \
  {                                                                          \
    wgmma_tiles<N, K, STORED_##SRC(K), T_##A, T_##D, IN_REGISTERS_##SRC,     \
                op_##ID_>(args);                                             \
  }

#define WG_ROW(SRC, S, N, K, D, A, B, R, BEFORE, TAIL, OPTIONS)              \
  WG_ROW_(WG_ID(SRC, S, N, K, D, A, B), SRC, N, K, D, A, B, OPTIONS)
#define WG_ROW_(ID_, ...) WG_ROW__(ID_, __VA_ARGS__)
#define WG_ROW__(ID_, SRC, N, K, D, A, B, OPTIONS)                           \
  {#ID_, NAME_##SRC ".m64n" #N "k" #K "." #D "." #A "." #B,                  \
   64, N, K, T_##D, T_##A, T_##B, T_##D, FLAGS_##SRC | OPTIONS,              \
   LAYOUTS_##SRC, 128, ID_},

#endif
