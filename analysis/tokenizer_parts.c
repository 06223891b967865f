/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tokenizer.json: normalizer, pre_tokenizer, decoder and post_processor.  Each
 * is null, an object with a type, or a Sequence of such.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_internal.h"

static const char *type_of(const json_t *o)
{
  const char *type = json_string_value(json_object_get(o, "type"));
  return type ? type : "is missing";
}

static ulp_status unknown_type(const ulp_tokenizer_reader *r, const char *part,
                               const json_t *o, const char *expected)
{
  return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.type: %.60s: expected %s",
                       r->t->path, part, type_of(o), expected);
}

typedef ulp_status reader(const ulp_tokenizer_reader *r, const json_t *o);

/* Calls `one` for each part of root[part]; a Sequence has them in `list`. */
static ulp_status for_each(const ulp_tokenizer_reader *r, const json_t *o,
                           const char *part, const char *list, reader *one)
{
  size_t i;
  json_t *v;
  ulp_status s = ULP_OK;
  if (!o || json_is_null(o))
    return ULP_OK;
  if (!json_is_object(o))
    return ulp_refuse_key(r, part, "an object or null");
  if (strcmp(type_of(o), "Sequence") != 0)
    return one(r, o);
  const json_t *all = json_object_get(o, list);
  if (!json_is_array(all))
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: %s.%s: expected an array",
                         r->t->path, part, list);
  json_array_foreach(all, i, v) {
    /* A Sequence in a Sequence is the same as its parts. */
    s = for_each(r, v, part, list, one);
    if (s != ULP_OK)
      break;
  }
  return s;
}

/* ---- normalizer --------------------------------------------------------- */

static ulp_status read_form(const ulp_tokenizer_reader *r, const json_t *o)
{
  const struct {
    const char *name;
    uninorm_t form;
  } forms[] = {{"NFC", UNINORM_NFC}, {"NFD", UNINORM_NFD},
               {"NFKC", UNINORM_NFKC}, {"NFKD", UNINORM_NFKD}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (strcmp(type_of(o), forms[i].name) == 0) {
      if (r->t->forms == ULP_NORMAL_FORMS)
        return ulp_refuse_key(r, "normalizer", "fewer forms");
      r->t->form[r->t->forms++] = forms[i].form;
      return ULP_OK;
    }
  return unknown_type(r, "normalizer", o, "NFC, NFD, NFKC or NFKD");
}

ulp_status ulp_read_normalizer(const ulp_tokenizer_reader *r,
                               const json_t *root)
{
  return for_each(r, json_object_get(root, "normalizer"), "normalizer",
                  "normalizers", read_form);
}

/* ---- pre_tokenizer ------------------------------------------------------ */

static const char part_name[] = "pre_tokenizer";

static ulp_status add_split(const ulp_tokenizer_reader *r, const char *pattern,
                            size_t n, bool literal, ulp_split split)
{
  ulp_tokenizer *t = r->t;
  char why[160];
  ulp_split *more = realloc(t->split, ((size_t)t->splits + 1) * sizeof *more);
  if (!more)
    return ulp_read_no_memory(r);
  t->split = more;
  bool good = literal
                  ? ulp_pattern_literal(&split.code, pattern, n, why, sizeof why)
                  : ulp_pattern_compile(&split.code, pattern, n, why,
                                        sizeof why);
  if (!good)
    return ulp_error_set(r->e, ULP_EFORMAT, "%s: pre_tokenizer.pattern: %s",
                         t->path, why);
  t->split[t->splits++] = split;
  return ULP_OK;
}

static ulp_status read_split(const ulp_tokenizer_reader *r, const json_t *o)
{
  static const char *const names[] = {"Isolated", "Removed", "Contiguous",
                                      "MergedWithPrevious", "MergedWithNext"};
  const json_t *pattern = json_object_get(o, "pattern");
  const json_t *regex = json_object_get(pattern, "Regex");
  const json_t *text = regex ? regex : json_object_get(pattern, "String");
  const char *behavior = json_string_value(json_object_get(o, "behavior"));
  ulp_split split = {0};
  int i = 0;
  while (i < 5 && !(behavior && strcmp(behavior, names[i]) == 0))
    i++;
  if (i == 5)
    return ulp_refuse_key(r, "pre_tokenizer.behavior", "Isolated, Removed, "
                          "Contiguous, MergedWithPrevious or MergedWithNext");
  split.behavior = (ulp_split_behavior)i;
  if (!json_is_string(text))
    return ulp_refuse_key(r, "pre_tokenizer.pattern", "a String or a Regex");
  ulp_status s = ulp_read_flag(r, o, part_name, "invert", false, &split.invert);
  return s == ULP_OK ? add_split(r, json_string_value(text),
                                 json_string_length(text), !regex, split)
                     : s;
}

/* char::is_numeric of Rust is Nd, Nl and No. */
static ulp_status read_digits(const ulp_tokenizer_reader *r, const json_t *o)
{
  bool individual;
  ulp_status s = ulp_read_flag(r, o, part_name, "individual_digits", false,
                               &individual);
  const ulp_split split = {.behavior = individual ? ULP_SPLIT_ISOLATED
                                                  : ULP_SPLIT_CONTIGUOUS};
  return s == ULP_OK ? add_split(r, "\\p{N}", 5, false, split) : s;
}

/* GPT-2's pattern (openai/gpt-2, src/encoder.py): contractions, letters,
 * numbers and the rest, each with a space before it, and white space, of which
 * the last stays with the word that follows. */
static const char gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|"
                           " ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static ulp_status read_byte_level(const ulp_tokenizer_reader *r,
                                  const json_t *o)
{
  ulp_tokenizer *t = r->t;
  bool pattern;
  const ulp_split split = {.behavior = ULP_SPLIT_ISOLATED};
  ulp_status s = ulp_read_flag(r, o, part_name, "add_prefix_space", true,
                               &t->prefix_space);
  t->prefix_from = t->splits;
  if (s == ULP_OK)
    s = ulp_read_flag(r, o, part_name, "use_regex", true, &pattern);
  return s == ULP_OK && pattern
             ? add_split(r, gpt2, sizeof gpt2 - 1, false, split) : s;
}

