#!/usr/bin/env python3
"""Reads and checks archives of meterd without meterd.

    read_archive.py list FILE.mseg                              what a sealed file holds
    read_archive.py rows FILE.mseg [--source NAME] [--csv]      every row of it, as JSON lines or CSV
    read_archive.py verify ARCHIVE [--public-key KEY.pem ...]   the whole archive, or one FILE.mseg

Written from SEGMENTS.md, COLUMNS.md, PROOF.md and ARCHIVE-FORMAT.md alone. Needs Python 3.11, the package `zstandard`, and for
signatures the program `openssl` (3 or later). Nothing in a file is trusted; nothing is written.

JSON lines and CSV have the same fields. Times are milliseconds since 1970-01-01T00:00:00Z (CSV: as text, in UTC). `payload` is the
row's in hexadecimal; of polls (kind 0) `blocks` says what is in it.

verify ends with status 0, or names the first thing that is wrong and ends with status 1.
"""

import argparse
import base64
import csv
import datetime
import hashlib
import heapq
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import urllib.parse

import zstandard

U64 = (1 << 64) - 1


class Fault(Exception):
    """A file that is not as it has to be."""

    def __init__(self, file, problem, at=None):
        super().__init__(f"{file}: {problem}" if at is None else f"{file}, octet {at}: {problem}")


