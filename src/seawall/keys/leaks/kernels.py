"""Inner loops of the search for bare key numbers, compiled to machine code on first use.

All in one file: numba notices a change only in the file of the function that it kept on disk.

A bare RSA prime is found by division. Every window of the modulus' half length is a candidate w; almost all of them are
dismissed, in this order:

1. `_plausible`: w must be odd, and at least n / 2^(8 x length), because the other prime is shorter than that power.
2. `_residues`, `_coprime`: w must not be divisible by the primes 3 to 47 (one sum of products modulo their product).
3. `_quotients`: exact division n / w from the low end (Hensel; Jebelean, "An Algorithm for Exact Division", Journal of
   Symbolic Computation 15, 1993), eight candidates at a time in digits of 28 or 29 bits. Where w divides n, the quotient is
   shorter than the window, so its digits beyond must be zero: few of a million windows that do not divide get through.

What gets through is divided exactly by the caller. A bare private exponent d satisfies e d g = g + k phi(n) with a small
g, so that e g d / n lies just below a whole number: `find_exponents` looks for that in the first 64, then 128 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types, uint8, uint64
from numba.core import cgutils

from seawall.keys.leaks.compiled import compiled, instruction

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

LANES = 8
STEP = 1024
BLOCK = 1 << 15
"""Bytes that one round looks at: what a round keeps stays in a core's own cache."""

_I32, _I64, _I128 = ir.IntType(32), ir.IntType(64), ir.IntType(128)
_VECTOR = ir.VectorType(_I64, LANES)


@instruction
def _load(_context: Any, array: Any, _index: Any) -> Any:
    """Eight bytes of a byte array from any index, little-endian, as one number; the index is not checked."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(builder.bitcast(data, ir.IntType(8).as_pointer()), [arguments[1]])
        word = builder.load(builder.bitcast(place, _I64.as_pointer()))
        word.align = 1
        return word

    return types.uint64(array, types.intp), code


@instruction
def _multiply_add(_context: Any, _a: Any, _b: Any, _low: Any, _high: Any) -> Any:
    """(low, high) + a b as a number of 128 bits, again as (low, high)."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, low, high = arguments
        shift = ir.Constant(_I128, 64)
        product = builder.mul(builder.zext(a, _I128), builder.zext(b, _I128))
        before = builder.or_(builder.zext(low, _I128), builder.shl(builder.zext(high, _I128), shift))
        after = builder.add(before, product)
        halves = [builder.trunc(after, _I64), builder.trunc(builder.lshr(after, shift), _I64)]
        return context.make_tuple(builder, signature.return_type, halves)

    return types.UniTuple(types.uint64, 2)(*[types.uint64] * 4), code


