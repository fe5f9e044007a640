import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Axes } from './lib/axes'
import { canvasPen, penOn } from './lib/canvasPen'
import { listen, publish } from './lib/cursor'
import { FONT, SMALL, type Pen } from './lib/pen'
import { curveScale } from './lib/scale'
import type { Theme } from './lib/theme'

type Range = readonly [number, number]

export interface Pointer {
  left: number
  top: number
  x: number
  y: number
}

interface Props {
  width: number
  height: number
  theme: Theme
  xRange: Range
  yRange: Range
  logX: boolean
  logY: boolean
  /** `step`, `time`, …: charts with the same share their cursor */
  axis: string
  /** draws the curves, and what is above them */
  paint: (pen: Pen, axes: Axes) => void
  paintOver: (pen: Pen, axes: Axes) => void
  /** where the keyboard puts the cursor */
  cursor: number | null
  onPointer: (pointer: Pointer | null, axes: Axes) => void
  onZoom: (range: { x?: [number, number]; y?: [number, number] }) => void
  onReset: () => void
  onClick: () => void
}

/**
 * The adapter to uPlot, and the only place that knows it: uPlot keeps scales, axes, the cursor and
 * the selection. Curves have an x each, so they are drawn by a pen and not joined into one table.
 */
export function PlotFrame(props: Props) {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const over = useRef<HTMLCanvasElement | null>(null)
  const fresh = useRef(false)
  const latest = useRef(props)
  latest.current = props
  const { width, height, theme, xRange, yRange, logX, logY, axis } = props
  const [x0, x1] = xRange
  const [y0, y1] = yRange

  useLayoutEffect(() => {
    const me = Symbol('chart')
    const made = new uPlot(optionsOf(latest, over, me), [[0, 1]], host.current!)
    const canvas = document.createElement('canvas')
    canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;pointer-events:none'
    made.over.prepend(canvas)
    over.current = canvas
    plot.current = made
    fresh.current = true
    const clicked = () => latest.current.onClick()
    made.over.addEventListener('click', clicked)
    const stop = listen((place) => {
      if (place.from === me || place.axis !== latest.current.axis) return
      const left = place.x === null ? -10 : made.valToPos(place.x, 'x')
      made.setCursor({ left: left <= made.over.clientWidth ? left : -10, top: -10 }, false)
    })
    repaintOver(made, canvas, latest.current)
    return () => {
      stop()
      made.destroy()
      plot.current = null
    }
  }, [theme, logX, logY, axis])

  useLayoutEffect(() => {
    const made = plot.current
    if (made && (made.width !== width || made.height !== height)) made.setSize({ width, height })
  }, [width, height])

  useLayoutEffect(() => {
    const made = plot.current
    // it draws by itself when it is made
    if (fresh.current || !made) {
      fresh.current = false
      return
    }
    made.batch(() => {
      made.setScale('x', { min: x0, max: x1 })
      made.setScale('y', { min: y0, max: y1 })
      made.redraw(false, true)
    })
  }, [x0, x1, y0, y1, props.paint])

  useEffect(() => {
    if (plot.current && over.current) repaintOver(plot.current, over.current, latest.current)
  }, [props.paintOver, x0, x1, y0, y1, width, height, theme])

  useEffect(() => {
    const made = plot.current
    if (!made || props.cursor === null) return
    made.setCursor({ left: made.valToPos(props.cursor, 'x'), top: made.over.clientHeight / 2 })
  }, [props.cursor])

  return <div ref={host} />
}