def signed(number, bits=64):
    """The two's complement number of an unsigned one."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> bits - 1 else number


def unzigzag(number):
    return number >> 1 if number & 1 == 0 else -(number >> 1) - 1


# ---------------------------------------------------------------------------------------------------------------------
# Chunks: COLUMNS.md


class ChunkFault(Exception):
    """A chunk that breaks a rule. Whoever knows file and offset makes a Fault of it."""


def varint(octets, at):
    """A number, and the offset behind it."""
    number = 0
    for place in range(10):
        if at >= len(octets):
            raise ChunkFault("ends within a number")
        octet = octets[at]
        at += 1
        if place == 9 and octet > 1:
            break
        number |= (octet & 127) << 7 * place
        if octet < 128:
            return number, at
    raise ChunkFault("a number of more than 64 bits")


class BitStream:
    """Bits from the lowest of each octet on."""

    def __init__(self, octets, at):
        self.octets = octets
        self.bit = 8 * at
        self.end = 8 * len(octets)

    def read(self, count):
        bit = self.bit
        self.bit += count
        if self.bit > self.end:
            raise ChunkFault("its bits end too early")
        window = int.from_bytes(self.octets[bit >> 3 : (self.bit + 7) >> 3], "little")
        return window >> (bit & 7) & (1 << count) - 1

    def zeros(self, most):
        """Zeros before a one, which is read too; or `most` zeros, and nothing behind them."""
        count = min(most, self.end - self.bit)
        bits = self.read(count)
        if bits == 0:
            if count < most:
                raise ChunkFault("its bits end too early")
            return most
        zeros = (bits & -bits).bit_length() - 1
        self.bit += zeros + 1 - count
        return zeros

    def finish(self):
        """The offset behind the last octet, whose other bits are 0."""
        if self.read(-self.bit % 8):
            raise ChunkFault("bits behind the last one")
        return self.bit >> 3


def zstd_frame(octets, at, limit, exactly=None):
    frame = b"\x28\xb5\x2f\xfd" + bytes(octets[at:])
    try:
        head = zstandard.get_frame_parameters(frame)
        size = head.content_size
        if size == zstandard.CONTENTSIZE_UNKNOWN or size > limit or (exactly is not None and size != exactly):
            raise ChunkFault(f"a zstd frame of {size} octets")
        if head.dict_id or head.has_checksum or head.window_size > 8 << 20:
            raise ChunkFault("a zstd frame with a dictionary, a checksum or a large window")
        content = zstandard.ZstdDecompressor().decompress(frame, max_output_size=size, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise ChunkFault(f"zstd: {error}") from None
    if len(content) != size:
        raise ChunkFault(f"{len(content)} octets in a zstd frame that says {size}")
    return content


def unpack(chunk, limit):
    """The octets of a chunk of text."""
    if len(chunk) == 0 or chunk[0] > 1:
        raise ChunkFault("neither octets nor a zstd frame")
    if chunk[0] == 1:
        return zstd_frame(chunk, 1, limit)
    if len(chunk) - 1 > limit:
        raise ChunkFault(f"{len(chunk) - 1} octets")
    return bytes(chunk[1:])


def decode_column(chunk, bits, is_float, count):
    """The values of a chunk, as patterns of `bits` bits."""
    if len(chunk) == 0:
        raise ChunkFault("is empty")
    tag, at = chunk[0], 1
    coder, order, mapping = tag & 3, tag >> 2 & 3, tag >> 4 & 3
    if tag > 127 or order == 3 or (mapping and not is_float):
        raise ChunkFault(f"tag {tag}")
    exponent, specials, quantum, slope = 0, {}, 1, 0
    try:
        if mapping >= 2:
            exponent = chunk[at]
            at += 1
            if exponent > 9:
                raise ChunkFault(f"exponent {exponent}")
        if mapping == 3:
            number_of_specials = chunk[at]
            at += 1
            if not 1 <= number_of_specials <= 4:
                raise ChunkFault(f"{number_of_specials} specials")
            for _ in range(number_of_specials):
                number, at = varint(chunk, at)
                pattern = chunk[at : at + bits // 8]
                at += bits // 8
                if at > len(chunk):
                    raise ChunkFault("ends in its head")
                specials.setdefault(unzigzag(number), int.from_bytes(pattern, "little"))
    except IndexError:
        raise ChunkFault("ends in its head") from None
    if tag & 64:
        quantum, at = varint(chunk, at)
        if quantum < 2:
            raise ChunkFault(f"quantum {quantum}")
    base, at = varint(chunk, at)
    base = unzigzag(base)
    if order == 2:
        slope, at = varint(chunk, at)
        slope = unzigzag(slope)
    residuals = (decode_zeros, decode_rice, decode_tokens, decode_planes)[coder](chunk, at, max(0, count - order))
    numbers = integrate(residuals, order, base, quantum, slope, count)
    mask = (1 << bits) - 1
    if mapping == 0:
        return [number & mask for number in numbers]
    if mapping == 1:
        low = mask >> 1
        return [n ^ low if n >> bits - 1 else n for n in (number & mask for number in numbers)]
    power = 10**exponent
    quotient, pattern = (struct.Struct(f"<{letter}") for letter in ("dQ" if bits == 64 else "fI"))
    values = []
    for number in numbers:
        number = signed(number)
        if number in specials:
            values.append(specials[number])
        elif -(1 << 53) <= number < 1 << 53:
            values.append(pattern.unpack(quotient.pack(number / power))[0])
        else:
            raise ChunkFault("a decimal beyond 2^53")
    return values


def integrate(residuals, order, base, quantum, slope, count):
    if order == 0:
        return [base + quantum * residual for residual in residuals]
    numbers = [base][:count]
    number = base
    if order == 1:
        for residual in residuals:
            number = number + quantum * residual & U64
            numbers.append(number)
        return numbers
    step = quantum * slope
    if count > 1:
        number += step
        numbers.append(number)
    for residual in residuals:
        step = step + quantum * residual & U64
        number = number + step & U64
        numbers.append(number)
    return numbers


def decode_zeros(chunk, at, count):
    if at != len(chunk):
        raise ChunkFault("goes on behind its end")
    return [0] * count


def decode_rice(chunk, at, count):
    bits = BitStream(chunk, at)
    residuals = []
    while len(residuals) < count:
        block = min(64, count - len(residuals))
        parameter = bits.read(6)
        if parameter == 63:
            residuals.extend([0] * block)
            continue
        if parameter > 56:
            raise ChunkFault(f"parameter {parameter}")
        for _ in range(block):
            zeros = bits.zeros(24)
            residuals.append(unzigzag(bits.read(64) if zeros == 24 else (zeros << parameter) + bits.read(parameter)))
    if bits.finish() != len(chunk):
        raise ChunkFault("goes on behind its end")
    return residuals


def decode_tokens(chunk, at, count):
    if at + 3 > len(chunk):
        raise ChunkFault("ends in its head")
    shape, chosen, last = chunk[at : at + 3]
    split, lead, precision = shape & 7, shape >> 3 & 3, shape >> 5
    thresholds = [threshold for bit, threshold in enumerate((1, 2, 4, 16)) if chosen >> bit & 1]
    if lead > 2 or lead > split or precision > 2 or chosen > 15:
        raise ChunkFault("the shape of its tokens")
    meanings = [token(number, split, lead) for number in range(last + 1)]
    if meanings[last][1] + lead > 63:
        raise ChunkFault(f"token {last}")
    bits = BitStream(chunk, at + 3)
    tables = [token_table(bits, last, precision) for _ in range(len(thresholds) + 1)]
    count_of_words, at = varint(chunk, bits.finish())
    if count_of_words > count or at + 2 * count_of_words + 4 > len(chunk):
        raise ChunkFault(f"{count_of_words} words")
    words = struct.unpack_from(f"<{count_of_words}H", chunk, at)
    at += 2 * count_of_words
    state = int.from_bytes(chunk[at : at + 4], "little")
    extra_bits = BitStream(chunk, at + 4)
    table_after = [tables[sum(threshold <= number for threshold in thresholds)] for number in range(17)]
    residuals, number, used = [], 0, 0
    for _ in range(count):
        symbol, frequency, y = table_after[min(number, 16)][state & 511]
        state = frequency * (state >> 9) + y
        if state < 1 << 16:
            if used == count_of_words:
                raise ChunkFault("its words end too early")
            state = state << 16 | words[used]
            used += 1
        number, extra = meanings[symbol]
        if extra:
            number += extra_bits.read(extra)
        residuals.append(unzigzag(number))
    if state != 1 << 16 or used != count_of_words or extra_bits.finish() != len(chunk):
        raise ChunkFault("does not end where its residuals end")
    return residuals


def token(number, split, lead):
    """The least zigzag number of a token, and how many extra bits it has."""
    if number < 1 << split:
        return number, 0
    rest = number - (1 << split)
    extra = split + (rest >> lead) - lead
    return ((1 << lead) + rest % (1 << lead)) << extra, extra


def token_table(bits, last, precision):
    """For each remainder modulo 512: token, its frequency, and the remainder from its start on."""
    frequencies = [0] * (last + 1)
    if bits.read(1) == 0:
        frequencies[0] = 512
    else:
        given = bits.read(last.bit_length())
        if given > last:
            raise ChunkFault(f"token {given} has the rest")
        digits = 0
        for number in range(last + 1):
            if number == given:
                continue
            zeros = bits.zeros(16)
            if zeros == 16:
                raise ChunkFault("a frequency that is none")
            digits += unzigzag((1 << zeros) + bits.read(zeros) - 1)
            if not 0 <= digits <= 9:
                raise ChunkFault("a frequency that is none")
            if digits:
                lower = min(precision, digits - 1)
                frequencies[number] = ((1 << lower) + bits.read(lower)) << (digits - 1 - lower)
        rest = 512 - sum(frequencies)
        if rest <= 0:
            raise ChunkFault("frequencies of more than 512")
        frequencies[given] = rest
    return [(number, frequency, y) for number, frequency in enumerate(frequencies) for y in range(frequency)]


def decode_planes(chunk, at, count):
    if at >= len(chunk) or not 1 <= chunk[at] <= 8:
        raise ChunkFault("ends in its head" if at >= len(chunk) else f"{chunk[at]} planes")
    width = chunk[at]
    octets = zstd_frame(chunk, at + 1, width * count, exactly=width * count)
    numbers = [0] * count
    for plane in range(width):
        for place, octet in enumerate(octets[plane * count : (plane + 1) * count]):
            numbers[place] |= octet << 8 * plane
    return [unzigzag(number) for number in numbers]


# ---------------------------------------------------------------------------------------------------------------------
# Segments: SEGMENTS.md

MAGIC = b"meterd-segment-1"
TRAILER = 80
ROWS_OF_GROUP = 16_384
PAYLOAD_OF_GROUP = 8 << 20
ODD_CHUNK = (1 << 20) + (16 << 20) + 1024
SHAPE_TEXT = 8 << 20
RANKS = {"shape": 0, "due": 1, "time": 2, "received": 3, "seq": 4, "rows": 5, "quarter": 7}
NAME = re.compile(rb"[!-$&-<>-~]{1,255}")
LABEL = re.compile(r"([!-$&-9;<>-~]{1,64}):(([us])(8|16|24|32|40|48|56|64)|(f)(32|64))(?::(counter|gauge))?")


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def unpacked_limit(packed):
    return 65_536 + 256 * min(packed, 1 << 18)


class Octets:
    """Reads an index, a directory or odd rows. Faults name the file and where the chunk begins in it."""

    def __init__(self, octets, file, at, what):
        self.octets, self.file, self.at, self.what = octets, file, at, what
        self.place = 0

    def fault(self, problem):
        return Fault(self.file, f"{self.what}, its octet {self.place}: {problem}", self.at)

    @property
    def remaining(self):
        return len(self.octets) - self.place

    def varint(self, what="a number", least=0, most=U64):
        try:
            number, self.place = varint(self.octets, self.place)
        except ChunkFault as error:
            raise self.fault(str(error)) from None
        if not least <= number <= most:
            raise self.fault(f"{what}: {number}")
        return number

    def count(self, what, least_octets, most):
        """How many of something follow, which has that many octets or more."""
        return self.varint(what, 0, min(most, self.remaining // least_octets))

    def zigzag(self):
        return unzigzag(self.varint())

    def take(self, count):
        if count > self.remaining:
            raise self.fault("ends too early")
        self.place += count
        return self.octets[self.place - count : self.place]

    def text(self):
        octets = self.take(self.varint("octets of a text", 0, 255))
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            raise self.fault("is not UTF-8") from None

    def name(self):
        octets = self.take(self.varint("octets of a name", 1, 255))
        if not NAME.fullmatch(octets):
            raise self.fault("is no name")
        return octets.decode("ascii")

    def extent(self):
        """Rows, least and greatest seq, least and greatest time."""
        rows = self.varint("rows", 1, 1 << 40)
        first_seq = self.varint()
        last_seq = first_seq + self.varint()
        first_time = self.zigzag()
        last_time = signed(first_time + self.varint())
        if last_seq > U64 or last_time < first_time:
            raise self.fault("a range that ends before it begins")
        return rows, first_seq, last_seq, first_time, last_time

    def finish(self):
        if self.remaining:
            raise self.fault("goes on behind its end")


class Label:
    def __init__(self, octets):
        self.text = octets.decode("ascii")
        match = LABEL.fullmatch(self.text)
        self.name = self.format = self.aggregate = None
        if match:
            self.name, self.format, self.aggregate = match[1], match[2], match[7]
        if self.text in RANKS:
            self.rank = RANKS[self.text]
        elif match and self.name not in RANKS and not (
            self.aggregate == "gauge" and self.format in ("u56", "s56", "u64", "s64")
        ):
            self.rank = 8 if self.aggregate else 6
        else:
            raise ValueError(self.text)

    @property
    def order(self):
        return self.rank, self.text


class Chunk:
    __slots__ = ("source", "day", "group", "label", "leaf", "offset", "length", "check")

    def __init__(self, source, day, group, label):
        self.source, self.day, self.group, self.label = source, day, group, label

    def __str__(self):
        return f"chunk {self.label.text} of {self.source.name}, segment {self.day.segment}, leaf {self.leaf}"

    @property
    def rows(self):
        return self.group.quarters if self.label.rank >= 7 else self.group.rows


class Group:
    __slots__ = ("number", "labels", "rows", "quarters", "chunks")


class Day:
    __slots__ = ("segment", "ordinal", "first_leaf", "extent", "groups", "chunks")


class Source:
    """A source of the directory; `days` is there once its index has been read."""

    __slots__ = ("name", "octets", "index_octets", "check", "extent", "chunks_at", "index_at", "labels", "days", "chunks")


class Segment:
    """An open file, of a day or of a month."""

    def __init__(self, path):
        self.path = path
        try:
            self.file = open(path, "rb")
            self.size = os.fstat(self.file.fileno()).st_size
        except OSError as error:
            raise Fault(path, error.strerror or str(error)) from None
        if self.size < len(MAGIC) + TRAILER:
            raise Fault(path, f"has {self.size} octets: it is not a segment, or its end is missing")
        self.trailer_at = self.size - TRAILER
        trailer = self.read(self.trailer_at, TRAILER)
        if trailer[:16] != MAGIC:
            raise Fault(path, "is not a segment, or its end is missing", self.trailer_at)
        self.indexes_at, self.directory_at, trailer_at = struct.unpack_from("<QQQ", trailer, 16)
        if trailer_at != self.trailer_at or not 16 <= self.indexes_at <= self.directory_at < self.trailer_at:
            raise Fault(path, f"the places in the trailer do not fit a file of {self.size} octets", self.trailer_at)
        packed = self.read(self.directory_at, self.trailer_at - self.directory_at)
        if sha256(packed)[:8] != trailer[40:48]:
            raise Fault(path, "the directory is damaged", self.directory_at)
        self.read_directory(self.unpack_at(packed, self.directory_at, "directory"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, at, count):
        self.file.seek(at)
        octets = self.file.read(count)
        if len(octets) != count:
            raise Fault(self.path, f"ends before octet {at + count}", at)
        return octets

    def unpack_at(self, packed, at, what):
        try:
            return Octets(unpack(packed, unpacked_limit(len(packed))), self.path, at, what)
        except ChunkFault as error:
            raise Fault(self.path, f"{what}: {error}", at) from None

    def read_directory(self, octets):
        self.site = octets.name()
        self.segments = []  # (name, leaves, rows, root)
        for _ in range(octets.count("segments", 36, 10_000)):
            name = octets.name()
            leaves, rows = octets.varint("leaves", 0, 1 << 31), octets.varint("rows", 0, 1 << 40)
            self.segments.append((name, leaves, rows, octets.take(32)))
        self.sources = []
        chunks_at, index_at = len(MAGIC), self.indexes_at
        for _ in range(octets.count("sources", 13, 100_000)):
            source = Source()
            source.name = octets.name()
            source.octets, source.index_octets = octets.varint("octets", 1), octets.varint("octets of an index", 1)
            source.check = octets.take(4)
            source.extent = octets.extent()
            source.chunks_at, source.index_at = chunks_at, index_at
            chunks_at += source.octets
            index_at += source.index_octets
            self.sources.append(source)
        octets.finish()
        if chunks_at != self.indexes_at or index_at != self.directory_at:
            raise octets.fault("the sources do not fill the file")
        for names in ([segment[0] for segment in self.segments], [source.name for source in self.sources]):
            if len(set(names)) != len(names):
                raise octets.fault("a name that is there twice")

    # The index of a source

    def read_index(self, source):
        """Fills in labels, days and chunks of a source."""
        what = f"index of {source.name}"
        packed = self.read(source.index_at, source.index_octets)
        if sha256(packed)[:4] != source.check:
            raise Fault(self.path, f"the {what} is damaged", source.index_at)
        octets = self.unpack_at(packed, source.index_at, what)
        source.labels = self.read_labels(octets)
        lists = self.read_lists(octets, source.labels)
        source.days = []
        slots = 0
        for _ in range(octets.varint("days", 1, min(10_000, octets.remaining // 8))):
            day = self.read_day(octets, lists)
            if source.days and source.days[-1].ordinal >= day.ordinal:
                raise octets.fault("days do not ascend")
            source.days.append(day)
            slots += sum(len(group.labels) for group in day.groups)
            if slots > octets.remaining // 5:
                raise octets.fault("more chunks than there is room for")
        source.chunks = self.arrange(source)
        at = source.chunks_at
        for chunk in source.chunks:
            chunk.offset, chunk.length = at, octets.varint("octets of a chunk", 1, source.octets)
            at += chunk.length
        if at != source.chunks_at + source.octets:
            raise octets.fault("the chunks do not fill their area")
        for chunk in source.chunks:
            chunk.check = octets.take(4)
        octets.finish()

    def read_labels(self, octets):
        labels = []
        for _ in range(octets.count("labels", 2, 100_000)):
            text = octets.take(octets.varint("octets of a label", 1, 255))
            try:
                label = Label(text)
            except ValueError:
                raise octets.fault("is no label") from None
            if labels and labels[-1].order >= label.order:
                raise octets.fault("labels do not ascend")
            labels.append(label)
        return labels

    def read_lists(self, octets, labels):
        lists = []
        for _ in range(octets.count("lists", 2, 100_000)):
            chosen, following = [], 0
            for _ in range(octets.count("labels of a list", 1, len(labels))):
                place = following + octets.varint()
                if place >= len(labels):
                    raise octets.fault("a list goes beyond the labels")
                chosen.append(labels[place])
                following = place + 1
            ranks = [label.rank for label in chosen]
            plain = [rank for rank in ranks if rank < 6]
            if ranks != [5] and (plain not in ([0, 2, 3, 4], [0, 1, 2, 3, 4]) or (8 in ranks and 7 not in ranks)):
                raise octets.fault("a list that is no group's")
            lists.append(chosen)
        return lists

    def read_day(self, octets, lists):
        day = Day()
        day.ordinal = octets.varint("segment", 0, len(self.segments) - 1)
        day.segment = self.segments[day.ordinal][0]
        day.first_leaf = octets.varint("leaf", 0, 1 << 31)
        day.extent = octets.extent()
        day.groups = []
        for number in range(octets.count("groups", 3, 100_000)):
            group = Group()
            group.number = number
            group.labels = lists[octets.varint("list", 0, len(lists) - 1)]
            group.rows = octets.varint("rows of a group", 1, ROWS_OF_GROUP)
            group.quarters = octets.varint("quarters", 0, group.rows)
            group.chunks = {}
            if (group.quarters > 0) != any(label.rank == 7 for label in group.labels):
                raise octets.fault(f"{group.quarters} quarters")
            day.groups.append(group)
        if sum(group.rows for group in day.groups) != day.extent[0]:
            raise octets.fault("its groups have other rows than the day")
        return day

    def arrange(self, source):
        """The chunks in the order of the file, with the numbers of their leaves."""
        by_label = {label.text: [] for label in source.labels}
        for day in source.days:
            for group in day.groups:
                for label in group.labels:
                    chunk = Chunk(source, day, group, label)
                    group.chunks[label.text] = chunk
                    by_label[label.text].append(chunk)
        chunks = [chunk for label in source.labels for chunk in by_label[label.text]]
        leaves = {day.ordinal: day.first_leaf for day in source.days}
        for chunk in chunks:
            chunk.leaf = leaves[chunk.day.ordinal]
            leaves[chunk.day.ordinal] += 1
        return chunks

    # Chunks

    def leaf_hash(self, chunk, octets):
        header = (
            f"meterd-chunk-1 site={self.site} segment={chunk.day.segment} leaf={chunk.leaf} source={chunk.source.name} "
            f"group={chunk.group.number} column={chunk.label.text} rows={chunk.rows} bytes={chunk.length}\n"
        )
        return sha256(b"\0", header.encode("ascii"), octets)

    def checked(self, chunk):
        octets = self.read(chunk.offset, chunk.length)
        if self.leaf_hash(chunk, octets)[:4] != chunk.check:
            raise Fault(self.path, f"{chunk}: is damaged", chunk.offset)
        return octets

    def column(self, group, label, count):
        """The values of a column of a group."""
        chunk = group.chunks[label]
        number = chunk.label.format or "u64"
        try:
            return decode_column(self.checked(chunk), int(number[1:]), number[0] == "f", count)
        except ChunkFault as error:
            raise Fault(self.path, f"{chunk}: {error}", chunk.offset) from None

    def octets_of(self, chunk, limit):
        try:
            return unpack(self.checked(chunk), limit)
        except ChunkFault as error:
            raise Fault(self.path, f"{chunk}: {error}", chunk.offset) from None

    # Rows

    def rows(self, source):
        """Every row of a source, day after day, by seq."""
        self.read_index(source)
        for day in source.days:
            groups = [self.odd_rows(g) if "rows" in g.chunks else self.shaped_rows(g) for g in day.groups]
            last = None
            for row in heapq.merge(*groups, key=lambda row: row["seq"]):
                if row["seq"] == last:
                    raise Fault(self.path, f"{source.name}, segment {day.segment}: seq {last} is there twice")
                last = row["seq"]
                yield {"source": source.name} | row

    def odd_rows(self, group):
        chunk = group.chunks["rows"]
        octets = Octets(self.octets_of(chunk, ODD_CHUNK), self.path, chunk.offset, str(chunk))
        seq = received = 0
        for number in range(group.rows):
            seq += octets.varint("step of seq", 0 if number == 0 else 1)
            if seq > U64:
                raise octets.fault("seq is beyond 64 bits")
            kind, marks = octets.take(2)
            received = signed(received + octets.zigzag())
            time = signed(received + octets.zigzag())
            due = signed(time + octets.zigzag()) if octets.varint("due or none", 0, 1) else None
            boot, definition = octets.text(), octets.text()
            payload = octets.take(octets.varint("octets of payload", 0, 16 << 20))
            yield row_of(seq, kind, marks, boot, definition, time, due, received, payload)
        octets.finish()

    def shaped_rows(self, group):
        chunk = group.chunks["shape"]
        try:
            shape = Shape(self.octets_of(chunk, SHAPE_TEXT))
        except ValueError as error:
            raise Fault(self.path, f"{chunk}: is no shape: {error}", chunk.offset) from None
        wanted = {f"{column.name}:{column.format}" for column in shape.columns}
        has = {label.text for label in group.labels if label.rank == 6}
        aggregated = {f"{label.name}:{label.format}" for label in group.labels if label.rank == 8}
        if wanted != has or not aggregated <= wanted or shape.has_due != ("due" in group.chunks):
            raise Fault(self.path, f"{chunk}: names other columns than the index", chunk.offset)
        if group.rows * len(shape.fixed) > PAYLOAD_OF_GROUP:
            raise Fault(self.path, f"{chunk}: {group.rows} rows of {len(shape.fixed)} octets", chunk.offset)
        seqs = self.column(group, "seq", group.rows)
        for before, seq in zip(seqs, seqs[1:]):
            if seq <= before:
                raise Fault(self.path, f"{group.chunks['seq']}: does not ascend", group.chunks["seq"].offset)
        dues = self.column(group, "due", group.rows) if shape.has_due else None
        times = self.column(group, "time", group.rows)
        if dues:
            times = [time + due for time, due in zip(times, dues)]
        received = [r + time for r, time in zip(self.column(group, "received", group.rows), times)]
        columns = [(c.places, self.column(group, f"{c.name}:{c.format}", group.rows)) for c in shape.columns]
        for number in range(group.rows):
            payload = bytearray(shape.fixed)
            for places, values in columns:
                value = values[number]
                for place in places:
                    payload[place] = value & 255
                    value >>= 8
            due = signed(dues[number]) if dues else None
            yield row_of(
                seqs[number], shape.kind, shape.marks, shape.boot, shape.definition, signed(times[number]), due,
                signed(received[number]), bytes(payload),
            )  # fmt: skip

    # Verification

    def verify(self):
        """Reads the whole file. Gives its faults, and for each segment the root and the extents of its sources."""
        faults = []
        if self.read(0, len(MAGIC)) != MAGIC:
            faults.append(Fault(self.path, "does not begin like a segment", 0))
        digest = hashlib.sha256()
        for at in range(self.indexes_at, self.size - 32, 1 << 20):
            digest.update(self.read(at, min(1 << 20, self.size - 32 - at)))
        if digest.digest() != self.read(self.size - 32, 32):
            faults.append(Fault(self.path, "indexes, directory or trailer are damaged", self.indexes_at))
        leaves = [{} for _ in self.segments]
        extents = [{} for _ in self.segments]
        for source in self.sources:
            try:
                self.verify_source(source, leaves, extents, faults)
            except Fault as fault:
                faults.append(fault)
            source.labels = source.days = source.chunks = None
            if len(faults) >= 100:
                break
        found = {}
        for (name, count, rows, root), digests, sources in zip(self.segments, leaves, extents):
            if len(digests) != count or any(number >= count for number in digests):
                faults.append(Fault(self.path, f"segment {name} does not have each of its {count} leaves once"))
                continue
            computed = merkle_root([digests[number] for number in range(count)])
            if computed != root:
                faults.append(Fault(self.path, f"segment {name}: the root of its chunks is not the one in the directory"))
            if sum(extent[0] for extent in sources.values()) != rows:
                faults.append(Fault(self.path, f"segment {name}: its sources do not have {rows} rows together"))
            found[name] = (computed, count, sources)
        return faults, found

    def verify_source(self, source, leaves, extents, faults):
        self.read_index(source)
        for chunk in source.chunks:
            digest = self.leaf_hash(chunk, self.read(chunk.offset, chunk.length))
            if chunk.leaf in leaves[chunk.day.ordinal]:
                raise Fault(self.path, f"{chunk}: another one has that number", chunk.offset)
            leaves[chunk.day.ordinal][chunk.leaf] = digest
            if digest[:4] != chunk.check:
                faults.append(Fault(self.path, f"{chunk}: is damaged", chunk.offset))
        days = [day.extent for day in source.days]
        for day in source.days:
            extents[day.ordinal][source.name] = day.extent
        columns = list(zip(*days))
        together = (sum(columns[0]), min(columns[1]), max(columns[2]), min(columns[3]), max(columns[4]))
        if together != source.extent:
            raise Fault(self.path, f"the index of {source.name} says other rows than the directory", source.index_at)


def merkle_root(leaves):
    """RFC 6962 section 2.1, of leaf hashes."""
    if not leaves:
        return sha256()
    while len(leaves) > 1:
        paired = [sha256(b"\1", left, right) for left, right in zip(leaves[::2], leaves[1::2])]
        leaves = paired + leaves[len(leaves) & ~1 :]
    return leaves[0]


class Shape:
    """What the rows of a group have in common. A ValueError where the text is none."""

    class Column:
        __slots__ = ("name", "format", "places")

    def __init__(self, text):
        lines = text.decode("utf-8").split("\n")
        if len(lines) < 7 or lines.pop() != "":
            raise ValueError("lines are missing")
        self.kind = self.octet(lines[0], "kind")
        self.marks = self.octet(lines[1], "marks")
        self.boot = self.unescape(self.field(lines[2], "boot"))
        self.definition = self.unescape(self.field(lines[3], "definition"))
        self.has_due = {"yes": True, "no": False}.get(self.field(lines[4], "due"))
        fixed = self.field(lines[5], "fixed")
        if self.has_due is None or not re.fullmatch("(?:[0-9a-f]{2}){0,65535}", fixed):
            raise ValueError("due or fixed")
        self.fixed = bytes.fromhex(fixed)
        self.columns = []
        end = 0
        for line in lines[6:]:
            column, at, width = self.read_column(line)
            if at < end or at + width > len(self.fixed) or any(self.fixed[at : at + width]):
                raise ValueError(f"column {column.name} does not fit")
            end = at + width
            self.columns.append(column)
        if len({column.name for column in self.columns}) != len(self.columns):
            raise ValueError("two columns of one name")

    def read_column(self, line):
        words = self.field(line, "column").split(" ")
        label = LABEL.fullmatch(":".join(words[0:3:2])) if len(words) == 5 else None
        if not label or label[7] or label[1] in RANKS or words[4] not in ("none", "counter", "gauge"):
            raise ValueError(f"'{line[:80]}'")
        column = self.Column()
        column.name, column.format = words[0], words[2]
        width = int(words[2][1:]) // 8
        if not re.fullmatch("0|[1-9][0-9]{0,5}", words[1]) or sorted(words[3]) != [str(n) for n in range(width)]:
            raise ValueError(f"'{line[:80]}'")
        # Least significant first: as the number is taken apart.
        column.places = [int(words[1]) + int(place) for place in reversed(words[3])]
        return column, int(words[1]), width

    @staticmethod
    def field(line, name):
        if not line.startswith(name + " "):
            raise ValueError(f"'{line[:80]}' where '{name}' has to stand")
        return line[len(name) + 1 :]

    def octet(self, line, name):
        text = self.field(line, name)
        if not re.fullmatch("0|[1-9][0-9]{0,2}", text) or int(text) > 255:
            raise ValueError(name)
        return int(text)

    @staticmethod
    def unescape(text):
        if re.search("%(?![0-9a-f]{2})", text):
            raise ValueError("an escape that is none")
        octets = re.sub(b"%(..)", lambda match: bytes.fromhex(match[1].decode()), text.encode("utf-8"))
        if len(octets) > 255:
            raise ValueError("a text of more than 255 octets")
        return octets.decode("utf-8")


# ---------------------------------------------------------------------------------------------------------------------
# Rows: ARCHIVE-FORMAT.md

FIELDS = ("source", "seq", "kind", "marks", "boot", "definition", "time", "due", "received", "payload", "blocks")
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
OUTCOMES = {0: "ok", 1: "timeout", 2: "crc", 3: "malformed", 4: "link-down", 5: "skipped"}


def row_of(seq, kind, marks, boot, definition, time, due, received, payload):
    row = {
        "seq": seq, "kind": kind, "marks": marks, "boot": boot, "definition": definition, "time": time, "due": due,
        "received": received, "payload": payload.hex(),
    }  # fmt: skip
    if kind == 0 and (blocks := blocks_of(payload)) is not None:
        row["blocks"] = blocks
    return row


def blocks_of(payload):
    """What the requests of a poll brought; None where the payload is not of version 1."""
    if payload[:1] != b"\x01":
        return None
    blocks, at = [], 1
    while at < len(payload):
        if len(payload) - at < 9:
            return None
        table, address, count, outcome, length = struct.unpack_from("<BHHHH", payload, at)
        at += 9 + length
        if table not in TABLES or at > len(payload) or not (outcome in OUTCOMES or 256 <= outcome < 512):
            return None
        word = OUTCOMES.get(outcome) or f"exception-{outcome - 256}"
        data = payload[at - length : at].hex()
        blocks.append({"table": TABLES[table], "address": address, "count": count, "outcome": word, "bytes": data})
    return blocks


# ---------------------------------------------------------------------------------------------------------------------
# Signed texts: PROOF.md

EPOCH = datetime.datetime(1, 1, 1)
EPOCH_MS = -62_135_596_800_000  # of 0001-01-01, counted from 1970
LAST_MS = 253_402_300_799_999  # the last one of the year 9999
ZEROS = "0" * 64


def utc_text(milliseconds):
    """Times outside the years 1 to 9999 are written as the nearest inside."""
    since = min(max(milliseconds, EPOCH_MS), LAST_MS) - EPOCH_MS
    text = (EPOCH + datetime.timedelta(milliseconds=since)).isoformat(timespec="milliseconds")
    return text.removesuffix(".000") + "Z"


def milliseconds_of(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z", text):
        raise ValueError(f"'{text[:40]}' is not a time")
    since = datetime.datetime.fromisoformat(text[:-1]) - EPOCH
    milliseconds = since // datetime.timedelta(milliseconds=1) + EPOCH_MS
    if utc_text(milliseconds) != text:
        raise ValueError(f"'{text[:40]}' is not how a time is written")
    return milliseconds


def number_of(text, most=U64):
    if not re.fullmatch("0|[1-9][0-9]{0,19}", text) or int(text) > most:
        raise ValueError(f"'{text[:40]}' is not a number")
    return int(text)


def hex_of(text, digits=64):
    if not re.fullmatch("[0-9a-f]{%d}" % digits, text):
        raise ValueError(f"'{text[:80]}' is not {digits} hexadecimal digits in lower case")
    return text


def word_of(text):
    """A value without its escapes. What is not written as it has to be is refused: every value has one text."""
    octets = re.sub(b"%([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), text.encode("utf-8"))
    again = re.sub(rb"[\x00-\x20\x7f=%]", lambda match: b"%%%02X" % match[0][0], octets)
    if not text or again != text.encode("utf-8"):
        raise ValueError(f"'{text[:40]}' is not how a name is written")
    return octets.decode("utf-8")


def segment_of(text):
    match = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([1-9][0-9]{0,9}))?", text)
    if not match or (match[2] and not 2 <= int(match[2]) < 1 << 31):
        raise ValueError(f"'{text[:40]}' is not the name of a segment")
    datetime.date.fromisoformat(match[1])
    return text


def end_of_month(month):
    """The first millisecond after it."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}", month):
        raise ValueError(f"'{month[:40]}' is not a month")
    day = datetime.date.fromisoformat(month + "-01")
    following = datetime.datetime(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - EPOCH) // datetime.timedelta(milliseconds=1) + EPOCH_MS


