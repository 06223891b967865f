/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * device.cuh: device and pinned memory for one record at a time.
 */
#ifndef ULPLAB_GPU_DEVICE_CUH
#define ULPLAB_GPU_DEVICE_CUH

#include "inputs.cuh"

#include <cstddef>

/* Bytes of each array of a record, in the order of the file. */
struct Sizes {
  size_t a, b, index, c, d;
  size_t total() const { return a + b + index + c + d; }
};

Sizes record_sizes(const Instruction &in, size_t tiles);

class Device {
public:
  explicit Device(size_t bytes); /* of the largest record */
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /* Lays the arrays of a record out; they are valid until the next call. */
  Arrays place(const Sizes &sizes);
  /* Poisons D and runs the instruction over the placed arrays. */
  void launch(const Instruction &in, const Arrays &arrays, uint32_t tiles,
              int layout, bool scale_d);
  /* The arrays in the file's order, without gaps, in host memory. */
  const uint8_t *fetch(const Sizes &sizes, const Arrays &arrays);

  size_t capacity() const { return capacity_; }
  const char *name() const { return name_; }

private:
  size_t capacity_;
  uint8_t *device_, *host_;
  int processors_;
  char name_[256];
};

#endif
