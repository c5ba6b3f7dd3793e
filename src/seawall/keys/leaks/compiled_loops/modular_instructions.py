"""Arithmetic modulo a prime on eight numbers at once, as building blocks of the compiled searches.

A block is an array (digits, lanes) of uint64: eight numbers in digits of 28 bits, lowest first. Products of two digits are
instructions of 32 bits, which every processor has for vectors, and the sum of all of a number's products fits into 64 bits.
So nothing is carried within a product ("Montgomery Multiplication Using Vector Instructions", Bos and others, 2013).

The primes here have few digits that are not zero, if digits may be negative. So a prime is two tuples of digits, those to add
and those to take away, with None for zeros: the compiler knows where they are, and reducing a product costs little. Products
are Montgomery's: `a b / 2^(28 digits)` modulo the prime ("Modular Multiplication Without Trial Division", Mathematics of
Computation 44, 1985). A number is *reduced* if it is below 2^(bits of the prime) or a very little more, in digits below 2^28.
It is *loose* if it is below six times the prime, in digits below 2^30. Products are below twice the prime, and at most one
factor may be loose.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from seawall.keys.leaks.compiled_loops.instructions import LANES
from seawall_base.compiled import instruction

BITS = 28
_SPARE = 32 - BITS
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I64, LANES)


@instruction
def multiply_blocks(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, plus: Any, minus: Any, negative: Any
) -> Any:  # fmt: skip
    """Write the products of block `_l` of `left` and block `_r` of `right` to block `_o` of `out`.

    `plus` and `minus` are the digits of the prime. `negative` is -1 / prime modulo 2^28, or None where that is one.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = len(plus)
        signs = [(_known_digits(builder, arguments[6 + i], kind)) for i, kind in enumerate((plus, minus))]
        target, a, b = _blocks(context, builder, signature, arguments[:6], count)
        is_one = isinstance(negative, types.NoneType)
        shifted = None if is_one else _splat(builder, builder.shl(arguments[8], ir.Constant(_I64, _SPARE)))
        sums = [cgutils.alloca_once_value(builder, _all_lanes(0)) for _ in range(count)]
        with cgutils.for_range(builder, ir.Constant(_I64, count)) as step:
            factor = _load(builder, a, step.index)
            totals = [builder.load(cell) for cell in sums]
            for place in range(count):
                product = _multiply(builder, factor, _load(builder, b, ir.Constant(_I64, place)))
                totals[place] = builder.add(totals[place], product)
            multiple = _lowest(builder, totals[0] if is_one else _quotient(builder, totals[0], shifted))
            for combine, digits in zip((builder.add, builder.sub), signs, strict=True):
                for place, digit in digits.items():
                    totals[place] = combine(totals[place], _multiply(builder, multiple, digit))
            carry = builder.ashr(totals[0], _all_lanes(BITS))
            for cell, total in zip(sums, [builder.add(totals[1], carry), *totals[2:]], strict=False):
                builder.store(total, cell)
            builder.store(_all_lanes(0), sums[-1])
        _store_carried(builder, target, [builder.load(cell) for cell in sums])
        return context.get_dummy_value()

    numbers = (out, types.intp, left, types.intp, right, types.intp)
    return types.void(*numbers, plus, minus, negative), code


@instruction
def add_doubled(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, _shape: Any
) -> Any:
    """Write block `_l` of `left` plus twice block `_r` of `right`, digit by digit, to block `_o` of `out`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = len(_shape)
        target, a, b = _blocks(context, builder, signature, arguments[:6], count)
        for place in range(count):
            at = ir.Constant(_I64, place)
            twice = builder.shl(_load(builder, b, at), _all_lanes(1))
            _store(builder, target, place, builder.add(_load(builder, a, at), twice))
        return context.get_dummy_value()

    return types.void(out, types.intp, left, types.intp, right, types.intp, _shape), code


@instruction
def copy_block(_context: Any, out: Any, _o: Any, numbers: Any, _n: Any) -> Any:
    """Copy block `_n` of `numbers` to block `_o` of `out`; both arrays have the same shape but for the number of blocks."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[2])(context, builder, arguments[2])
        target, source = (
            builder.gep(
                builder.bitcast(
                    context.make_array(signature.args[place])(context, builder, arguments[place]).data,
                    _VECTOR.as_pointer(),
                ),
                [builder.mul(arguments[place + 1], builder.extract_value(array.shape, 1))],
            )
            for place in (0, 2)
        )
        with cgutils.for_range(builder, builder.extract_value(array.shape, 1)) as step:
            builder.store(_load(builder, source, step.index), builder.gep(target, [step.index])).align = 8
        return context.get_dummy_value()

    return types.void(out, types.intp, numbers, types.intp), code


