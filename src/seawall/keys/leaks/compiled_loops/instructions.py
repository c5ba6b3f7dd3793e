"""Machine instructions that numba cannot express, as building blocks of the compiled searches."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils

from seawall_base.compiled import instruction

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

LANES = 8
"""Numbers processed together."""

_I32, _I64, _I128 = ir.IntType(32), ir.IntType(64), ir.IntType(128)
_VECTOR = ir.VectorType(_I64, LANES)


@instruction
def multiply_add(_context: Any, _a: Any, _b: Any, _low: Any, _high: Any) -> Any:
    """Return (low, high) + a b as a 128-bit number, again as (low, high)."""

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
def divide_lanes(
    _context: Any, divisors: Any, quotients: Any, dividend: Any, inverses: Any, _digits: Any, _bits: Any
) -> Any:
    """Write the low digits of dividend / divisor in each lane to `quotients`.

    Arrays of uint64: `divisors` and `quotients` (digits, lanes), `dividend` (digits), `inverses` (lanes) of the
    divisors' lowest digits. `digits` is a multiple of four, because four columns of the product are summed in one
    pass. Written as vector instructions, because the compiler does not generate them itself.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = zip(signature.args[:4], arguments[:4], strict=True)
        data = [context.make_array(kind)(context, builder, value).data for kind, value in arrays]
        w, q, inverse = (builder.bitcast(data[i], _VECTOR.as_pointer()) for i in (0, 1, 3))
        _write_division(builder, (w, q, data[2], inverse), arguments[4], arguments[5])
        return context.get_dummy_value()

    return types.void(divisors, quotients, dividend, inverses, types.intp, types.uint64), code


@instruction
def multiply_lanes(_context: Any, factors: Any, numbers: Any, _row: Any, _terms: Any, sums: Any) -> Any:
    """Write the sum of `factors[i] * numbers[row, i]` modulo 2^64 over the first `terms` i, for each lane, to `sums`.

    Arrays of uint64: `factors` (terms, lanes), `numbers` (rows, terms), contiguous, `sums` (lanes).
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds = (signature.args[0], signature.args[1], signature.args[4])
        values = (arguments[0], arguments[1], arguments[4])
        factors, numbers, sums = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(kinds, values, strict=True)
        )
        width = builder.extract_value(numbers.shape, 1)
        row = builder.gep(numbers.data, [builder.mul(arguments[2], width)])
        lanes = builder.bitcast(factors.data, _VECTOR.as_pointer())
        total = cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, [0] * LANES))
        with cgutils.for_range(builder, arguments[3]) as terms:
            factor = builder.load(builder.gep(lanes, [terms.index]))
            factor.align = 8
            number = _splat(builder, builder.load(builder.gep(row, [terms.index])))
            builder.store(builder.add(builder.load(total), builder.mul(factor, number)), total)
        builder.store(builder.load(total), builder.bitcast(sums.data, _VECTOR.as_pointer())).align = 8
        return context.get_dummy_value()

    return types.void(factors, numbers, types.intp, types.intp, sums), code


@instruction
def extract_windows(
    _context: Any, rows: Any, _first: Any, _step: Any, _size: Any, _count: Any, _width: Any, out: Any
) -> Any:
    """Write `count` windows of `width` bits to `out`, for each lane: window i begins at bit `first + i step` of a number.

    `rows` are the number's digits of `size` bits, lowest first, for each lane; four of them hold any window, and three more rows
    exist after the last. `first` is not negative, `step` may be. All are arrays of uint64 (rows, lanes).
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data, target = (
            builder.bitcast(
                context.make_array(signature.args[i])(context, builder, arguments[i]).data,
                _VECTOR.as_pointer(),
            )
            for i in (0, 6)
        )
        first, step, size, count, width = arguments[1:6]
        mask = _splat(builder, builder.lshr(ir.Constant(_I64, -1), builder.sub(ir.Constant(_I64, 64), width)))
        with cgutils.for_range(builder, count) as windows:
            bit = builder.add(first, builder.mul(windows.index, step))
            row = builder.udiv(bit, size)
            number = ir.Constant(_VECTOR, [0] * LANES)
            shift = builder.sub(builder.mul(row, size), bit)
            for place in range(4):
                digits = builder.load(builder.gep(data, [builder.add(row, ir.Constant(_I64, place))]))
                digits.align = 8
                number = builder.or_(number, _shift(builder, digits, shift))
                shift = builder.add(shift, size)
            builder.store(builder.and_(number, mask), builder.gep(target, [windows.index])).align = 8
        return context.get_dummy_value()

    numbers = (types.intp, types.intp, types.intp, types.intp, types.intp)
    return types.void(rows, *numbers, out), code


def _shift(builder: Any, digits: Any, shift: Any) -> Any:
    """Return digits shifted left, or right if `shift` is negative; zero from 64 bits on."""
    zero, most = ir.Constant(_I64, 0), ir.Constant(_I64, 63)
    is_left = builder.icmp_signed(">=", shift, zero)
    left = builder.shl(digits, _splat(builder, builder.and_(shift, most)))
    right = builder.lshr(digits, _splat(builder, builder.and_(builder.neg(shift), most)))
    is_within = builder.icmp_signed("<=", shift, most)
    chosen = builder.select(is_left, left, right)
    return builder.select(is_within, chosen, ir.Constant(_VECTOR, [0] * LANES))


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
        low = all_lanes(0xFFFFFFFF)  # tells the compiler that 32 x 32 bits suffice
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