@instruction
def _divide_lanes(
    _context: Any, divisors: Any, quotients: Any, dividend: Any, inverses: Any, _digits: Any, _bits: Any
) -> Any:
    """Low digits of dividend / divisor in each lane, written to `quotients`.

    Arrays of uint64: `divisors` and `quotients` (digits, lanes), `dividend` (digits), `inverses` (lanes) of the
    divisors' lowest digits. `digits` is a multiple of four, because four columns of the product are summed in one pass.
    Written as vector instructions, because the compiler does not find them by itself.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = zip(signature.args[:4], arguments[:4], strict=True)
        data = [context.make_array(kind)(context, builder, value).data for kind, value in arrays]
        w, q, inverse = (builder.bitcast(data[i], _VECTOR.as_pointer()) for i in (0, 1, 3))
        _write_division(builder, (w, q, data[2], inverse), arguments[4], arguments[5])
        return context.get_dummy_value()

    return types.void(divisors, quotients, dividend, inverses, types.intp, types.uint64), code


def _write_division(builder: Any, arrays: tuple[Any, ...], digits: Any, bits: Any) -> None:
    def number(value: int) -> Any:
        return ir.Constant(_I64, value)

    def all_lanes(value: int) -> Any:
        return ir.Constant(_VECTOR, [value] * LANES)

    def load(pointer: Any, index: Any) -> Any:
        value = builder.load(builder.gep(pointer, [index]))
        value.align = 8
        return value

    def multiply(a: Any, b: Any) -> Any:
        low = all_lanes(0xFFFFFFFF)  # says that 32 x 32 bits are enough
        return builder.mul(builder.and_(a, low), builder.and_(b, low))

    w, q, n, inverses = arrays
    shift = _splat(builder, bits)
    mask = _splat(builder, builder.sub(builder.shl(number(1), bits), number(1)))
    inverse = load(inverses, number(0))
    low_digits = [load(w, number(i)) for i in range(4)]
    carry = cgutils.alloca_once_value(builder, all_lanes(0))
    sums = [cgutils.alloca_once_value(builder, all_lanes(0)) for _ in range(4)]
    later = [cgutils.alloca_once_value(builder, all_lanes(0)) for _ in range(3)]
    with cgutils.for_range(builder, builder.udiv(digits, number(4))) as columns:
        i = builder.mul(columns.index, number(4))
        for cell in sums:
            builder.store(all_lanes(0), cell)
        for step, cell in enumerate(later):
            builder.store(load(w, builder.add(i, number(step + 1))), cell)
        with cgutils.for_range(builder, i) as terms:
            digit = load(q, terms.index)
            factors = [load(w, builder.sub(i, terms.index)), *(builder.load(cell) for cell in later)]
            for cell, factor in zip(sums, factors, strict=True):
                builder.store(builder.add(builder.load(cell), multiply(digit, factor)), cell)
            for cell, factor in zip(later, factors[:3], strict=True):
                builder.store(factor, cell)
        over = builder.load(carry)
        known: list[Any] = []
        for step, cell in enumerate(sums):
            total = builder.add(builder.load(cell), over)
            for earlier, digit in enumerate(known):
                total = builder.add(total, multiply(digit, low_digits[step - earlier]))
            place = builder.add(i, number(step))
            wanted = _splat(builder, load(n, place))
            missing = builder.and_(builder.sub(wanted, total), mask)
            digit = builder.and_(multiply(missing, inverse), mask)
            total = builder.add(total, multiply(digit, low_digits[0]))
            over = builder.lshr(total, shift)
            builder.store(digit, builder.gep(q, [place])).align = 8
            known.append(digit)
        builder.store(over, carry)


def _splat(builder: Any, scalar: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))


@compiled
def _plausible(low: Bytes, top: Bytes, smallest: Any, size: int, marks: Bytes, found: Places) -> int:
    """Places whose lowest byte is odd and whose highest is at least `smallest`."""
    for i in range(size):  # in a loop of its own, where vectors do it
        marks[i] = low[i] & uint8(top[i] >= smallest) & uint8(1)
    marks[size:] = 0
    words = marks.view(np.uint64)
    count = 0
    for group in range((size + 63) // 64):
        first = 8 * group
        seen = words[first] | words[first + 1] | words[first + 2] | words[first + 3]
        seen |= words[first + 4] | words[first + 5] | words[first + 6] | words[first + 7]
        if seen:
            for i in range(64 * group, 64 * group + 64):
                found[count] = i
                count += marks[i]
    return count


@compiled
def _residues(
    data: Bytes, places: Places, count: int, length: int, powers: Words, sieve: Words, out: Words
) -> None:
    """Windows modulo the sieve's modulus, times a constant that changes no divisibility (Montgomery's form)."""
    words = length // 8
    rest = length % 8
    for t in range(count):
        place = places[t]
        low = uint64(0)
        high = uint64(0)
        for i in range(words):
            low, high = _multiply_add(_load(data, place + 8 * i), powers[i], low, high)
        if rest:
            last = _load(data, place + length - 8) >> uint64(64 - 8 * rest)
            low, high = _multiply_add(last, powers[words], low, high)
        low, high = _multiply_add(low * sieve[1], sieve[0], low, high)
        out[t] = high


@compiled
def _coprime(residues: Words, places: Places, count: int, primes: Words, good: Bytes, out: Places) -> int:
    """Places whose residue no prime divides; `primes` holds inverses modulo 2^64 and the largest quotients."""
    good[:count] = 1
    for p in range(primes.shape[1]):
        inverse = primes[0, p]
        largest = primes[1, p]
        for t in range(count):
            good[t] &= uint8(residues[t] * inverse > largest)
    kept = 0
    for t in range(count):
        out[kept] = places[t]
        kept += good[t]
    return kept


@compiled
def _pack(
    data: Bytes, place: int, length: int, bits: int, lane: int, divisors: Words, inverses: Words
) -> None:
    """One window into a lane: its digits and the inverse of the lowest. Reads nothing beyond the window."""
    mask = (uint64(1) << uint64(bits)) - uint64(1)
    pairs = (8 * length - 1) // (2 * bits)
    for i in range(pairs):
        bit = 2 * bits * i
        pair = _load(data, place + (bit >> 3)) >> uint64(bit & 7)
        divisors[2 * i, lane] = pair & mask
        divisors[2 * i + 1, lane] = (pair >> uint64(bits)) & mask
    pair = _load(data, place + length - 8) >> uint64(64 - (8 * length - 2 * bits * pairs))
    divisors[2 * pairs, lane] = pair & mask
    divisors[2 * pairs + 1, lane] = pair >> uint64(bits)
    low = _load(data, place)
    inverse = (uint64(3) * low) ^ uint64(2)  # right in 5 bits; each step doubles that
    for _ in range(3):
        inverse *= uint64(2) - low * inverse
    inverses[lane] = inverse & mask


@compiled
def _quotients(
    data: Bytes,
    places: Places,
    count: int,
    length: int,
    bits: int,
    dividends: Words,
    work: Words,
    out: Places,
) -> int:
    """Which places divide which dividend, as far as the quotient's digits beyond the window tell: rows (place, key)."""
    digits = dividends.shape[1]
    divisors = work[0]
    quotients = work[1]
    inverses = np.empty(LANES, np.uint64)
    tested = 8 * length // bits
    beyond = ~((uint64(1) << uint64(8 * length - bits * tested)) - uint64(1))
    found = 0
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        for lane in range(LANES):
            _pack(data, places[start + min(lane, lanes - 1)], length, bits, lane, divisors, inverses)
        for key in range(dividends.shape[0]):
            _divide_lanes(divisors, quotients, dividends[key], inverses, digits, uint64(bits))
            for lane in range(lanes):
                rest = quotients[tested, lane] & beyond
                for digit in range(tested + 1, digits):
                    rest |= quotients[digit, lane]
                if rest == 0 and found < out.shape[0]:
                    out[found, 0] = places[start + lane]
                    out[found, 1] = key
                    found += 1
    return found