class Text:
    """Lines `key: value` in a fixed order."""

    def __init__(self, path, octets, format):
        self.path = path
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(path, "is not UTF-8") from None
        self.lines = text.split("\n")
        self.line = 0
        if self.lines.pop() != "" or "\r" in text:
            raise Fault(path, "a line does not end as it has to")
        if self.lines[:1] != [format]:
            raise Fault(path, f"does not begin with '{format}'")
        self.line = 1

    def fault(self, problem):
        return Fault(self.path, f"line {self.line}: {problem}")

    def is_next(self, key):
        return self.line < len(self.lines) and self.lines[self.line].startswith(key + ": ")

    def value(self, key, read=str):
        self.line += 1
        if self.line > len(self.lines) or not self.lines[self.line - 1].startswith(key + ": "):
            raise self.fault(f"'{key}: ' has to stand here")
        try:
            return read(self.lines[self.line - 1][len(key) + 2 :])
        except (ValueError, OverflowError) as error:
            raise self.fault(f"{key}: {error}") from None

    def only(self, key, word):
        if self.value(key) != word:
            raise self.fault(f"{key} is not {word}, which is all that is known here")

    def finish(self):
        if self.line < len(self.lines):
            self.line += 1
            raise self.fault("nothing more may stand here")


def fields_of(text, *names):
    words = text.split(" ")
    if len(words) != len(names) + 1 or any(not w.startswith(n + "=") for n, w in zip(names, words[1:])):
        raise ValueError(f"'{text[:80]}'")
    return [words[0]] + [word[len(name) + 1 :] for name, word in zip(names, words[1:])]


