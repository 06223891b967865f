/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record.cuh"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <unistd.h>

bool read_sass(const char *path, Provenance *provenance)
{
  std::ifstream in(path);
  std::string line;
  if (!in) {
    fprintf(stderr, "mma: %s: cannot be read\n", path);
    return false;
  }
  while (std::getline(in, line)) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      fprintf(stderr, "mma: %s: expected 'symbol<TAB>opcode', found '%s'\n",
              path, line.c_str());
      return false;
    }
    provenance->sass[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return true;
}

static void write_options(std::ostream &out, const Instruction &in,
                          bool scale_d)
{
  static const struct {
    unsigned flag;
    const char *line;
  } options[] = {
      {OPT_SATFINITE, "option satfinite 1\n"},
      {OPT_SPARSE, "option sparse 1\n"},
      {OPT_NEG_A, "option neg_a 1\n"},
      {OPT_NEG_B, "option neg_b 1\n"},
      {OPT_A_REGISTERS, "option a_registers 1\n"},
  };
  for (const auto &option : options)
    if (in.options & option.flag)
      out << option.line;
  if (!scale_d)
    out << "option scale_d 0\n";
}

std::string record_header(const Instruction &in, const Family &family,
                          size_t tiles, bool scale_d, uint64_t seed,
                          const Provenance &provenance)
{
  std::ostringstream out;
  out << "ulplab-vectors 1\ninstr " << in.name << "\nfamily " << family.name
      << "\ntiles " << tiles << "\nshape " << in.m << ' ' << in.n << ' '
      << in.k << "\ntypes " << type_info(in.a).name << ' '
      << type_info(in.b).name << ' ' << type_info(in.c).name << ' '
      << type_info(in.d).name << '\n';
  write_options(out, in, scale_d);
  out << "seed " << seed << '\n';
  for (const std::string &note : provenance.notes)
    out << note << '\n';
  const auto sass = provenance.sass.find(in.id);
  if (sass != provenance.sass.end())
    out << "sass " << sass->second << '\n';
  out << "end\n";
  return out.str();
}

bool write_all(int fd, const void *bytes, size_t count)
{
  const char *p = static_cast<const char *>(bytes);
  while (count > 0) {
    /* Linux moves at most 2^31 - 4096 bytes a call. */
    const ssize_t n = write(fd, p, count < 1u << 30 ? count : 1u << 30);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      perror("mma: writing vectors");
      return false;
    }
    p += n;
    count -= (size_t)n;
  }
  return true;
}