@compiled
def find_divisors(
    data: Bytes, start: int, end: int, length: int, bits: int, smallest: Any, powers: Words, sieve: Words, primes: Words,
    dividends: Words, out: Places,
) -> tuple[int, int]:  # fmt: skip
    """Windows of `length` bytes that begin in [start, end) and divide a dividend, taken as little-endian numbers.

    `bits` are those of the dividends' digits: so few that the sum of as many products of two digits fits into 64 bits.

    Gives the number of rows (place, key) written to `out` and the place where to go on: before `end` when `out` is full.
    The caller makes sure that `end + length - 1` does not exceed the data, and divides exactly.
    """
    candidates = np.empty(BLOCK + 1, np.int64)
    kept = np.empty(BLOCK + 1, np.int64)
    residues = np.empty(BLOCK, np.uint64)
    good = np.empty(BLOCK, np.uint8)
    work = np.zeros((2, dividends.shape[1] + 8, LANES), np.uint64)
    found = 0
    for block in range(start, end, BLOCK):
        size = min(BLOCK, end - block)
        view = data[block : block + size + length - 1]
        count = _plausible(view, view[length - 1 :], smallest, size, good, candidates)
        _residues(view, candidates, count, length, powers, sieve, residues)
        count = _coprime(residues, candidates, count, primes, good, kept)
        more = _quotients(view, kept, count, length, bits, dividends, work, out[found:])
        for row in range(found, found + more):
            out[row, 0] += block
        found += more
        if out.shape[0] - found < out.shape[0] // 2:
            return found, block + size
    return found, end


