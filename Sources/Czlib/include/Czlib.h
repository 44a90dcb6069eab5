#ifndef CZLIB_H
#define CZLIB_H
#include <zlib.h>

/* deflateInit2 is a macro: gzip with mtime 0 and no name, so that the same bytes come out each time. */
int meterd_gzip_begin(z_stream *stream, int level);

#endif
