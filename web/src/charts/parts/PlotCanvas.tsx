import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { paths } from '../../paths'
import { penOn } from '../lib/canvasPen'
import type { Pen } from '../lib/pen'
import { indexAt, type Scene } from '../lib/scene'
import { useTheme, type Theme } from '../lib/theme'
import type { ChartRun } from '../types'
import styles from './parts.module.css'
import { Tooltip } from './Tooltip'

/** A picture on a canvas whose marks can be pointed at, by mouse and by keyboard. */
export function PlotCanvas({
  width,
  height,
  summary,
  scene,
  runs,
  highlighted,
  pinned,
  onHighlight,
  onPin,
  onPointer,
}: {
  width: number
  height: number
  summary: string
  /** the same function as long as the same is to be drawn */
  scene: (pen: Pen, width: number, height: number, theme: Theme) => Scene
  runs: ReadonlyMap<string, ChartRun>
  highlighted: string | null
  pinned: ReadonlySet<string>
  onHighlight: (runId: string | null) => void
  onPin: (runId: string) => void
  /** for what can be dragged in it; true when the event is taken */
  onPointer?: (event: PointerEvent, left: number, top: number, scene: Scene) => boolean
}) {
  const theme = useTheme()
  const canvas = useRef<HTMLCanvasElement>(null)
  const over = useRef<HTMLCanvasElement>(null)
  const drawn = useRef<Scene | null>(null)
  const [active, setActive] = useState<number | null>(null)
  const [held, setHeld] = useState(false)
  const [spoken, setSpoken] = useState(false)
  const [byRun] = useState(() => new Map<string, number[]>())

  useLayoutEffect(() => {
    const pen = penOn(canvas.current!, width, height)
    if (!pen) return
    drawn.current = scene(pen, width, height, theme)
    byRun.clear()
    for (const [index, { runId }] of drawn.current.marks.entries()) {
      if (runId) byRun.set(runId, [...(byRun.get(runId) ?? []), index])
    }
    setActive(null)
    setHeld(false)
  }, [scene, width, height, theme, byRun])

  useEffect(() => {
    const pen = penOn(over.current!, width, height)
    if (!pen || !drawn.current) return
    const wanted = new Set(pinned)
    if (highlighted) wanted.add(highlighted)
    const marked = new Set([...wanted].flatMap((runId) => byRun.get(runId) ?? []))
    // another scene may have fewer marks than the one that was pointed at
    if (active !== null && active < drawn.current.marks.length) marked.add(active)
    for (const index of marked) drawn.current.emphasise(pen, index, theme)
  }, [scene, width, height, theme, highlighted, pinned, active, byRun])

  const choose = (index: number | null) => {
    setActive(index)
    onHighlight(index === null ? null : (drawn.current?.marks[index]?.runId ?? null))
  }
  const placeOf = (event: MouseEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const taken = (event: PointerEvent) =>
    onPointer !== undefined && drawn.current !== null
      ? onPointer(event, ...placeOf(event), drawn.current)
      : false
  const step = (by: number) => {
    const many = drawn.current?.marks.length ?? 0
    if (many === 0) return
    setSpoken(true)
    choose(active === null ? (by > 0 ? 0 : many - 1) : (active + by + many) % many)
  }
  const mark = active === null ? null : (drawn.current?.marks[active] ?? null)
  const run = mark?.runId ? runs.get(mark.runId) : undefined
  return (
    <div
      class={styles.figure}
      style={{ width, height }}
      role="application"
      aria-roledescription="chart"
      aria-label={summary}
      tabIndex={0}
      onPointerDown={taken}
      onPointerUp={taken}
      onPointerMove={(event) => {
        if (taken(event) || held || !drawn.current) return
        setSpoken(false)
        choose(indexAt(drawn.current, ...placeOf(event)))
      }}
      onPointerLeave={() => !held && choose(null)}
      onClick={() => setHeld(!held && active !== null)}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
        if (by) step(event.shiftKey ? by * 10 : by)
        else if (event.key === 'Enter' && mark?.runId) onPin(mark.runId)
        else if (event.key === 'Escape' && held) setHeld(false)
        else return
        event.preventDefault()
      }}
    >
      <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
      <canvas ref={over} class={styles.over} style={{ width, height }} aria-hidden="true" />
      {mark && (
        <Tooltip left={mark.x} top={mark.y} width={width} height={height} pinned={held}>
          {run && (
            <div>
              {held ? (
                <a href={paths.run(run.experimentId, run.id)}>{run.name}</a>
              ) : (
                <b>{run.name}</b>
              )}
            </div>
          )}
          <table>
            <tbody>
              {mark.lines.map(([name, value]) => (
                <tr key={name}>
                  <th scope="row" class="quiet">
                    {name}
                  </th>
                  <td class="number">{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {!held && run && <div class={styles.head}>Click to hold, for a link to the run</div>}
        </Tooltip>
      )}
      <div role="status" class="aside">
        {spoken &&
          mark &&
          [run?.name, ...mark.lines.map(([name, value]) => `${name} ${value}`)].join(', ')}
      </div>
    </div>
  )
}
