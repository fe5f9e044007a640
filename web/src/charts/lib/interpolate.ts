import { Delaunay } from 'd3-delaunay'

export interface Surface {
  columns: number
  rows: number
  /** row by row, the first row at y = 0; NaN outside of the points' hull */
  values: Float64Array
}

/**
 * A surface over scattered points with x and y from 0 to 1: inside of each triangle of neighbours
 * the plane through its corners. Nothing is made up outside of the points.
 */
export function surfaceOf(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  zs: ArrayLike<number>,
  columns: number,
  rows: number,
): Surface {
  const points = merged(xs, ys, zs)
  const values = new Float64Array(columns * rows).fill(NaN)
  const { triangles } = new Delaunay(Float64Array.from(points.flatMap(([x, y]) => [x, y])))
  for (let index = 0; index + 2 < triangles.length; index += 3) {
    const corners = [0, 1, 2].map((corner) => points[triangles[index + corner]!]!)
    fillTriangle(values, columns, rows, corners as [Point, Point, Point])
  }
  return { columns, rows, values }
}

type Point = readonly [x: number, y: number, z: number]

/** Points at the same place become one with their mean; what has no value is left out. */
function merged(xs: ArrayLike<number>, ys: ArrayLike<number>, zs: ArrayLike<number>): Point[] {
  const found = new Map<string, { x: number; y: number; sum: number; count: number }>()
  for (let index = 0; index < xs.length; index++) {
    const [x, y, z] = [xs[index]!, ys[index]!, zs[index]!]
    if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) continue
    const key = `${x} ${y}`
    const place = found.get(key) ?? { x, y, sum: 0, count: 0 }
    place.sum += z
    place.count++
    found.set(key, place)
  }
  return [...found.values()].map(({ x, y, sum, count }) => [x, y, sum / count])
}

const EDGE = 1e-9

function fillTriangle(
  values: Float64Array,
  columns: number,
  rows: number,
  [a, b, c]: readonly [Point, Point, Point],
): void {
  const area = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
  if (Math.abs(area) < 1e-14) return
  const [firstColumn, lastColumn] = span([a[0], b[0], c[0]], columns)
  const [firstRow, lastRow] = span([a[1], b[1], c[1]], rows)
  for (let row = firstRow; row <= lastRow; row++) {
    const y = row / (rows - 1)
    for (let column = firstColumn; column <= lastColumn; column++) {
      const x = column / (columns - 1)
      const first = ((b[1] - c[1]) * (x - c[0]) + (c[0] - b[0]) * (y - c[1])) / area
      const second = ((c[1] - a[1]) * (x - c[0]) + (a[0] - c[0]) * (y - c[1])) / area
      const third = 1 - first - second
      if (first < -EDGE || second < -EDGE || third < -EDGE) continue
      values[row * columns + column] = first * a[2] + second * b[2] + third * c[2]
    }
  }
}

function span(places: readonly number[], cells: number): [number, number] {
  const low = Math.max(0, Math.ceil(Math.min(...places) * (cells - 1) - EDGE))
  const high = Math.min(cells - 1, Math.floor(Math.max(...places) * (cells - 1) + EDGE))
  return [low, high]
}
