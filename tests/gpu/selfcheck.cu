/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "selfcheck.cuh"
#include "check.cuh"

#include <vector>

enum { CHECKED_TILES = 4 };

struct Case {
  std::vector<uint8_t> a, b, index, c;
  std::vector<double> expected[2]; /* without C, with C */
};

static int small(uint64_t seed, uint64_t i, Type t)
{
  const TypeInfo f = type_info(t);
  const int word = (int)(ulp_word(seed, 0, i) >> 40);
  if (t == T_b1)
    return word % 2;
  return f.sign ? word % 5 - 2 : word % 3;
}

/* Ascending positions in the group of four (tf32: of two) of element i. */
static int stored_position(const Instruction &in, uint64_t row, int i)
{
  static const uint8_t choices[6][2] = {{0, 1}, {0, 2}, {0, 3},
                                        {1, 2}, {1, 3}, {2, 3}};
  if (in.a == T_tf32)
    return 2 * i + (int)(ulp_word(3, row, (uint64_t)i) >> 63);
  const int group = i / 2;
  const int choice = (int)(ulp_word(3, row, (uint64_t)group) % 6);
  return 4 * group + choices[choice][i % 2];
}

static double product(const Instruction &in, int x, int y)
{
  if (in.options & OPT_XOR)
    return x ^ y;
  const bool negative = ((in.options & OPT_NEG_A) != 0) !=
                        ((in.options & OPT_NEG_B) != 0);
  return negative ? -x * y : x * y;
}

static Case make_case(const Instruction &in)
{
  const Sizes sizes = record_sizes(in, CHECKED_TILES);
  const uint64_t rows = CHECKED_TILES * (uint64_t)in.m;
  const uint64_t columns = CHECKED_TILES * (uint64_t)in.n;
  const int stored = stored_k(in);
  const bool sparse = in.options & OPT_SPARSE;
  Case t;
  t.a.resize(sizes.a), t.b.resize(sizes.b), t.index.resize(sizes.index);
  t.c.resize(sizes.c);
  for (uint64_t i = 0; i < columns * (uint64_t)in.k; i++)
    store_code(in.b, t.b.data(), i, encode(in.b, small(2, i, in.b)));
  for (uint64_t row = 0; row < rows; row++) {
    for (int i = 0; i < stored; i++) {
      const uint64_t at = row * (uint64_t)stored + (uint64_t)i;
      store_code(in.a, t.a.data(), at, encode(in.a, small(1, at, in.a)));
      if (sparse)
        t.index[at] = (uint8_t)stored_position(in, row, i);
    }
    for (int column = 0; column < in.n; column++) {
      const uint64_t other = row / in.m * in.n + column;
      const uint64_t output = row * (uint64_t)in.n + (uint64_t)column;
      const int c = small(4, output, T_s32);
      double sum = 0;
      for (int i = 0; i < stored; i++) {
        const uint64_t at = row * (uint64_t)stored + (uint64_t)i;
        const int k = sparse ? t.index[at] : i;
        sum += product(in, small(1, at, in.a),
                       small(2, other * in.k + k, in.b));
      }
      store_code(in.c, t.c.data(), output, encode(in.c, c));
      t.expected[0].push_back(sum);
      t.expected[1].push_back(sum + c);
    }
  }
  return t;
}

static size_t count_wrong(const Instruction &in, const uint8_t *d,
                          const std::vector<double> &expected)
{
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); i++) {
    const uint64_t code = load_code(in.d, d, i);
    if (!is_finite_code(in.d, code) || decode(in.d, code) != expected[i])
      wrong++;
  }
  return wrong;
}

static void upload(uint8_t *to, const std::vector<uint8_t> &from)
{
  CHECK(cudaMemcpy(to, from.data(), from.size(), cudaMemcpyHostToDevice));
}

int find_layout(Device &device, const Instruction &in)
{
  const Case t = make_case(in);
  const Sizes sizes = record_sizes(in, CHECKED_TILES);
  const size_t d_offset = sizes.total() - sizes.d;
  const bool wgmma = in.options & OPT_WGMMA;
  const Arrays arrays = device.place(sizes);
  upload(arrays.a, t.a), upload(arrays.b, t.b);
  upload(arrays.index, t.index), upload(arrays.c, t.c);
  size_t wrong[2] = {0, 0};
  for (int layout = 0; layout < in.layouts; layout++) {
    wrong[0] = 0;
    for (int scale_d = wgmma ? 0 : 1; scale_d < 2; scale_d++) {
      device.launch(in, arrays, CHECKED_TILES, layout, scale_d != 0);
      const uint8_t *d = device.fetch(sizes, arrays) + d_offset;
      wrong[scale_d] = count_wrong(in, d, t.expected[scale_d]);
    }
    if (wrong[0] + wrong[1] == 0)
      return layout;
    fprintf(stderr, "mma: %s: layout %d: %zu and %zu of %zu small-integer "
            "outputs are wrong (without C, with C)\n", in.id, layout,
            wrong[0], wrong[1], t.expected[0].size());
  }
  return -1;
}
