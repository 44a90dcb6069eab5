#ifndef CTOMLPLUSPLUS_H
#define CTOMLPLUSPLUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a visit tells. A table or an array has a `begin`, its members, and an `end`.
typedef enum {
  CTOML_TABLE_BEGIN,
  CTOML_TABLE_END,
  CTOML_ARRAY_BEGIN,
  CTOML_ARRAY_END,
  CTOML_STRING,
  CTOML_INTEGER,
  CTOML_FLOAT,
  CTOML_BOOLEAN,
  CTOML_DATE,
  CTOML_TIME,
  CTOML_DATE_TIME,
} ctoml_kind;

/// One visit. Every pointer is valid during the call only; lengths are bytes of UTF-8.
/// Lines and columns count from 1; a column is a code point, not a byte.
typedef struct {
  ctoml_kind kind;
  /// The key in the table that is being visited; NULL for elements of arrays, for the root and for ends.
  const char *key;
  size_t key_length;
  uint32_t key_line, key_column;
  /// Where the value begins (`[header]`, `{`, `[`, the first character of a value).
  uint32_t line, column;
  /// Of a string its text, of a date `YYYY-MM-DD`.
  const char *text;
  size_t text_length;
  int64_t integer;
  double number;
  bool boolean;
} ctoml_visit;

/// Returns false to stop the visiting.
typedef bool (*ctoml_visitor)(void *context, const ctoml_visit *visit);

typedef struct {
  uint32_t line, column;
  /// UTF-8, ends with 0.
  char message[512];
} ctoml_error;

/// Parses TOML 1.0 and, when the whole of it is sound, visits every value: tables by key order, arrays in their own
/// order. Throws nothing, keeps nothing.
///
/// Nesting is limited, because toml++ parses and frees by recursion: at most 16 values inside each other, and at most
/// 64 dots between parts of words on a line (`a.b.c`), which bounds the depth of tables.
///
/// - Returns: false with `error` filled where the text is not TOML, or nested deeper than that.
bool ctoml_parse(const char *text, size_t length, ctoml_visitor visitor, void *context, ctoml_error *error);

#ifdef __cplusplus
}
#endif
#endif