function optionsOf(
  latest: { current: Props },
  over: { current: HTMLCanvasElement | null },
  me: symbol,
): uPlot.Options {
  const { width, height, theme, logX, logY, axis } = latest.current
  const side = {
    stroke: theme.quiet,
    font: `${SMALL}px ${FONT}`,
    grid: { stroke: theme.line, width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    ms: 1,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    series: [{}],
    scales: {
      x: {
        time: axis === 'time',
        auto: false,
        distr: logX ? 3 : 1,
        range: () => [...latest.current.xRange],
      },
      y: { auto: false, distr: logY ? 3 : 1, range: () => [...latest.current.yRange] },
    },
    axes: [
      { ...side, ...ticksOf(axis, logX, 72), scale: 'x', size: 26, gap: 4 },
      { ...side, ...ticksOf('', logY, 40), scale: 'y', size: widthOfLabels, gap: 6 },
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: true, uni: 24, dist: 6, setScale: false },
      bind: {
        dblclick: () => () => {
          latest.current.onReset()
          return null
        },
      },
    },
    hooks: {
      draw: [
        (made) => {
          made.ctx.save()
          made.ctx.setTransform(uPlot.pxRatio, 0, 0, uPlot.pxRatio, 0, 0)
          const axes = axesOf(made)
          const { frame } = axes
          const pen = canvasPen(made.ctx)
          pen.clip(frame.left, frame.top, frame.width, frame.height, () =>
            latest.current.paint(pen, axes),
          )
          made.ctx.restore()
          if (over.current) repaintOver(made, over.current, latest.current)
        },
      ],
      setCursor: [
        (made) => {
          const { left = -10, top = -10 } = made.cursor
          const axes = axesOf(made)
          const x = made.posToVal(left, 'x')
          publish({ from: me, axis, x: left < 0 ? null : x })
          latest.current.onPointer(
            left < 0 ? null : { left, top, x, y: made.posToVal(top, 'y') },
            axes,
          )
        },
      ],
      setSelect: [(made) => selected(made, latest.current.onZoom)],
    },
  }
}

/** Ticks as files of the same chart have them. */
function ticksOf(axis: string, log: boolean, apart: number): uPlot.Axis {
  let labels: string[] = []
  return {
    splits: (made, index, low, high) => {
      const length = index === 0 ? made.width - 60 : made.height - 30
      const ticks = curveScale(axis, log, low, high).ticks(Math.max(2, Math.floor(length / apart)))
      labels = ticks.map((tick) => tick.label)
      return ticks.map((tick) => tick.value)
    },
    filter: (_, splits) => splits,
    values: () => labels,
  }
}

/** A rectangle was dragged: as wide or high as the plot means that only the other axis is meant. */
function selected(made: uPlot, onZoom: Props['onZoom']): void {
  const { left, top, width, height } = made.select
  if (width <= 0 || height <= 0) return
  const all = { width: made.over.clientWidth, height: made.over.clientHeight }
  const range: { x?: [number, number]; y?: [number, number] } = {}
  if (width < all.width - 1) {
    range.x = [made.posToVal(left, 'x'), made.posToVal(left + width, 'x')]
  }
  if (height < all.height - 1) {
    range.y = [made.posToVal(top + height, 'y'), made.posToVal(top, 'y')]
  }
  made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  if (range.x || range.y) onZoom(range)
}

function widthOfLabels(made: uPlot, labels: string[] | null): number {
  const widest = (labels ?? []).reduce(
    (most, label) => (label.length > most.length ? label : most),
    '',
  )
  made.ctx.save()
  made.ctx.font = `${SMALL * uPlot.pxRatio}px ${FONT}`
  const width = made.ctx.measureText(widest).width / uPlot.pxRatio
  made.ctx.restore()
  return Math.ceil(Math.max(26, width + 14))
}

/** Where values lie, in CSS pixels of the whole canvas. */
function axesOf(made: uPlot): Axes {
  const ratio = uPlot.pxRatio
  const { left, top, width, height } = made.bbox
  const frame = {
    left: left / ratio,
    top: top / ratio,
    width: width / ratio,
    height: height / ratio,
  }
  const x = placer(made.scales.x!)
  const y = placer(made.scales.y!)
  return {
    frame,
    x: (value) => frame.left + x(value) * frame.width,
    y: (value) => frame.top + (1 - y(value)) * frame.height,
  }
}

function placer({ min = 0, max = 1, distr }: uPlot.Scale): (value: number) => number {
  if (distr === 3) {
    const from = Math.log(min)
    const length = Math.log(max) - from
    return (value) => (value > 0 ? (Math.log(value) - from) / length : NaN)
  }
  return (value) => (value - min) / (max - min)
}

function repaintOver(made: uPlot, canvas: HTMLCanvasElement, { paintOver }: Props): void {
  const axes = axesOf(made)
  const { left, top, width, height } = axes.frame
  const pen = penOn(canvas, width, height)
  if (!pen) return
  paintOver(pen, {
    frame: { left: 0, top: 0, width, height },
    x: (value) => axes.x(value) - left,
    y: (value) => axes.y(value) - top,
  })
}
