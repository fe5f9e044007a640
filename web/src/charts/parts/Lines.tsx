import { useEffect, useMemo, useState } from 'preact/hooks'
import { axisLabel, type LineOptions } from '../line'
import type { Axes, Frame } from '../lib/axes'
import { drawLines, drawMarked, linePicture } from '../lib/linePicture'
import { rangeOfX, rangeOfY, type Line } from '../lib/lines'
import { nearestLines, valueText, xOf, xText, type Near } from '../lib/near'
import type { Pen } from '../lib/pen'
import { padded } from '../lib/scale'
import { useTheme } from '../lib/theme'
import { chartKey } from '../lib/chartKeys'
import type { PlotProps } from '../types'
import { PlotFrame, type Pointer } from '../uplot'
import { Legend } from './Legend'
import { NearTable } from './NearTable'
import styles from './parts.module.css'
import { Tooltip } from './Tooltip'

type Props = PlotProps<LineOptions> & { lines: Line[]; x: string; waiting: boolean; left: number }

const LEGEND = 58
const CLOSE = 30
const DOTS = 10
const NONE: ReadonlySet<string> = new Set()

/** Lines with their axes, cursor, zoom and legend. */
export function Lines(props: Props) {
  const { lines, x, options, width, highlighted, pinned, onHighlight, onPin, onChange } = props
  const { logX, logY } = options
  const theme = useTheme()
  const [marked, setMarked] = useState<string | null>(null)
  const [pointer, setPointer] = useState<(Pointer & { near: Near[]; frame: Frame }) | null>(null)
  const [held, setHeld] = useState(false)
  const [cursor, setCursor] = useState<number | null>(null)
  const [xRange, yRange] = useRanges(lines, options)
  const summary = usePicture(props, xRange, yRange)
  const legend = options.metrics.length > 1 || lines.some((line) => line.runId === null)
  const height = props.height - (legend ? LEGEND : 0)

  const paint = useMemo(() => (pen: Pen, axes: Axes) => drawLines(pen, axes, lines), [lines])
  const paintOver = useMemo(() => {
    const isMarked = ({ id, runId }: Line) =>
      id === marked || (runId !== null && (runId === highlighted || pinned.has(runId)))
    return (pen: Pen, axes: Axes) =>
      drawMarked(pen, axes, lines.filter(isMarked), pointer?.near.slice(0, DOTS) ?? [], theme)
  }, [lines, marked, highlighted, pinned, pointer, theme])

  const mark = (line: Line | null) => {
    setMarked(line?.id ?? null)
    onHighlight(line?.runId ?? null)
  }
  const point = (next: Pointer | null, axes: Axes) => {
    if (held) return
    const near = next ? nearestLines(lines, next, axes) : []
    setPointer(next && near.length > 0 ? { ...next, near, frame: axes.frame } : null)
    mark(near[0] && near[0].far < CLOSE ? near[0].line : null)
  }
  const zoom = (range: { x?: [number, number]; y?: [number, number] }) => {
    setHeld(false)
    setPointer(null)
    onChange({ ...(range.x && { xRange: range.x }), ...(range.y && { yRange: range.y }) })
  }
  const reset = () => {
    setHeld(false)
    if (options.xRange || options.yRange) onChange({ xRange: null, yRange: null })
  }
  return (
    <>
      <div
        class={styles.figure}
        style={{ width, height }}
        role="application"
        aria-roledescription="chart"
        aria-label={summary}
        aria-busy={props.waiting}
        tabIndex={0}
        onKeyDown={(event) => {
          const wish = chartKey(event, { range: xRange, log: logX, at: pointer?.x ?? null })
          // Escape that has nothing to undo closes the dialog around the chart
          if (!wish || (wish.reset && !held && !options.xRange && !options.yRange)) return
          event.preventDefault()
          if (wish.cursor !== undefined) setCursor(wish.cursor)
          else if (wish.range) zoom({ x: wish.range })
          else if (wish.hold) setHeld(!held && pointer !== null)
          else reset()
        }}
        onBlur={() => setCursor(null)}
      >
        <PlotFrame
          width={width}
          height={height}
          theme={theme}
          xRange={xRange}
          yRange={yRange}
          logX={logX}
          logY={logY}
          axis={x}
          paint={paint}
          paintOver={paintOver}
          cursor={cursor}
          onPointer={point}
          onZoom={zoom}
          onReset={reset}
          onClick={() => setHeld(!held && pointer !== null)}
        />
        {pointer && (
          <Tooltip
            left={pointer.frame.left + pointer.left}
            top={pointer.frame.top + pointer.top}
            width={width}
            height={height}
            pinned={held}
          >
            <NearTable near={pointer.near} axis={x} held={held} onPin={onPin} />
          </Tooltip>
        )}
        <div role="status" class="aside">
          {cursor !== null && pointer && spoken(pointer.near, x)}
        </div>
      </div>
      {legend && (
        <Legend
          label="Lines"
          entries={lines}
          marked={marked}
          pinned={NONE}
          onMark={(id) => mark(lines.find((line) => line.id === id) ?? null)}
          onPin={(id) => {
            const runId = lines.find((line) => line.id === id)?.runId
            if (runId) onPin(runId)
          }}
        />
      )}
    </>
  )
}

type Range = [number, number]

/** What the axes show: what was chosen, or all there is. */
function useRanges(lines: Line[], { xRange, yRange, logX, logY }: LineOptions): [Range, Range] {
  const x = useMemo<Range>(() => {
    if (xRange && (!logX || xRange[0] > 0)) return xRange
    const [low, high] = rangeOfX(lines) ?? [logX ? 1 : 0, 1]
    return low < high ? [low, high] : padded([low, high], logX)
  }, [xRange, lines, logX])
  const y = useMemo<Range>(() => {
    if (yRange && (!logY || yRange[0] > 0)) return yRange
    return padded(rangeOfY(lines, x) ?? [logY ? 0.1 : 0, 1], logY)
  }, [yRange, lines, x, logY])
  return [x, y]
}

function usePicture(props: Props, xRange: Range, yRange: Range): string {
  const { lines, x, left, options, onPicture } = props
  const picture = useMemo(
    () =>
      linePicture({ ...options, lines, axis: x, axisLabel: axisLabel(x), xRange, yRange, left }),
    [lines, options, x, xRange, yRange, left],
  )
  useEffect(() => onPicture(picture), [picture, onPicture])
  return picture.summary
}

const SPOKEN = 5

function spoken(near: readonly Near[], axis: string): string {
  const values = near.slice(0, SPOKEN).map((each) => `${each.line.label} ${valueText(each)}`)
  return `${axisLabel(axis)} ${xText(axis, xOf(near))}: ${values.join('; ')}`
}