@compiled
def _near_whole(words: Words, count: int, factors: Words, flags: Bytes) -> None:
    """Flags words at one of whose eight bytes the top of a number may begin that `_is_below_whole` accepts.

    A number is first looked at with 52 bits, which leaves room for one multiplication that vectors can do.
    """
    cut = uint64(12)
    slack = (uint64(1) << uint64(52)) + uint64(2)
    a, b, c = factors[0, 0], factors[1, 0], factors[2, 0]
    a_most, b_most, c_most = a + slack, b + slack, c + slack
    for i in range(count):
        here = words[i]
        following = words[i + 1]
        top = here >> cut
        seen = uint8(~(top * a) <= a_most) | uint8(~(top * b) <= b_most) | uint8(~(top * c) <= c_most)
        for bits in range(8, 64, 8):
            top = ((here >> uint64(bits)) | (following << uint64(64 - bits))) >> cut
            seen |= uint8(~(top * a) <= a_most) | uint8(~(top * b) <= b_most) | uint8(~(top * c) <= c_most)
        flags[i] = seen


@compiled
def _is_below_whole(top: Any, below: Any, factor: Words) -> bool:
    """Whether (top, below) times the fraction in `factor` is at most one unit of `below` less than a whole number."""
    nothing = uint64(0)
    first, second, third = factor[1], factor[2], factor[3]
    low, high = _multiply_add(top, second, nothing, nothing)
    if nothing - (top * first + high) > first + uint64(3):
        return False
    low, high = _multiply_add(top, third, nothing, nothing)
    low, high = _multiply_add(top, second, high, nothing)
    low, high2 = _multiply_add(below, first, low, high)
    _, high3 = _multiply_add(below, second, nothing, nothing)
    finer = low + high3
    fraction = high2 + uint64(finer < low) + top * first
    if fraction == 0:
        return bool(finer <= 3)
    return bool(fraction == ~nothing and nothing - finer <= first + uint64(3))


@compiled
def _look_again(
    data: Bytes, start: int, end: int, length: int, factors: Words, out: Places, found: int
) -> int:
    smallest = uint64(1) << uint64(40)
    for place in range(start, end):
        top = _load(data, place + length - 8)
        if top < smallest or data[place] & 1 == 0:
            continue
        below = _load(data, place + length - 16)
        for f in range(factors.shape[0]):
            if _is_below_whole(top, below, factors[f]):
                out[found, 0] = place
                out[found, 1] = f
                found += 1
                break
    return found


@compiled
def find_exponents(
    data: Bytes, start: int, end: int, length: int, factors: Words, out: Places
) -> tuple[int, int]:
    """Windows of `length` bytes in [start, end) that, times one of three factors, lie just below a whole number.

    A row of `factors` is the fraction f = e g 2^(8 length - 64) / n: 64 bits of 2^12 f after the point, then 192 bits of
    f. Windows that are even or far too small are passed over. Rows (place, factor) are written to `out`, which takes at
    least 16 x STEP; gives their number and the place where to go on.
    """
    words = np.zeros(STEP + 1, np.uint64)
    octets = words.view(np.uint8)
    flags = np.zeros(STEP, np.uint8)
    eight = flags.view(np.uint64)
    found = 0
    for step in range(start, end, 8 * STEP):
        size = min(8 * STEP, end - step)
        tops = data[step + length - 8 : step + length + size - 1]
        for i in range(len(tops)):
            octets[i] = tops[i]
        count = (size + 7) // 8
        flags[count:] = 0
        _near_whole(words, count, factors, flags)
        for group in range(STEP // 8):
            if eight[group]:
                for word in range(8 * group, 8 * group + 8):
                    if flags[word]:
                        first = step + 8 * word
                        last = min(first + 8, step + size)
                        found = _look_again(data, first, last, length, factors, out, found)
        if found + 8 * STEP > out.shape[0]:
            return found, step + size
    return found, end