static ulp_status read_pre_tokenizer(const ulp_tokenizer_reader *r,
                                     const json_t *o)
{
  const char *type = type_of(o);
  if (r->t->prefix_from >= 0)
    return ulp_refuse_key(r, part_name, "nothing after ByteLevel");
  if (strcmp(type, "Split") == 0)
    return read_split(r, o);
  if (strcmp(type, "Digits") == 0)
    return read_digits(r, o);
  if (strcmp(type, "ByteLevel") == 0)
    return read_byte_level(r, o);
  return unknown_type(r, part_name, o, "Split, Digits or ByteLevel");
}

ulp_status ulp_read_splits(const ulp_tokenizer_reader *r, const json_t *root)
{
  r->t->prefix_from = -1;
  ulp_status s = for_each(r, json_object_get(root, part_name), part_name,
                          "pretokenizers", read_pre_tokenizer);
  if (s == ULP_OK && r->t->prefix_from < 0)
    s = ulp_refuse_key(r, part_name, "a ByteLevel");
  return s;
}

/* ---- decoder ------------------------------------------------------------ */

static ulp_status read_decoder(const ulp_tokenizer_reader *r, const json_t *o)
{
  return strcmp(type_of(o), "ByteLevel") == 0
             ? ULP_OK : unknown_type(r, "decoder", o, "ByteLevel");
}

ulp_status ulp_read_decoder(const ulp_tokenizer_reader *r, const json_t *root)
{
  const json_t *o = json_object_get(root, "decoder");
  if (!json_is_object(o))
    return ulp_refuse_key(r, "decoder", "a ByteLevel");
  return for_each(r, o, "decoder", "decoders", read_decoder);
}

/* ---- post_processor ----------------------------------------------------- */

static ulp_status add_special(const ulp_tokenizer_reader *r, const json_t *ids,
                              bool after)
{
  ulp_tokenizer *t = r->t;
  int32_t *list = after ? t->after : t->before;
  int *count = after ? &t->after_count : &t->before_count;
  size_t i;
  json_t *v;
  if (!json_is_array(ids))
    return ulp_refuse_key(r, "post_processor.special_tokens", "ids for each "
                          "special token of post_processor.single");
  json_array_foreach(ids, i, v) {
    int32_t token = ulp_read_token(v);
    if (token < 0 || token >= t->vocabulary || !t->text[token].at)
      return ulp_refuse_key(r, "post_processor.special_tokens", "ids that are "
                            "tokens");
    if (*count == ULP_TEMPLATE_MOST)
      return ulp_refuse_key(r, "post_processor.single", "fewer tokens");
    list[(*count)++] = token;
  }
  return ULP_OK;
}

static ulp_status read_template(const ulp_tokenizer_reader *r, const json_t *o)
{
  const json_t *tokens = json_object_get(o, "special_tokens");
  bool seen = false;
  size_t i;
  json_t *v;
  ulp_status s = ULP_OK;
  json_array_foreach(json_object_get(o, "single"), i, v) {
    const json_t *special = json_object_get(v, "SpecialToken");
    const json_t *text = json_object_get(v, "Sequence");
    const char *id = json_string_value(json_object_get(special ? special : text,
                                                       "id"));
    if (special && id)
      s = add_special(r, json_object_get(json_object_get(tokens, id), "ids"),
                      seen);
    else if (text && id && strcmp(id, "A") == 0 && !seen)
      seen = true;
    else
      s = ulp_refuse_key(r, "post_processor.single", "special tokens and one "
                         "Sequence A");
    if (s != ULP_OK)
      return s;
  }
  return seen ? ULP_OK
              : ulp_refuse_key(r, "post_processor.single", "a Sequence A");
}

static ulp_status read_post_processor(const ulp_tokenizer_reader *r,
                                      const json_t *o)
{
  if (strcmp(type_of(o), "ByteLevel") == 0) /* trims offsets: no matter */
    return ULP_OK;
  if (strcmp(type_of(o), "TemplateProcessing") != 0)
    return unknown_type(r, "post_processor", o, "ByteLevel or "
                        "TemplateProcessing");
  if (r->t->before_count + r->t->after_count > 0)
    return ulp_refuse_key(r, "post_processor", "one TemplateProcessing");
  return read_template(r, o);
}

ulp_status ulp_read_template(const ulp_tokenizer_reader *r, const json_t *root)
{
  return for_each(r, json_object_get(root, "post_processor"), "post_processor",
                  "processors", read_post_processor);
}
