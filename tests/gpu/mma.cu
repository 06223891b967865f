/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mma.cu: runs every matrix instruction of Hopper on designed inputs and
 * writes the vectors.
 *
 * usage: mma --out FILE|- [--tiles N | --outputs N] [--record-bytes N]
 *            [--seed S] [--instr TEXT] [--family NAME] [--sass FILE]
 *            [--note "KEY VALUE"]... [--keep-going] [--verbose]
 *        mma --list | --check
 * --tiles is of each record; --outputs, of each instruction over all its
 * families; --record-bytes leaves out what would make a record larger.
 * With --keep-going or --check an instruction that fails, even so that the
 * context is lost, does not stop the others.
 * Exit 0 when all was recorded, 1 when an instruction failed, 2 for bad
 * arguments, 77 where there is no Hopper GPU.
 */
#include "check.cuh"
#include "options.cuh"
#include "selfcheck.cuh"
#include "workers.cuh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

/* The largest record written in one piece; longer ones become several. */
static const size_t piece_bytes = 256u << 20;

static std::vector<const Instruction *> chosen(const Options &o)
{
  const InstructionTable tables[] = {
      mma_sync_table, mma_quad_table, mma_f64_table, mma_sp_table,
      wgmma_table, wgmma_fp8_table, wgmma_int_table, wgmma_sp_table};
  std::vector<const Instruction *> found;
  for (const InstructionTable &table : tables)
    for (int i = 0; i < table.count; i++)
      if (strstr(table.rows[i].id, o.instr) ||
          strstr(table.rows[i].name, o.instr))
        found.push_back(&table.rows[i]);
  return found;
}

/* A family with C in the sum or, for wgmma, without. */
struct Run {
  const Family *family;
  bool scale_d;
};

static std::vector<Run> runs_of(const Instruction &in, const Options &o)
{
  std::vector<Run> runs;
  for (int i = 0; i < family_count; i++) {
    const Family &family = families[i];
    if (!family_suits(family, in) ||
        (o.family && strcmp(o.family, family.name) != 0))
      continue;
    runs.push_back({&family, true});
    if ((in.options & OPT_WGMMA) && (family.suits & FOR_NO_C))
      runs.push_back({&family, false});
  }
  return runs;
}

static long tiles_of(const Instruction &in, const Run &run, size_t runs,
                     const Options &o)
{
  long tiles = o.tiles;
  if (o.outputs) {
    /* The pairs may be fewer than their share, so they are not counted. */
    const long counted = (long)runs > 2 ? (long)runs - 2 : (long)runs;
    const long a_tile = counted * in.m * in.n;
    tiles = (o.outputs + a_tile - 1) / a_tile;
  }
  const long a_tile = (long)record_sizes(in, 1).total();
  if (o.record_bytes && tiles > o.record_bytes / a_tile)
    tiles = o.record_bytes / a_tile;
  const long limit = family_limit(*run.family, in);
  return limit && tiles > limit ? limit : tiles;
}

/* One record, or several where it is longer than a piece. */
static bool write_run(Device &device, const Instruction &in, const Run &run,
                      int layout, long tiles, int fd, const Options &o,
                      Totals *totals)
{
  const size_t a_tile = record_sizes(in, 1).total();
  const long piece = (long)(device.capacity() / a_tile);
  Draw draw = make_draw(in, *run.family, run.scale_d, o.seed);
  for (long first = 0; first < tiles; first += piece) {
    const long count = tiles - first < piece ? tiles - first : piece;
    const Sizes sizes = record_sizes(in, (size_t)count);
    const Arrays arrays = device.place(sizes);
    draw.first_tile = first;
    draw_inputs(draw, arrays, (uint32_t)count);
    device.launch(in, arrays, (uint32_t)count, layout, run.scale_d);
    const std::string header =
        record_header(in, *run.family, (size_t)count, run.scale_d, o.seed,
                      o.provenance);
    if (!write_all(fd, header.data(), header.size()) ||
        !write_all(fd, device.fetch(sizes, arrays), sizes.total()))
      return false;
    totals->records++;
    totals->bytes += header.size() + sizes.total();
    totals->outputs += (uint64_t)count * (uint64_t)(in.m * in.n);
  }
  return true;
}

