/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c: the program `ulplab`: a table of subcommands.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "isa.h"

typedef struct {
  const char *name, *help;
  int (*run)(int argc, char **argv);
} subcommand;

static const subcommand table[] = {
    {"formats", "the number formats, one row each", cli_formats},
    {"codes", "every code of a format and its value", cli_codes},
    {"write", "an array of the numbers you type", cli_write},
    {"show", "the elements of an array: codes and values", cli_show},
    {"quantize", "an array to the codes of a format", cli_quantize},
    {"dequantize", "codes back to values", cli_dequantize},
    {"quantizers", "the quantizers of standards and implementations",
     cli_quantizers},
    {"calibrate", "static scales from batches of arrays", cli_calibrate},
    {"pack", "codes in the order in which they are shipped", cli_pack},
    {"unpack", "packed codes back to one a byte", cli_unpack},
    {"compare", "two arrays bit by bit: differences in ulps", cli_compare},
    {"measure", "what formats do to your tensors: SNR, clipping, bias",
     cli_measure},
    {"gpus", "the GPUs' matrix instructions and how each is known", cli_gpus},
    {"mma", "a GPU's matrix instruction on arrays of tiles", cli_mma},
    {"gemm", "a matrix product in the order of a named kernel", cli_gemm},
    {"identify", "which kernel's order made these bits", cli_identify},
    {"trace", "one dot product of an instruction, step by step", cli_trace},
    {"model", "a Llama's logits and greedy continuation of tokens", cli_model},
    {"plans", "the numerics plans for `model`, and the text of one", cli_plans},
    {"tokenize", "a model's tokens of a text, and back", cli_tokenize},
    {"list", "the experiments", cli_list},
    {"run", "run an experiment", cli_run},
    {"merge", "the shards of runs to the outputs of whole runs", cli_merge},
    {"report", "a page with pictures from an experiment's results", cli_report},
    {"bench", "throughput, with the machine's own ceilings beside it",
     cli_bench},
};
enum { COUNT = sizeof table / sizeof *table };

static const char *name_of(size_t i)
{
  return i < COUNT ? table[i].name : NULL;
}

const char *cli_subcommand_help(const char *name)
{
  for (size_t i = 0; i < COUNT; i++)
    if (!strcmp(name, table[i].name)) return table[i].help;
  return "";
}

static int help(void)
{
  ulp_error e;
  ulp_output *out;
  if (ulp_output_open(&out, NULL, &e) != ULP_OK) return cli_fail("", &e);
  ulp_output_printf(out, "Usage: ulplab SUBCOMMAND [OPTION]...\n"
                         "What a number becomes in a low-precision format.\n\n"
                         "Subcommands:\n");
  for (size_t i = 0; i < COUNT; i++)
    ulp_output_printf(out, "  %-11s %s\n", table[i].name, table[i].help);
  ulp_output_printf(out,
                    "\n'ulplab SUBCOMMAND --help' describes its options.\n"
                    "Exit status: 0 done; 1 compared and different; 2 usage "
                    "or input error.\n");
  return ulp_output_commit(out, &e) == ULP_OK ? CLI_DONE : cli_fail("", &e);
}

/* Leaves no half-written file behind, then dies of the signal. */
static void on_signal(int number)
{
  ulp_output_unlink_pending();
  signal(number, SIG_DFL);
  raise(number);
}

static void catch_signals(void)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction old, action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    /* A parent that ignores a signal (nohup) means it. */
    if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
  }
}

static const char *option_of(size_t i)
{
  static const char *const names[] = {"--help", "--version", "--man"};
  return i < 3 ? names[i] : NULL;
}

static int unknown(const char *word)
{
  ulp_error e;
  if (*word == '-')
    cli_unknown(&e, "option", word, option_of);
  else
    cli_unknown(&e, "subcommand", word, name_of);
  return cli_fail("", &e);
}

int main(int argc, char **argv)
{
  catch_signals();
  if (argc < 2)
    return cli_failf("", "a subcommand is expected; 'ulplab --help' lists "
                         "them");
  const char *word = argv[1];
  if (!strcmp(word, "--version")) return cli_print_version("");
  if (!strcmp(word, "--help") || !strcmp(word, "help") || !strcmp(word, "-h"))
    return help();
  if (!strcmp(word, "--man")) return cli_print_main_man(name_of);
  char why[160];
  if (ulp_isa_check(why, sizeof why) != ULP_OK) return cli_failf("", "%s", why);
  for (size_t i = 0; i < COUNT; i++)
    if (!strcmp(word, table[i].name)) return table[i].run(argc - 1, argv + 1);
  return unknown(word);
}