def source_line(text):
    name, rows, first, last, begin, end = fields_of(
        text, "rows", "first_seq", "last_seq", "first_time", "last_time"
    )  # fmt: skip
    times = milliseconds_of(begin), milliseconds_of(end)
    return word_of(name), (number_of(rows), number_of(first), number_of(last), *times)


def gap_line(text):
    name, reason, slots, begin, end = fields_of(text, "reason", "slots", "from", "to")
    return word_of(name), word_of(reason), number_of(slots), milliseconds_of(begin), milliseconds_of(end)


class Manifest:
    def __init__(self, path, octets):
        text = Text(path, octets, "meterd-manifest-1")
        self.path, self.name = path, os.path.basename(path)
        self.digest = hashlib.sha256(octets).hexdigest()
        self.site = text.value("site", word_of)
        self.number = text.value("number", number_of)
        self.segment = text.value("segment", segment_of)
        self.previous = text.value("previous", hex_of)
        text.only("hash", "sha256")
        text.only("signature", "ed25519")
        self.key = text.value("key", lambda value: hex_of(value, 16))
        self.leaves = text.value("leaves", number_of)
        self.root = text.value("root", hex_of)
        self.rows = text.value("rows", number_of)
        self.first_seq, self.last_seq = text.value("first_seq", number_of), text.value("last_seq", number_of)
        for key in ("first_received", "last_received"):
            text.value(key, milliseconds_of) if self.rows else text.only(key, "-")
        self.journal = text.value("first_journal", number_of), text.value("last_journal", number_of)
        text.value("definitions", hex_of)
        self.untrusted = text.value("clock", clock_rows)
        text.value("sealed", milliseconds_of)
        self.adopts = text.value("adopts", lambda value: hex_of(value, 16)) if text.is_next("adopts") else None
        self.sources = {}
        last = None
        while text.is_next("source"):
            name, extent = text.value("source", source_line)
            if last is not None and name.encode() <= last:
                raise text.fault("sources are out of order")
            last = name.encode()
            self.sources[name] = extent
        gaps = []
        while text.is_next("gap"):
            gaps.append(text.value("gap", gap_line))
            if len(gaps) > 1 and [w.encode() for w in gaps[-2][:2]] >= [w.encode() for w in gaps[-1][:2]]:
                raise text.fault("gaps are out of order")
        text.finish()
        if problem := self.contradiction(gaps):
            raise Fault(path, f"contradicts itself: {problem}")

    def contradiction(self, gaps):
        if self.number == 0 or (self.number == 1) != (self.previous == ZEROS):
            return f"number {self.number} with previous {self.previous}"
        if self.first_seq == 0 or self.last_seq - self.first_seq + 1 != self.rows:
            return f"{self.rows} rows from {self.first_seq} to {self.last_seq}"
        first, last = self.journal
        if (first == 0) != (last == 0) or first > last:
            return f"journal entries from {first} to {last}"
        if (self.leaves == 0) != (self.root == sha256().hex()):
            return f"{self.leaves} leaves with root {self.root}"
        if self.untrusted > self.rows:
            return f"{self.untrusted} rows of a clock that was not trusted, of {self.rows}"
        for name, (rows, low, high, begin, end) in self.sources.items():
            least, greatest = self.journal if name == "journal:" else (self.first_seq, self.last_seq)
            if not (least <= low <= high <= greatest and 1 <= rows <= high - low + 1 and begin <= end):
                return f"source {name}"
        if any(slots == 0 or begin > end for _, _, slots, begin, end in gaps):
            return "a gap without slots"
        if sum(extent[0] for name, extent in self.sources.items() if name != "journal:") != self.rows:
            return f"its sources do not have {self.rows} rows together"
        if self.sources.get("journal:", (0,))[0] != (last - first + 1 if first else 0):
            return "its journal has other entries than it says"
        return None


