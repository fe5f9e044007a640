import { toCsv } from '../../lib/csv'
import type { LegendEntry, Picture } from '../types'
import { penOn } from './canvasPen'
import { fitted, type Pen } from './pen'
import { SvgPen } from './svgPen'
import type { Theme } from './theme'

const HEAD = 30
const ROW = 17
const MOST_ENTRIES = 24
const SCALE = 2
/** files are read on paper and slides: small charts grow */
const LEAST = { width: 860, height: 460 }

/** A title as the name of a file. */
export function fileName(title: string, suffix: string): string {
  return `${title.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^_+|_+$/g, '') || 'chart'}.${suffix}`
}

/** How high a picture becomes with its title and legend. */
function heightOf({ legend }: Picture, width: number, height: number): number {
  const rows = Math.ceil(Math.min(legend?.length ?? 0, MOST_ENTRIES) / columnsIn(width))
  return height + HEAD + (rows ? rows * ROW + 12 : 0)
}

function columnsIn(width: number): number {
  return Math.max(1, Math.floor(width / 205))
}

/** Draw a picture as a file has it: on paper, with its title and legend. */
export function drawFile(
  pen: Pen,
  picture: Picture,
  title: string,
  width: number,
  height: number,
  theme: Theme,
): void {
  const whole = heightOf(picture, width, height)
  pen.rect(0, 0, width, whole, { fill: theme.paper })
  pen.text(12, HEAD / 2 + 2, fitted(pen, title, width - 24, 14), {
    colour: theme.ink,
    size: 14,
    bold: true,
  })
  picture.draw?.(shifted(pen, HEAD), width, height, theme)
  drawLegend(pen, picture.legend ?? [], HEAD + height + 6, width, theme)
}

function drawLegend(
  pen: Pen,
  entries: readonly LegendEntry[],
  top: number,
  width: number,
  theme: Theme,
): void {
  const columns = columnsIn(width)
  const room = width / columns
  for (const [index, entry] of entries.slice(0, MOST_ENTRIES).entries()) {
    const x = 12 + (index % columns) * room
    const y = top + Math.floor(index / columns) * ROW + ROW / 2
    const more = index === MOST_ENTRIES - 1 ? entries.length - MOST_ENTRIES : 0
    const label = more > 0 ? `${entry.label}, and ${more} more` : entry.label
    pen.line([x, x + 18], [y, y], { stroke: entry.colour, width: 2.5, dash: entry.dash })
    pen.text(x + 24, y, fitted(pen, label, room - 40), { colour: theme.ink })
  }
}

/** The same pen with everything further down. */
export function shifted(pen: Pen, by: number): Pen {
  const down = (values: ArrayLike<number>) => Float64Array.from(values, (value) => value + by)
  return {
    line: (xs, ys, ink) => pen.line(xs, down(ys), ink),
    rings: (rings, ink) =>
      pen.rings(
        rings.map((ring) => ring.map(([x, y]) => [x!, y! + by])),
        ink,
      ),
    rect: (x, y, width, height, ink) => pen.rect(x, y + by, width, height, ink),
    circle: (x, y, radius, ink) => pen.circle(x, y + by, radius, ink),
    text: (x, y, text, words) => pen.text(x, y + by, text, words),
    clip: (x, y, width, height, draw) => pen.clip(x, y + by, width, height, draw),
    measure: (text, size) => pen.measure(text, size),
  }
}

/** A picture as SVG: lines, shapes and text, nothing rastered. */
export function asSvg(
  picture: Picture,
  title: string,
  width: number,
  height: number,
  theme: Theme,
): string {
  width = Math.max(width, LEAST.width)
  height = Math.max(height, LEAST.height)
  const ctx = document.createElement('canvas').getContext('2d')
  const measure = ctx
    ? (text: string, size: number) => {
        ctx.font = `${size}px system-ui, sans-serif`
        return ctx.measureText(text).width
      }
    : undefined
  const pen = new SvgPen(width, heightOf(picture, width, height), measure)
  drawFile(pen, picture, title, width, height, theme)
  return pen.document(`${title}. ${picture.summary}`)
}

/** A picture as PNG, with twice the pixels of the page. */
export async function asPng(
  picture: Picture,
  title: string,
  width: number,
  height: number,
  theme: Theme,
): Promise<Blob> {
  width = Math.max(width, LEAST.width)
  height = Math.max(height, LEAST.height)
  const canvas = document.createElement('canvas')
  const pen = penOn(canvas, width, heightOf(picture, width, height), SCALE)
  if (!pen) throw new Error('This browser gives no canvas to draw on.')
  drawFile(pen, picture, title, width, height, theme)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The image is too large.')))),
  )
}

/** What a picture shows as CSV: all points where a table on the page says less. */
export function asCsv(picture: Picture): string {
  const { columns, rows } = picture.csv?.() ?? {
    columns: [...picture.columns],
    rows: picture.rows(),
  }
  return toCsv([columns, ...rows])
}