@instruction
def subtract_loosely(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, multiple: Any
) -> Any:
    """Write block `_l` of `left` less block `_r` of `right`, both reduced, as loose numbers to block `_o` of `out`.

    `multiple` is four times the prime in digits that no digit exceeds.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        more = _splat_all(builder, arguments[6])
        target, a, b = _blocks(context, builder, signature, arguments[:6], len(more))
        for place, digit in enumerate(more):
            at = ir.Constant(_I64, place)
            rest = builder.sub(builder.add(_load(builder, a, at), digit), _load(builder, b, at))
            _store(builder, target, place, rest)
        return context.get_dummy_value()

    return types.void(out, types.intp, left, types.intp, right, types.intp, multiple), code


@instruction
def subtract_reduced(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, multiple: Any, missing: Any, _top: Any
) -> Any:  # fmt: skip
    """Write block `_l` of `left` less block `_r` of `right`, reduced, to block `_o` of `out`.

    `multiple` is a multiple of the prime above any number in `right`, in digits that none of its digits exceeds. `missing` are
    the digits of 2^(bits of the prime) less the prime, and `_top` says how many bits of the highest digit belong to the prime.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        more, missing = (_splat_all(builder, arguments[place]) for place in (6, 7))
        target, a, b = _blocks(context, builder, signature, arguments[:6], len(more))
        digits = []
        for place, digit in enumerate(more):
            at = ir.Constant(_I64, place)
            digits.append(builder.sub(builder.add(_load(builder, a, at), digit), _load(builder, b, at)))
        digits = _carry(builder, digits)
        top = _splat(builder, arguments[8])
        over = builder.lshr(digits[-1], top)
        digits[-1] = builder.sub(digits[-1], builder.shl(over, top))
        added = (
            builder.add(digit, _multiply(builder, over, less))
            for digit, less in zip(digits, missing, strict=True)
        )
        _store_carried(builder, target, list(added))
        return context.get_dummy_value()

    numbers = (out, types.intp, left, types.intp, right, types.intp)
    return types.void(*numbers, multiple, missing, types.uint64), code


def _known_digits(builder: Any, digits: Any, kind: Any) -> dict[int, Any]:
    """Return the digits of a tuple that are not None, by their places."""
    values = cgutils.unpack_tuple(builder, digits)
    return {
        place: _splat(builder, values[place])
        for place, each in enumerate(kind)
        if not isinstance(each, types.NoneType)
    }


def _blocks(context: Any, builder: Any, signature: Any, arguments: Any, digits: int) -> list[Any]:
    """Return pointers to blocks, given as (array, block, array, block, ...)."""
    pointers = []
    for place in range(0, len(arguments), 2):
        data = context.make_array(signature.args[place])(context, builder, arguments[place]).data
        vectors = builder.bitcast(data, _VECTOR.as_pointer())
        pointers.append(builder.gep(vectors, [builder.mul(arguments[place + 1], ir.Constant(_I64, digits))]))
    return pointers


def _load(builder: Any, block: Any, place: Any) -> Any:
    digits = builder.load(builder.gep(block, [place]))
    digits.align = 8
    return digits


def _store(builder: Any, block: Any, place: int, digits: Any) -> None:
    builder.store(digits, builder.gep(block, [ir.Constant(_I64, place)])).align = 8


def _multiply(builder: Any, a: Any, b: Any) -> Any:
    low = _all_lanes(0xFFFFFFFF)  # tells the compiler that 32 x 32 bits suffice
    return builder.mul(builder.and_(a, low), builder.and_(b, low))


def _lowest(builder: Any, digits: Any) -> Any:
    return builder.and_(digits, _all_lanes((1 << BITS) - 1))


def _quotient(builder: Any, digits: Any, shifted: Any) -> Any:
    """Return the product of the lowest 28 bits with a factor shifted by `_SPARE`.

    Both are shifted, so that more than 32 bits of the product count: else the compiler takes a slow product of 64 bits.
    """
    spare = _all_lanes(_SPARE)
    product = _multiply(builder, builder.shl(digits, spare), shifted)
    return builder.lshr(product, builder.add(spare, spare))


def _carry(builder: Any, digits: list[Any]) -> list[Any]:
    """Return digits below 2^28; the highest keeps what is over."""
    carry, done = _all_lanes(0), []
    for digit in digits[:-1]:
        total = builder.add(digit, carry)
        done.append(_lowest(builder, total))
        carry = builder.ashr(total, _all_lanes(BITS))
    return [*done, builder.add(digits[-1], carry)]


def _store_carried(builder: Any, target: Any, digits: list[Any]) -> None:
    for place, digit in enumerate(_carry(builder, digits)):
        _store(builder, target, place, digit)


def _all_lanes(value: int) -> Any:
    return ir.Constant(_VECTOR, [value] * LANES)


def _splat_all(builder: Any, digits: Any) -> list[Any]:
    return [_splat(builder, digit) for digit in cgutils.unpack_tuple(builder, digits)]


def _splat(builder: Any, scalar: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))