def clock_rows(text):
    if text == "trusted":
        return 0
    if not text.startswith("untrusted ") or (rows := number_of(text[10:])) == 0:
        raise ValueError(f"'{text[:40]}' is neither 'trusted' nor 'untrusted ROWS'")
    return rows


class Checkpoint:
    def __init__(self, path, octets):
        text = Text(path, octets, "meterd-checkpoint-1")
        self.path, self.name = path, os.path.basename(path)
        self.site = text.value("site", word_of)
        self.through = text.value("through")
        try:
            self.end = end_of_month(self.through)
        except ValueError as error:
            raise text.fault(str(error)) from None
        self.last_segment = text.value("last_segment", segment_of)
        self.last_manifest = text.value("last_manifest", number_of)
        self.manifest_sha256 = text.value("manifest_sha256", hex_of)
        self.first_kept_seq = text.value("first_kept_seq", number_of)
        self.retention_days = text.value("retention_days", lambda value: number_of(value, (1 << 31) - 1))
        if text.value("clock") not in ("trusted", "untrusted"):
            raise text.fault("clock is neither 'trusted' nor 'untrusted'")
        self.written = text.value("written", milliseconds_of)
        text.only("hash", "sha256")
        text.only("signature", "ed25519")
        self.key = text.value("key", lambda value: hex_of(value, 16))
        text.finish()


