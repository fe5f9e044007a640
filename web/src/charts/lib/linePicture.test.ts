import { expect, test } from 'vitest'
import type { Axes } from './axes'
import { drawLines } from './linePicture'
import type { Line } from './lines'
import type { Ink } from './pen'
import { SvgPen } from './svgPen'

const AXES: Axes = {
  frame: { left: 0, top: 0, width: 1000, height: 300 },
  x: (value) => value,
  y: (value) => value,
}

/** Remembers with what ink lines were drawn. */
class Watched extends SvgPen {
  inks: Ink[] = []
  override line(...[xs, ys, ink]: Parameters<SvgPen['line']>): void {
    this.inks.push(ink)
    super.line(xs, ys, ink)
  }
}

function line(valueAt: (index: number) => number, raw: Line['raw'] = null): Line {
  const x = Float64Array.from({ length: 2000 }, (_, index) => index / 2)
  const looks = { id: 'a', runId: 'a', experimentId: '1', label: 'a', colour: '#123456', dash: [] }
  const points = { x, y: x.map((_, index) => valueAt(index)), raw, low: null, high: null }
  return { ...looks, ...points, step: x, count: x.length, exact: true, runs: 1 }
}

function hairs(lines: Line[]): (boolean | undefined)[] {
  const pen = new Watched(1000, 300)
  drawLines(pen, AXES, lines)
  return pen.inks.map((ink) => ink.hair)
}

const zigzag = (index: number) => (index % 2) * 290

test('only many lines that turn again and again are as thin as can be', () => {
  expect(hairs([line(zigzag)])[0]).toBe(true)
  expect(hairs([line((index) => index / 7)])[0]).toBe(false)
  const gaps = line((index) => (index % 3 ? index : NaN))
  expect(hairs([gaps])[0]).toBe(false)
})

test('a smooth line keeps its width above the noise of what was logged', () => {
  const noise = line(zigzag).y
  expect(hairs([line((index) => index / 7, noise)]).slice(0, 2)).toEqual([true, false])
})
