/** The colours of a placeholder. Ink is readable on ground, far and shape, and on every mixture of them. */
export interface Palette {
  ground: string;
  /** The colour that ground passes into. */
  far: string;
  shape: string;
  /** Small signs only, never under or as text. */
  accent: string;
  ink: string;
}

export const palettes: readonly [Palette, ...Palette[]] = [
  { ground: '#0e1a33', far: '#1f3d66', shape: '#27507d', accent: '#f2b84b', ink: '#ffffff' },
  { ground: '#0a3328', far: '#14594a', shape: '#1a6b58', accent: '#f4d58d', ink: '#ffffff' },
  { ground: '#2a1846', far: '#57296b', shape: '#6d3479', accent: '#ffb4a2', ink: '#ffffff' },
  { ground: '#6e2718', far: '#93391f', shape: '#b04a2c', accent: '#ffd9a0', ink: '#ffffff' },
  { ground: '#07343f', far: '#0d5768', shape: '#11667a', accent: '#ffe08a', ink: '#ffffff' },
  { ground: '#1a1b20', far: '#33353f', shape: '#42444f', accent: '#ff8a5b', ink: '#ffffff' },
  { ground: '#f8f2e6', far: '#ecdfc8', shape: '#e3cfae', accent: '#b5532c', ink: '#2b2118' },
  { ground: '#eef5fc', far: '#d3e4f6', shape: '#bcd5ee', accent: '#2f6fd0', ink: '#12263f' },
  { ground: '#eff5ec', far: '#d6e5cf', shape: '#c2d8b8', accent: '#3f7d54', ink: '#1a2c1f' },
  { ground: '#fdf1ef', far: '#f8dcd7', shape: '#f2c7c1', accent: '#c2455b', ink: '#3b1a22' },
];

/** What a composition draws with; numbers are pixels. */
interface Canvas {
  width: number;
  height: number;
  /** The shorter side, which sizes go by. */
  unit: number;
  /** A number from `from` to `to`, chosen by the seed. */
  pick: (from: number, to: number) => number;
}

type Composition = (canvas: Canvas) => string;

/** A placeholder without its words. */
export type Design = ReturnType<typeof createDesign>;

/** Chooses colours and a composition by the seed; the SVG is `mirrored` for text that runs from right to left. */
export function createDesign(width: number, height: number, seed: number) {
  const random = seededRandom(seed);
  const choose = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0];
  const palette = choose(palettes);
  const composition = choose(compositions);
  const pick = (from: number, to: number) => Math.round(from + random() * (to - from));
  const shapes = composition({ width, height, unit: Math.min(width, height), pick });
  return {
    palette,
    svg: (mirrored: boolean) => `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      <defs><linearGradient id="ground" x1="0" y1="0" x2="1" y2="1">
        <stop offset="0" stop-color="${palette.ground}"/><stop offset="1" stop-color="${palette.far}"/>
      </linearGradient></defs>
      <g${mirrored ? ` transform="translate(${width} 0) scale(-1 1)"` : ''}>
        <rect width="${width}" height="${height}" fill="url(#ground)"/>
        <g fill="${palette.shape}" stroke="${palette.shape}" stroke-width="0">${shapes}</g>
      </g>
    </svg>`,
  };
}

const compositions: readonly [Composition, ...Composition[]] = [discs, rings, waves, hills, bands, petals];

function discs({ width, height, unit, pick }: Canvas): string {
  const [x, y] = [width - pick(0, unit * 0.12), pick(0, unit * 0.12)];
  return `${circle(x, y, pick(unit * 0.42, unit * 0.55), 0.55)}
    ${circle(x - unit * 0.32, y + unit * 0.3, pick(unit * 0.16, unit * 0.24), 0.5)}
    ${circle(pick(0, unit * 0.1), height, pick(unit * 0.24, unit * 0.36), 0.45)}`;
}

function rings({ width, height, unit, pick }: Canvas): string {
  const [x, y] = [width - pick(0, unit * 0.15), height - pick(0, unit * 0.15)];
  const step = pick(unit * 0.11, unit * 0.15);
  return Array.from(
    { length: 6 },
    (_, ring) =>
      `<circle cx="${x}" cy="${y}" r="${step * (ring + 1)}" fill="none" stroke-width="${unit * 0.028}" stroke-opacity="${0.85 - ring * 0.12}"/>`,
  ).join('');
}

function waves({ width, height, unit, pick }: Canvas): string {
  return [0.34, 0.25, 0.15]
    .map((share) => {
      const level = height - unit * share;
      const [swell, shift] = [pick(unit * 0.04, unit * 0.1), pick(-unit * 0.06, unit * 0.06)];
      return `<path fill-opacity="0.4" d="M0 ${level + shift} C${width * 0.3} ${level - swell * 2} ${width * 0.55} ${level + swell * 2}
        ${width} ${level - swell} V${height} H0 Z"/>`;
    })
    .join('');
}

function hills({ width, height, unit, pick }: Canvas): string {
  return `${circle(width - unit * 0.24, unit * 0.24, pick(unit * 0.1, unit * 0.15), 0.8)}
    <ellipse cx="${width * 0.15}" cy="${height}" rx="${width * 0.6}" ry="${pick(unit * 0.2, unit * 0.3)}" fill-opacity="0.45"/>
    <ellipse cx="${width * 0.95}" cy="${height}" rx="${width * 0.7}" ry="${pick(unit * 0.16, unit * 0.26)}" fill-opacity="0.6"/>`;
}

function bands({ width, height, unit, pick }: Canvas): string {
  const lean = pick(unit * 0.25, unit * 0.45);
  return [0.52, 0.36, 0.18]
    .map((share) => {
      const x = width - unit * share;
      return `<path fill-opacity="0.36" d="M${x + lean} 0 H${width} V${height} H${x - lean} Z"/>`;
    })
    .join('');
}

function petals({ width, height, unit, pick }: Canvas): string {
  const side = pick(unit * 0.17, unit * 0.21);
  const cells = [
    ...[0, 1, 2].map((column) => ({ x: width - side * (column + 1), y: height - side })),
    ...[0, 1].map((column) => ({ x: width - side * (column + 1), y: height - side * 2 })),
    { x: width - side, y: height - side * 3 },
  ];
  return cells
    .map(({ x, y }, index) => {
      const opacity = 0.35 + pick(0, 5) / 10;
      return index % 2 === 0
        ? `<path fill-opacity="${opacity}" d="M${x} ${y} h${side} v${side} A${side} ${side} 0 0 1 ${x} ${y} Z"/>`
        : `<path fill-opacity="${opacity}" d="M${x + side} ${y} v${side} h${-side} A${side} ${side} 0 0 1 ${x + side} ${y} Z"/>`;
    })
    .join('');
}

function circle(x: number, y: number, radius: number, opacity: number): string {
  return `<circle cx="${x}" cy="${y}" r="${radius}" fill-opacity="${opacity}"/>`;
}

/** Mulberry32: small, and even enough for choosing shapes. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