# Keys and signatures

DER_HEAD = bytes.fromhex("302a300506032b6570032100")
SIGNATURE = re.compile(r"(.+)\.([0-9a-f]{16})\.sig")


def read_key(path, is_exact):
    """The fingerprint of an Ed25519 public key, and its DER."""
    octets = read_file(path, 65_536)
    lines = [line for line in re.split(rb"[\r\n]+", octets) if line]
    try:
        der = base64.b64decode(b"".join(lines[1:-1]), validate=True)
    except ValueError:
        der = b""
    if lines[:1] != [b"-----BEGIN PUBLIC KEY-----"] or lines[-1] != b"-----END PUBLIC KEY-----":
        raise Fault(path, "is not a public key")
    if len(der) != 44 or der[:12] != DER_HEAD:
        raise Fault(path, "is not a public key of Ed25519")
    form = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    if is_exact and octets != form:
        raise Fault(path, "holds its key, but not in the form in which meterd writes it")
    return hashlib.sha256(der).hexdigest()


def read_file(path, limit=64 << 20):
    try:
        with open(path, "rb") as file:
            octets = file.read(limit + 1)
    except OSError as error:
        raise Fault(path, error.strerror or str(error)) from None
    if len(octets) > limit:
        raise Fault(path, f"is longer than {limit} octets: it is none of meterd's")
    return octets


def names_in(directory):
    try:
        return sorted(name for name in os.listdir(directory) if not name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Fault(directory, error.strerror or str(error)) from None


known_signatures = {}


def is_signed(path, octets, signature_path, key_path):
    """What openssl says."""
    signature = read_file(signature_path, 4096)
    what = sha256(octets), signature, read_file(key_path, 65_536)
    if what not in known_signatures:
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_path, "-rawin"]
        try:
            result = subprocess.run(command + ["-in", path, "-sigfile", signature_path], capture_output=True)
        except OSError as error:
            raise Fault("openssl", f"cannot be run: {error.strerror}") from None
        known_signatures[what] = result.returncode == 0
    return known_signatures[what]


# ---------------------------------------------------------------------------------------------------------------------
# The chain


