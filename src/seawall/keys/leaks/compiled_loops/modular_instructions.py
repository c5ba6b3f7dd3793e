"""Arithmetic modulo a prime of a few words of 64 bits, as building blocks of the compiled searches.

Numbers are rows of words, lowest first, below the prime. The prime is a tuple of words, whose length the compiler knows.
Products are Montgomery's: `a b / 2^(64 words)` modulo the prime ("Modular Multiplication Without Trial Division",
Mathematics of Computation 44, 1985).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from seawall_base.compiled import instruction

_I64, _I128 = ir.IntType(64), ir.IntType(128)


@instruction
def multiply_modulo(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, prime: Any, _negative: Any
) -> Any:
    """Write the product of row `_l` of `left` and row `_r` of `right` to row `_o` of `out`.

    `_negative` is -1 / prime modulo 2^64.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        n = cgutils.unpack_tuple(builder, arguments[6])
        rows = _rows(context, builder, signature, arguments[:6], len(n))
        a, b = (_load_words(builder, row, len(n)) for row in rows[1:])
        _store_reduced(builder, rows[0], _product(builder, a, b, n, arguments[7]), n)
        return context.get_dummy_value()

    return types.void(out, types.intp, left, types.intp, right, types.intp, prime, types.uint64), code


@instruction
def subtract_modulo(
    _context: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any, prime: Any
) -> Any:
    """Write row `_l` of `left` less row `_r` of `right`, modulo the prime, to row `_o` of `out`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        n = cgutils.unpack_tuple(builder, arguments[6])
        target, left_row, right_row = _rows(context, builder, signature, arguments[:6], len(n))
        a, b = (_load_number(builder, row, len(n)) for row in (left_row, right_row))
        modulus = _number(builder, n)
        zero = ir.Constant(modulus.type, 0)
        more = builder.select(builder.icmp_unsigned("<", a, b), modulus, zero)
        _store_number(builder, target, builder.add(builder.sub(a, b), more))
        return context.get_dummy_value()

    return types.void(out, types.intp, left, types.intp, right, types.intp, prime), code


def _rows(context: Any, builder: Any, signature: Any, arguments: Any, words: int) -> list[Any]:
    """Return pointers to the rows of three arrays, given as (array, row, array, row, array, row)."""
    pointers = []
    for place in (0, 2, 4):
        data = context.make_array(signature.args[place])(context, builder, arguments[place]).data
        offset = builder.mul(arguments[place + 1], ir.Constant(_I64, words))
        pointers.append(builder.gep(data, [offset]))
    return pointers


def _load_words(builder: Any, row: Any, words: int) -> list[Any]:
    return [builder.load(builder.gep(row, [ir.Constant(_I64, i)])) for i in range(words)]


def _load_number(builder: Any, row: Any, words: int) -> Any:
    number = builder.load(builder.bitcast(row, ir.IntType(64 * words).as_pointer()))
    number.align = 8
    return number


def _number(builder: Any, words: list[Any]) -> Any:
    """Return the number that words make, lowest first."""
    kind = ir.IntType(64 * len(words))
    number = ir.Constant(kind, 0)
    for place, word in enumerate(words):
        part = builder.shl(builder.zext(word, kind), ir.Constant(kind, 64 * place))
        number = builder.or_(number, part)
    return number


def _store_number(builder: Any, row: Any, number: Any) -> None:
    builder.store(number, builder.bitcast(row, number.type.as_pointer())).align = 8


def _product(builder: Any, a: list[Any], b: list[Any], n: list[Any], negative: Any) -> list[Any]:
    """Return the product as words, one more than the factors have, below twice the modulus."""
    words = len(a)
    zero = ir.Constant(_I64, 0)
    total = [zero] * (words + 1)
    for digit in b:
        carry = zero
        for j in range(words):
            total[j], carry = _multiply_add(builder, a[j], digit, total[j], carry)
        total[words], top = _add(builder, total[words], carry)
        factor = builder.mul(total[0], negative)
        _, carry = _multiply_add(builder, factor, n[0], total[0], zero)
        for j in range(1, words):
            total[j - 1], carry = _multiply_add(builder, factor, n[j], total[j], carry)
        total[words - 1], carry = _add(builder, total[words], carry)
        total[words] = builder.add(top, carry)
    return total


def _multiply_add(builder: Any, a: Any, b: Any, more: Any, carry: Any) -> tuple[Any, Any]:
    """Return the low and the high word of `a b + more + carry`."""
    product = builder.mul(builder.zext(a, _I128), builder.zext(b, _I128))
    product = builder.add(product, builder.zext(more, _I128))
    return _halves(builder, builder.add(product, builder.zext(carry, _I128)))


def _add(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return _halves(builder, builder.add(builder.zext(a, _I128), builder.zext(b, _I128)))


def _halves(builder: Any, number: Any) -> tuple[Any, Any]:
    high = builder.lshr(number, ir.Constant(_I128, 64))
    return builder.trunc(number, _I64), builder.trunc(high, _I64)


def _store_reduced(builder: Any, row: Any, words: list[Any], prime: list[Any]) -> None:
    """Write a number below twice the prime, less the prime if it is not below it."""
    borrow = ir.Constant(_I128, 0)
    less = []
    for word, subtrahend in zip(words, [*prime, ir.Constant(_I64, 0)], strict=True):
        rest = builder.sub(builder.zext(word, _I128), builder.zext(subtrahend, _I128))
        rest = builder.sub(rest, borrow)
        borrow = builder.and_(builder.lshr(rest, ir.Constant(_I128, 64)), ir.Constant(_I128, 1))
        less.append(builder.trunc(rest, _I64))
    is_below = builder.icmp_unsigned("!=", borrow, ir.Constant(_I128, 0))
    for i in range(len(prime)):
        builder.store(builder.select(is_below, words[i], less[i]), builder.gep(row, [ir.Constant(_I64, i)]))
