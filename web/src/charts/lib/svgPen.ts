import { FONT, SMALL, type Ink, type Numbers, type Pen } from './pen'

/** A pen that writes SVG: real lines and text, nothing rastered. */
export class SvgPen implements Pen {
  private parts: string[] = []
  private clips = 0

  constructor(
    readonly width: number,
    readonly height: number,
    private readonly widthOf: (text: string, size: number) => number = about,
  ) {}

  line(xs: Numbers, ys: Numbers, ink: Ink): void {
    let path = ''
    let down = false
    for (let index = 0; index < xs.length; index++) {
      const x = xs[index]!
      const y = ys[index]!
      if (Number.isNaN(x) || Number.isNaN(y)) down = false
      else {
        path += `${down ? 'L' : 'M'}${short(x)} ${short(y)}`
        down = true
      }
    }
    if (path) this.parts.push(`<path d="${path}" ${inked(ink)}/>`)
  }

  rings(rings: readonly (readonly (readonly number[])[])[], ink: Ink): void {
    const path = rings
      .map((ring) => `M${ring.map((point) => point.map(short).join(' ')).join('L')}Z`)
      .join('')
    if (path) this.parts.push(`<path fill-rule="evenodd" d="${path}" ${inked(ink)}/>`)
  }

  rect(x: number, y: number, width: number, height: number, ink: Ink): void {
    const size = `width="${short(width)}" height="${short(height)}"`
    this.parts.push(`<rect x="${short(x)}" y="${short(y)}" ${size} ${inked(ink)}/>`)
  }

  circle(x: number, y: number, radius: number, ink: Ink): void {
    this.parts.push(
      `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" ${inked(ink)}/>`,
    )
  }

  text(
    x: number,
    y: number,
    text: string,
    {
      size = SMALL,
      colour,
      align = 'left',
      baseline = 'middle',
      bold,
      turn,
    }: Parameters<Pen['text']>[3],
  ): void {
    const anchor = { left: 'start', center: 'middle', right: 'end' }[align]
    const base = { top: 'text-before-edge', middle: 'central', bottom: 'text-after-edge' }[baseline]
    const more = `${bold ? ' font-weight="600"' : ''}${turn ? ` transform="rotate(${turn} ${short(x)} ${short(y)})"` : ''}`
    this.parts.push(
      `<text x="${short(x)}" y="${short(y)}" font-size="${size}" fill="${escaped(colour)}" ` +
        `text-anchor="${anchor}" dominant-baseline="${base}"${more}>${escaped(text)}</text>`,
    )
  }

  clip(x: number, y: number, width: number, height: number, draw: () => void): void {
    const id = `clip${++this.clips}`
    this.parts.push(
      `<clipPath id="${id}"><rect x="${short(x)}" y="${short(y)}" width="${short(width)}" ` +
        `height="${short(height)}"/></clipPath><g clip-path="url(#${id})">`,
    )
    draw()
    this.parts.push('</g>')
  }

  measure(text: string, size = SMALL): number {
    return this.widthOf(text, size)
  }

  /** The file; `title` is what screen readers say of it. */
  document(title: string): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" ` +
      `viewBox="0 0 ${this.width} ${this.height}" font-family="${escaped(FONT)}" role="img">` +
      `<title>${escaped(title)}</title>\n${this.parts.join('\n')}\n</svg>\n`
    )
  }
}

function about(text: string, size: number): number {
  return text.length * size * 0.55
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}

function inked({ stroke, width = 1, dash, fill, alpha = 1 }: Ink): string {
  const parts = [`fill="${fill ? escaped(fill) : 'none'}"`]
  if (stroke) {
    parts.push(`stroke="${escaped(stroke)}" stroke-width="${width}" stroke-linejoin="round"`)
    if (dash?.length) parts.push(`stroke-dasharray="${dash.join(' ')}"`)
  }
  if (alpha < 1) parts.push(`opacity="${alpha}"`)
  return parts.join(' ')
}

/** Text and attributes of XML; characters that XML has no place for become question marks. */
export function escaped(text: string): string {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '?') // oxlint-disable-line no-control-regex
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
