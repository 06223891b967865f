/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device.cuh"
#include "check.cuh"

static const size_t alignment = 256;

static size_t aligned(size_t n)
{
  return (n + alignment - 1) / alignment * alignment;
}

Sizes record_sizes(const Instruction &in, size_t tiles)
{
  const size_t m = (size_t)in.m, n = (size_t)in.n, k = (size_t)in.k;
  const size_t stored = (size_t)stored_k(in);
  const bool sparse = in.options & OPT_SPARSE;
  return {tiles * m * stored * (size_t)type_info(in.a).bytes,
          tiles * n * k * (size_t)type_info(in.b).bytes,
          sparse ? tiles * m * stored : 0,
          tiles * m * n * (size_t)type_info(in.c).bytes,
          tiles * m * n * (size_t)type_info(in.d).bytes};
}

Device::Device(size_t bytes) : capacity_(bytes)
{
  cudaDeviceProp properties;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    fprintf(stderr, "mma: no CUDA device here: skipped\n");
    exit(77); /* Automake's status of a skipped test */
  }
  CHECK(cudaSetDevice(0));
  CHECK(cudaGetDeviceProperties(&properties, 0));
  if (properties.major != 9 || properties.minor != 0) {
    fprintf(stderr, "mma: this GPU, %s, has compute capability %d.%d; skipped, "
            "the instructions need 9.0\n", properties.name, properties.major,
            properties.minor);
    exit(77);
  }
  processors_ = properties.multiProcessorCount;
  snprintf(name_, sizeof name_, "%s", properties.name);
  CHECK(cudaMalloc(&device_, bytes + 5 * alignment));
  CHECK(cudaMallocHost(&host_, bytes));
}

Device::~Device()
{
  cudaFree(device_);
  cudaFreeHost(host_);
}

Arrays Device::place(const Sizes &sizes)
{
  Arrays to;
  to.a = device_;
  to.b = to.a + aligned(sizes.a);
  to.index = to.b + aligned(sizes.b);
  to.c = to.index + aligned(sizes.index);
  to.d = to.c + aligned(sizes.c);
  return to;
}

void Device::launch(const Instruction &in, const Arrays &arrays,
                    uint32_t tiles, int layout, bool scale_d)
{
  const Sizes sizes = record_sizes(in, tiles);
  /* An element that nothing writes shows as 0xa5a5... */
  CHECK(cudaMemset(arrays.d, 0xa5, sizes.d));
  const uint32_t tiles_a_block = in.options & OPT_WGMMA ? 1 : in.threads / 32;
  const uint32_t wanted = (tiles + tiles_a_block - 1) / tiles_a_block;
  const uint32_t most = (uint32_t)processors_ * 8;
  const KernelArgs args = {arrays.a, arrays.b, arrays.index, arrays.c,
                           arrays.d, tiles, layout, scale_d ? 1 : 0};
  in.kernel<<<wanted < most ? wanted : most, in.threads>>>(args);
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
}

const uint8_t *Device::fetch(const Sizes &sizes, const Arrays &arrays)
{
  const struct {
    const uint8_t *from;
    size_t bytes;
  } parts[] = {{arrays.a, sizes.a}, {arrays.b, sizes.b},
               {arrays.index, sizes.index}, {arrays.c, sizes.c},
               {arrays.d, sizes.d}};
  uint8_t *to = host_;
  for (const auto &part : parts) {
    CHECK(cudaMemcpy(to, part.from, part.bytes, cudaMemcpyDeviceToHost));
    to += part.bytes;
  }
  return host_;
}
