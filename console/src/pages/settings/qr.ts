/** A minimal QR code encoder (ISO/IEC 18004) for short URLs: bytes, level L, versions 1 to 10, one mask. */

const CODEWORDS = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346];
const CHECKS = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4];
const ALIGNED = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

/** Return rows of dark (true) and light modules. Throws if the text is too long (271 bytes). */
export function qrModules(text: string): boolean[][] {
  const bytes = [...new TextEncoder().encode(text)];
  const version = CODEWORDS.findIndex((_, at) => room(at) >= bytes.length + (at < 9 ? 2 : 3)) + 1;
  if (version === 0) throw new Error("too long for a QR code");
  const at = version - 1;
  const drawing = new Drawing(version);
  drawing.patterns(ALIGNED[at] as number[]);
  drawing.data(withChecks(contents(bytes, version), BLOCKS[at] as number, CHECKS[at] as number, CODEWORDS[at] as number));
  drawing.format();
  return drawing.modules;
}

function room(at: number): number {
  return (CODEWORDS[at] as number) - (CHECKS[at] as number) * (BLOCKS[at] as number);
}

/** Encode mode, length and bytes, padded to the version's capacity. */
function contents(bytes: readonly number[], version: number): number[] {
  const bits: number[] = [];
  const push = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >>> bit) & 1);
  };
  push(4, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  const size = room(version - 1) * 8;
  push(0, Math.min(4, size - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < size; pad ^= 0xec ^ 0x11) push(pad, 8);
  return Array.from({ length: size / 8 }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((byte, bit) => byte * 2 + bit, 0));
}

/** Interleave the blocks and their Reed-Solomon codewords. */
function withChecks(data: readonly number[], blocks: number, checks: number, all: number): number[] {
  const short = Math.floor(all / blocks) - checks;
  const longer = all % blocks;
  const divisor = divisorOf(checks);
  const parts: { data: number[]; checks: number[] }[] = [];
  for (let block = 0, from = 0; block < blocks; block += 1) {
    const length = short + (block >= blocks - longer ? 1 : 0);
    const part = data.slice(from, from + length);
    from += length;
    parts.push({ data: part, checks: remainder(part, divisor) });
  }
  const woven: number[] = [];
  for (let at = 0; at <= short; at += 1) for (const part of parts) if (at < part.data.length) woven.push(part.data[at] as number);
  for (let at = 0; at < checks; at += 1) for (const part of parts) woven.push(part.checks[at] as number);
  return woven;
}

/** Multiply in GF(2⁸) modulo x⁸+x⁴+x³+x²+1. */
function times(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((other >>> bit) & 1) * one;
  }
  return product;
}

function divisorOf(degree: number): number[] {
  const divisor = [...new Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let at = 0; at < degree; at += 1) divisor[at] = times(divisor[at] as number, root) ^ (divisor[at + 1] ?? 0);
    root = times(root, 2);
  }
  return divisor;
}

function remainder(data: readonly number[], divisor: readonly number[]): number[] {
  const rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ (rest.shift() as number);
    rest.push(0);
    divisor.forEach((coefficient, at) => {
      rest[at] = (rest[at] as number) ^ times(coefficient, factor);
    });
  }
  return rest;
}

class Drawing {
  readonly size: number;
  readonly modules: boolean[][];
  private readonly taken: boolean[][];

  constructor(private readonly version: number) {
    this.size = version * 4 + 17;
    this.modules = Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false));
    this.taken = this.modules.map((row) => [...row]);
  }

  private set(x: number, y: number, isDark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    (this.modules[y] as boolean[])[x] = isDark;
    (this.taken[y] as boolean[])[x] = true;
  }

  patterns(aligned: readonly number[]): void {
    for (let at = 0; at < this.size; at += 1) {
      this.set(6, at, at % 2 === 0);
      this.set(at, 6, at % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [this.size - 4, 3], [3, this.size - 4]] as const) {
      this.rings(x, y, 4, (distance) => distance !== 2 && distance !== 4);
    }
    const last = aligned.length - 1;
    aligned.forEach((x, column) =>
      aligned.forEach((y, row) => {
        const isCorner = (column === 0 && row === 0) || (column === 0 && row === last) || (column === last && row === 0);
        if (!isCorner) this.rings(x, y, 2, (distance) => distance !== 1);
      }),
    );
    this.format();
    if (this.version >= 7) {
      let rest = this.version;
      for (let step = 0; step < 12; step += 1) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
      const bits = (this.version << 12) | rest;
      for (let at = 0; at < 18; at += 1) {
        const isDark = ((bits >>> at) & 1) === 1;
        const far = this.size - 11 + (at % 3);
        this.set(far, Math.floor(at / 3), isDark);
        this.set(Math.floor(at / 3), far, isDark);
      }
    }
  }

  private rings(x: number, y: number, reach: number, isDark: (distance: number) => boolean): void {
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) this.set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  }

  /** Write the format bits of level L with mask 0 (dark where row and column have an even sum). */
  format(): void {
    const level = 1 << 3;
    let rest = level;
    for (let step = 0; step < 10; step += 1) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    const bits = ((level << 10) | rest) ^ 0x5412;
    const isDark = (at: number) => ((bits >>> at) & 1) === 1;
    for (let at = 0; at < 6; at += 1) this.set(8, at, isDark(at));
    this.set(8, 7, isDark(6));
    this.set(8, 8, isDark(7));
    this.set(7, 8, isDark(8));
    for (let at = 9; at < 15; at += 1) this.set(14 - at, 8, isDark(at));
    for (let at = 0; at < 8; at += 1) this.set(this.size - 1 - at, 8, isDark(at));
    for (let at = 8; at < 15; at += 1) this.set(8, this.size - 15 + at, isDark(at));
    this.set(8, this.size - 8, true);
  }

  data(codewords: readonly number[]): void {
    let bit = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < this.size; step += 1) {
        const isUp = ((right + 1) & 2) === 0;
        const y = isUp ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if ((this.taken[y] as boolean[])[x]) continue;
          const value = bit < codewords.length * 8 && (((codewords[bit >>> 3] as number) >>> (7 - (bit & 7))) & 1) === 1;
          bit += 1;
          (this.modules[y] as boolean[])[x] = value !== ((x + y) % 2 === 0);
        }
      }
    }
  }
}