class Archive:
    """Checks an archive; `faults` says what is wrong, the first one to be looked at first."""

    def __init__(self, root, public_keys):
        self.root = root
        self.faults, self.notes = [], []
        self.keys = {}  # by id: the file
        self.fingerprints = {}
        self.given = set()
        for path in public_keys:
            fingerprint = read_key(path, is_exact=False)
            self.keys[fingerprint[:16]], self.fingerprints[fingerprint[:16]] = path, fingerprint
            self.given.add(fingerprint[:16])
        self.manifests, self.checkpoints = [], []
        self.signers = {}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def collect(self, body, *arguments):
        try:
            return body(*arguments)
        except Fault as fault:
            self.faults.append(fault)
            return None

    def verify(self):
        if not os.path.isdir(self.path("manifests")) and not os.path.isdir(self.path("hot")):
            raise Fault(self.root, "is no archive: it has neither manifests nor a hot store")
        for name in names_in(self.path("keys")):
            self.collect(self.add_key, name)
        self.read_signed("manifests", ".manifest", self.add_manifest)
        self.read_signed("checkpoints", ".checkpoint", self.add_checkpoint)
        self.manifests.sort(key=lambda manifest: (manifest.number, manifest.name))
        self.by_segment = {manifest.segment: manifest for manifest in self.manifests}
        self.check_sites()
        self.check_chain()
        expired = self.check_checkpoints()
        present = self.check_segments()
        hot = [n.removesuffix(".sqlite") for n in names_in(self.path("hot")) if n.endswith(".sqlite")]
        hot = [name for name in hot if name not in self.by_segment]
        for manifest in self.manifests:
            if manifest.number > expired and manifest.segment not in present:
                self.faults.append(
                    Fault(manifest.segment, "this segment is missing, and no checkpoint says that it expired")
                )
        for name in sorted(present - set(self.by_segment) - set(hot)):
            self.faults.append(Fault(name, "this segment has no manifest: nothing proves it"))
        self.check_hot(hot)
        return self

    def add_key(self, name):
        path = self.path("keys", name)
        fingerprint = read_key(path, is_exact=True)
        if name != fingerprint[:16] + ".pem":
            raise Fault(path, f"holds the key {fingerprint[:16]}, not the one that it is named after")
        self.keys.setdefault(fingerprint[:16], path)
        self.fingerprints[fingerprint[:16]] = fingerprint

    def read_signed(self, directory, suffix, add):
        names = names_in(self.path(directory))
        signatures = {}
        for name in names:
            if match := SIGNATURE.fullmatch(name):
                signatures.setdefault(match[1], []).append((match[2], self.path(directory, name)))
        for name in names:
            if name.endswith(suffix):
                self.collect(add, self.path(directory, name), name, signatures.get(name, []))

    def check_signatures(self, path, octets, key, signatures):
        """Whose signatures fit."""
        fit = set()
        if key not in [signer for signer, _ in signatures]:
            self.faults.append(Fault(path, f"is not signed by key {key}, which it names"))
        for signer, signature in signatures:
            if signer not in self.keys:
                self.faults.append(Fault(path, f"is signed by key {signer}, whose public key is not there"))
            elif self.collect(is_signed, path, octets, signature, self.keys[signer]):
                fit.add(signer)
            else:
                self.faults.append(Fault(path, f"was changed after it was signed, or {signature} was: it does not fit"))
        return fit

    def add_manifest(self, path, name, signatures):
        octets = read_file(path)
        manifest = Manifest(path, octets)
        if name != manifest.segment + ".manifest":
            self.faults.append(Fault(path, f"is the manifest of {manifest.segment}"))
        self.signers[name] = self.check_signatures(path, octets, manifest.key, signatures)
        self.manifests.append(manifest)

    def add_checkpoint(self, path, name, signatures):
        octets = read_file(path)
        checkpoint = Checkpoint(path, octets)
        if checkpoint.key in self.check_signatures(path, octets, checkpoint.key, signatures):
            self.checkpoints.append(checkpoint)

    def check_sites(self):
        for text in self.manifests + self.checkpoints:
            site = self.manifests[0].site if self.manifests else text.site
            if text.site != site:
                self.faults.append(Fault(text.path, f"is of site '{text.site}', the first manifest of '{site}'"))

    def check_chain(self):
        faults = self.faults
        if self.manifests and self.given and self.manifests[0].key not in self.given:
            faults.append(Fault(self.manifests[0].path, f"is signed by key {self.manifests[0].key}, which was not given"))
        before, last_journal = None, 0
        for manifest in self.manifests:
            expected = before.number + 1 if before else 1
            if manifest.number < expected:
                faults.append(Fault(manifest.path, f"has number {manifest.number}, which {before.name} has as well"))
                continue
            if manifest.number > expected:
                missing = f"{expected} to {manifest.number - 1}"
                faults.append(Fault(manifest.path, f"the manifests before it, numbers {missing}, are missing"))
                last_journal = None
            else:
                self.check_neighbours(before, manifest)
            if manifest.journal[0]:
                if last_journal is not None and manifest.journal[0] != last_journal + 1:
                    faults.append(Fault(manifest.path, f"journal entry {last_journal + 1} has to follow"))
                last_journal = manifest.journal[1]
            before = manifest

    def check_neighbours(self, before, manifest):
        faults = self.faults
        if manifest.previous != (before.digest if before else ZEROS):
            name = before.name if before else "nothing"
            faults.append(Fault(manifest.path, f"was not made after {name} as it is now: 'previous' is another hash"))
        expected = before.last_seq + 1 if before else 1
        if manifest.first_seq > expected:
            faults.append(Fault(manifest.path, f"rows {expected} to {manifest.first_seq - 1} before it are missing"))
        elif manifest.first_seq < expected:
            faults.append(Fault(manifest.path, f"begins with row {manifest.first_seq}, and {expected} has to follow"))
        if before is None or manifest.key == before.key:
            if manifest.adopts:
                faults.append(Fault(manifest.path, f"adopts key {manifest.adopts}, which did not sign the one before"))
        elif manifest.adopts != before.key:
            faults.append(Fault(manifest.path, f"is signed by key {manifest.key}, the one before by {before.key}"))
        else:
            if manifest.key not in self.signers[before.name]:
                faults.append(Fault(before.path, f"key {manifest.key} went on from here and did not sign it"))
            if manifest.key not in self.given:
                self.notes.append(
                    f"{manifest.name}: key {manifest.key} took over from {before.key}; ask the site whether that is so"
                )

    def check_checkpoints(self):
        """The number of the last manifest whose segment may be missing."""
        by_number = {manifest.number: manifest for manifest in reversed(self.manifests)}
        expired = 0
        for checkpoint in self.checkpoints:
            manifest = by_number.get(checkpoint.last_manifest)
            if manifest is None:
                problem = f"names manifest number {checkpoint.last_manifest}, which is not there"
            elif (manifest.digest, manifest.segment) != (checkpoint.manifest_sha256, checkpoint.last_segment):
                problem = f"does not fit {manifest.name}, which it names"
            elif checkpoint.first_kept_seq != manifest.last_seq + 1:
                problem = f"says that row {checkpoint.first_kept_seq} is the first one kept"
            elif manifest.segment[:7] > checkpoint.through:
                problem = f"says that the months through {checkpoint.through} expired, but {manifest.segment} is later"
            elif checkpoint.key not in [m.key for m in self.manifests if m.number >= checkpoint.last_manifest]:
                problem = f"is signed by key {checkpoint.key}, which signed no manifest from there on"
            elif checkpoint.written - checkpoint.end < checkpoint.retention_days * 86_400_000:
                problem = f"the months through {checkpoint.through} were not {checkpoint.retention_days} days old"
            else:
                expired = max(expired, checkpoint.last_manifest)
                continue
            self.faults.append(Fault(checkpoint.path, problem))
        return expired

    def check_segments(self):
        """Every octet of all of them; the segments that are there."""
        present = set()
        for name in names_in(self.path("segments")):
            path = self.path("segments", name)
            segment = self.collect(Segment, path)
            if segment is None:
                continue
            with segment:
                days = [entry[0] for entry in segment.segments]
                present.update(days)
                faults, found = segment.verify()
            self.faults += faults
            # A day under its own name, or days of the month that the file is named after.
            stem = name.removesuffix(".mseg")
            if days != [stem] and (len(stem) != 7 or any(not day.startswith(stem + "-") for day in days)):
                self.faults.append(Fault(path, f"holds {', '.join(days[:3])}: it was renamed, or swapped with another"))
            for day, (root, leaves, extents) in found.items():
                if manifest := self.by_segment.get(day):
                    self.faults += [Fault(path, problem) for problem in differences(manifest, day, root, leaves, extents)]
        return present

    def check_hot(self, names):
        extents = []
        for name in names:
            path = self.path("hot", name + ".sqlite")
            site = self.manifests[0].site if self.manifests else None
            first, last = self.collect(check_hot_file, path, name, site, self.faults) or (None, None)
            if first is not None:
                extents.append((first, last))
        expected = self.manifests[-1].last_seq + 1 if self.manifests else None
        for first, last in sorted(extents):
            if expected is not None and first > expected:
                self.faults.append(Fault(self.path("hot"), f"rows {expected} to {first - 1} are missing"))
            elif expected is not None and first < expected:
                self.faults.append(Fault(self.path("hot"), f"begins with row {first}, and {expected} has to follow"))
            expected = last + 1
        if not extents and self.manifests:
            self.notes.append("the hot store is empty: what was received after the last sealed day is not here")