static bool write_instruction(Device &device, const Instruction &in,
                              int layout, int fd, const Options &o,
                              Totals *totals)
{
  const std::vector<Run> runs = runs_of(in, o);
  const uint64_t before = totals->outputs;
  for (const Run &run : runs) {
    const long tiles = tiles_of(in, run, runs.size(), o);
    if (!write_run(device, in, run, layout, tiles, fd, o, totals))
      return false;
  }
  const uint64_t outputs = totals->outputs - before;
  totals->least = outputs < totals->least ? outputs : totals->least;
  totals->instructions += outputs > 0;
  if (o.verbose)
    fprintf(stderr, "mma: %s: layout %d, %llu outputs\n", in.id, layout,
            (unsigned long long)outputs);
  return true;
}

static int open_output(const Options &o)
{
  if (o.check)
    return -1;
  if (strcmp(o.out, "-") != 0) {
    const int fd = open(o.out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) {
      fprintf(stderr, "mma: %s: %s\n", o.out, strerror(errno));
      exit(2);
    }
    return fd;
  }
#ifdef F_SETPIPE_SZ
  (void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20); /* fails on files */
#endif
  return STDOUT_FILENO;
}

/* Symbol, name, bytes and outputs of a tile, records. */
static int list(const std::vector<const Instruction *> &instructions,
                const Options &o)
{
  for (const Instruction *in : instructions)
    printf("%s\t%s\t%zu\t%d\t%zu\n", in->id, in->name,
           record_sizes(*in, 1).total(), in->m * in->n,
           runs_of(*in, o).size());
  return 0;
}

/* Checks an instruction and records it. */
static bool run_one(Device &device, const Options &o, int fd,
                    const Instruction &in, Totals *totals)
{
  busy_with = in.id;
  const int layout = find_layout(device, in);
  if (layout != 0)
    fprintf(stderr, "mma: %s: ", in.id);
  if (layout > 0)
    fprintf(stderr, "layout %d was right, not the first\n", layout);
  if (layout >= 0)
    return o.check ||
           write_instruction(device, in, layout, fd, o, totals);
  fprintf(stderr, "SELF-CHECK FAILED, nothing recorded\n");
  totals->failed++;
  return o.keep_going || o.check;
}

struct Recording : Work {
  Options &o;
  const int fd;
  const std::vector<const Instruction *> &all;
  std::unique_ptr<Device> device;

  Recording(Options &options, int file,
            const std::vector<const Instruction *> &instructions)
      : o(options), fd(file), all(instructions)
  {
  }

  bool start() override
  {
    device = std::make_unique<Device>(piece_bytes);
    std::vector<std::string> &notes = o.provenance.notes;
    notes.insert(notes.begin(), std::string("gpu ") + device->name());
    return true;
  }

  bool run(size_t i, Totals *totals) override
  {
    return run_one(*device, o, fd, *all[i], totals);
  }
};

static void report(const Totals &t, size_t chosen)
{
  fprintf(stderr, "mma: %zu instructions, %ld failed the self-check, %ld "
          "recorded, %ld records, %llu outputs (least of an instruction "
          "%llu), %llu bytes\n", chosen, t.failed, t.instructions, t.records,
          (unsigned long long)t.outputs,
          (unsigned long long)(t.least == UINT64_MAX ? 0 : t.least),
          (unsigned long long)t.bytes);
}

static int run(Options o, const std::vector<const Instruction *> &all)
{
  const int fd = open_output(o);
  Totals totals = {0, 0, 0, 0, 0, UINT64_MAX};
  Recording recording(o, fd, all);
  int status =
      run_workers(recording, all.size(), fd, o.keep_going || o.check, &totals);
  if (fd >= 0 && fd != STDOUT_FILENO && close(fd) != 0) {
    perror("mma: closing vectors");
    status = 1;
  }
  if (status != 0) {
    struct stat file; /* half a record is worse than none */
    if (o.out && stat(o.out, &file) == 0 && S_ISREG(file.st_mode))
      unlink(o.out);
    return status;
  }
  report(totals, all.size());
  return totals.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
  Options o;
  signal(SIGPIPE, SIG_IGN); /* write then reports it */
  if (const int status = read_options(&o, argc, argv))
    return status;
  const std::vector<const Instruction *> all = chosen(o);
  if (all.empty())
    return usage("no instruction has that text in its name");
  return o.list ? list(all, o) : run(o, all);
}
