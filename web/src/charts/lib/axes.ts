import type { Scale } from './scale'
import { fitted, type Pen } from './pen'
import type { Theme } from './theme'

/** The part of a picture that curves are in. */
export interface Frame {
  left: number
  top: number
  width: number
  height: number
}

export interface Axes {
  frame: Frame
  x: (value: number) => number
  y: (value: number) => number
}

interface Side {
  scale: Scale
  label: string
}

const ROW = 16

/** Draw both axes with their grid, and say where values lie. */
export function drawAxes(
  pen: Pen,
  { width, height, theme, x, y }: { width: number; height: number; theme: Theme; x: Side; y: Side },
): Axes {
  const yTicks = y.scale.ticks(Math.max(2, Math.floor(height / 44)))
  const widest = Math.max(...yTicks.map((tick) => pen.measure(tick.label)), 12)
  const left = Math.min(width * 0.4, widest + 14) + (y.label ? ROW : 0)
  const frame = {
    left,
    top: 8,
    width: Math.max(1, width - left - 14),
    height: Math.max(1, height - 8 - 22 - (x.label ? ROW : 0)),
  }
  const axes = placed(frame, x.scale, y.scale)
  drawX(pen, x, axes, theme)
  for (const { value, label } of yTicks) {
    const at = Math.round(axes.y(value)) + 0.5
    pen.line([frame.left, frame.left + frame.width], [at, at], { stroke: theme.line })
    pen.text(frame.left - 6, at, fitted(pen, label, frame.left - (y.label ? ROW : 0) - 8), {
      colour: theme.quiet,
      align: 'right',
    })
  }
  if (y.label) {
    pen.text(8, frame.top + frame.height / 2, fitted(pen, y.label, frame.height), {
      colour: theme.quiet,
      align: 'center',
      turn: -90,
    })
  }
  return axes
}

function drawX(pen: Pen, side: Side, { frame, x }: Axes, theme: Theme): void {
  const bottom = frame.top + frame.height
  const ticks = side.scale.ticks(Math.max(2, Math.floor(frame.width / 64)))
  const room = side.scale.kind === 'category' ? frame.width / Math.max(1, ticks.length) - 4 : 1e6
  for (const { value, label } of ticks) {
    const at = Math.round(x(value)) + 0.5
    if (side.scale.kind !== 'category')
      pen.line([at, at], [frame.top, bottom], { stroke: theme.line })
    pen.text(at, bottom + 13, fitted(pen, label, room), { colour: theme.quiet, align: 'center' })
  }
  if (side.label) {
    pen.text(
      frame.left + frame.width / 2,
      bottom + 13 + ROW,
      fitted(pen, side.label, frame.width),
      {
        colour: theme.quiet,
        align: 'center',
      },
    )
  }
}

/** Where values lie in a frame; y grows upwards. */
export function placed(frame: Frame, x: Scale, y: Scale): Axes {
  return {
    frame,
    x: (value) => frame.left + x.at(value) * frame.width,
    y: (value) => frame.top + (1 - y.at(value)) * frame.height,
  }
}