def differences(manifest, day, root, leaves, extents):
    """What the manifest says of a segment, and the file does not."""
    if root.hex() != manifest.root or leaves != manifest.leaves:
        yield f"segment {day} is not what its manifest signs: its root is {root.hex()}, the manifest's {manifest.root}"
        return
    for name in sorted(set(extents) | set(manifest.sources)):
        rows, first, last, begin, end = extents.get(name, (0, 0, 0, 0, 0))
        bounded = [min(max(time, EPOCH_MS), LAST_MS) for time in (begin, end)]
        if manifest.sources.get(name) != (rows, first, last, *bounded):
            yield f"segment {day}: what its index says of the rows of {name} is not what its manifest signs"


# The hot store: ARCHIVE-FORMAT.md

CRC32C = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC32C.append(value)


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = crc >> 8 ^ CRC32C[(crc ^ octet) & 255]
    return crc ^ 0xFFFFFFFF


def check_hot_file(path, name, site, faults):
    """The first and the last row of it, none where it has no rows."""
    address = "file:" + urllib.parse.quote(os.path.abspath(path)) + "?mode=ro"
    try:
        database = sqlite3.connect(address, uri=True)
        try:
            return check_hot_rows(database, path, name, site, faults)
        finally:
            database.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise Fault(path, f"SQLite: {error}") from None


def check_hot_rows(database, path, name, site, faults):
    about = dict(database.execute("SELECT key, value FROM about"))
    if about.get("format") != "meterd-hot-1" or about.get("file") != name:
        raise Fault(path, f"is {about.get('format')} of {about.get('file')}")
    if site is not None and about.get("site") != site:
        faults.append(Fault(path, f"is of site '{about.get('site')}', this archive of '{site}'"))
    first = last = None
    for row in database.execute(
        """SELECT o.seq, o.kind, o.marks, o.time, o.due, o.received, m.meter_id, d.sha256, b.boot_id, o.payload, o.crc32c
        FROM observation o LEFT JOIN meter m ON m.id = o.meter LEFT JOIN definition d ON d.id = o.definition
        LEFT JOIN boot b ON b.id = o.boot ORDER BY o.seq"""
    ):
        seq, kind, marks, time, due, received, *texts, payload, crc = row
        try:
            head = struct.pack("<QBBqqq", seq, kind, marks, time, -(2**63) if due is None else due, received)
            octets = head + b"".join(text.encode() + b"\0" for text in texts) + payload
        except (struct.error, AttributeError, TypeError):
            raise Fault(path, f"row {seq} is damaged") from None
        if crc32c(octets) != crc:
            raise Fault(path, f"row {seq} does not match its checksum")
        if last is not None and seq != last + 1:
            faults.append(Fault(path, f"rows {last + 1} to {seq - 1} are missing"))
        first, last = (seq if first is None else first), seq
    has_journal = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'journal'").fetchone()[0]
    for number, kind, recorded_at, body, crc in database.execute(
        "SELECT number, kind, recorded_at, body, crc32c FROM journal ORDER BY number" if has_journal else "SELECT 1 WHERE 0"
    ):
        try:
            octets = struct.pack("<QBq", number, kind, recorded_at) + body
        except (struct.error, TypeError):
            raise Fault(path, f"journal entry {number} is damaged") from None
        if crc32c(octets) != crc:
            raise Fault(path, f"journal entry {number} does not match its checksum")
    return first, last


# ---------------------------------------------------------------------------------------------------------------------
# Commands


def command_list(options):
    with Segment(options.file) as segment:
        print(f"{options.file}: site {segment.site}, {len(segment.segments)} segments, {len(segment.sources)} sources")
        for name, leaves, rows, root in segment.segments:
            print(f"segment {name}: {rows} rows, {leaves} leaves, root {root.hex()}")
        for source in segment.sources:
            rows, first, last, begin, end = source.extent
            print(f"source {source.name}: {rows} rows, {first} to {last}, {utc_text(begin)} to {utc_text(end)}")
            segment.read_index(source)
            for label in source.labels:
                if label.rank in (5, 6):
                    octets = sum(chunk.length for chunk in source.chunks if chunk.label is label)
                    print(f"  {label.text}: {octets} octets")
    return 0


def command_rows(options):
    with Segment(options.file) as segment:
        sources = [source for source in segment.sources if options.source in (None, source.name)]
        if not sources:
            raise Fault(options.file, f"has no source {options.source}; list names them")
        writer = csv.DictWriter(sys.stdout, FIELDS, restval="", lineterminator="\n")
        if options.csv:
            writer.writeheader()
        for source in sources:
            for row in segment.rows(source):
                if options.csv:
                    writer.writerow(csv_row(row))
                else:
                    print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    return 0


def csv_row(row):
    times = {key: row[key] for key in ("time", "due", "received") if row[key] is not None}
    texts = {key: utc_text(time) if EPOCH_MS <= time <= LAST_MS else time for key, time in times.items()}
    row = row | texts
    if "blocks" in row:
        blocks = ((b["table"], b["address"], b["count"], b["outcome"], b["bytes"]) for b in row["blocks"])
        row["blocks"] = "; ".join(" ".join(str(word) for word in block).rstrip() for block in blocks)
    return row


def command_verify(options):
    faults, notes, summary = verify(options.path, options.public_key or [])
    if faults:
        print(f"WRONG: {faults[0]}")
        for fault in faults[1:20]:
            print(f"       {fault}")
        if len(faults) > 20:
            print(f"       and {len(faults) - 20} more")
        return 1
    print(f"OK: {summary}")
    for note in notes:
        print(f"note: {note}")
    return 0


def verify(path, public_keys=()):
    """What is wrong, what must be said beside it, and a line that says what was checked."""
    if os.path.isdir(path):
        archive = Archive(path, public_keys).verify()
        summary = f"{len(archive.manifests)} manifests and all segments that they sign"
        if archive.manifests and not archive.given:
            key = archive.manifests[0].key
            archive.notes.append(
                f"no public key was given: compare {archive.fingerprints.get(key)} with what the site has published"
            )
        return archive.faults, archive.notes, summary
    # One file: it is sound in itself, and where it lies in an archive it is what is signed there.
    with Segment(path) as segment:
        faults, found = segment.verify()
    root = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    archive = Archive(root, public_keys)
    for name in names_in(archive.path("keys")):
        archive.collect(archive.add_key, name)
    signatures = names_in(archive.path("manifests"))
    notes = []
    for day, (digest, leaves, extents) in found.items():
        name = day + ".manifest"
        manifest_path = archive.path("manifests", name)
        if name not in signatures:
            notes.append(f"{day}: there is no {manifest_path}, so nothing proves it; its root is {digest.hex()}")
            continue
        matches = [match for match in map(SIGNATURE.fullmatch, signatures) if match and match[1] == name]
        signed_by = [(match[2], archive.path("manifests", match[0])) for match in matches]
        archive.collect(archive.add_manifest, manifest_path, name, signed_by)
        if archive.manifests and archive.manifests[-1].segment == day:
            faults += [Fault(path, p) for p in differences(archive.manifests[-1], day, digest, leaves, extents)]
    return faults + archive.faults, notes, f"every chunk of {len(found)} segments has its hash"


def main():
    parser = argparse.ArgumentParser(description="Reads and checks archives of meterd without meterd.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("list", help="what a sealed file holds")
    one.add_argument("file")
    one = commands.add_parser("rows", help="every row of a sealed file")
    one.add_argument("file")
    one.add_argument("--source", help="only of this one, for instance meter:main-incomer")
    one.add_argument("--csv", action="store_true", help="CSV instead of JSON lines")
    one = commands.add_parser("verify", help="whether an archive, or one sealed file, is what was signed")
    one.add_argument("path", metavar="ARCHIVE")
    one.add_argument("--public-key", action="append", metavar="KEY.pem", help="that the site gave you; may be repeated")
    options = parser.parse_args()
    try:
        return {"list": command_list, "rows": command_rows, "verify": command_verify}[options.command](options)
    except Fault as fault:
        print(f"WRONG: {fault}", file=sys.stdout if options.command == "verify" else sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
