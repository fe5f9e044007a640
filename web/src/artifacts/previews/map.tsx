import { geoGraticule10, geoMercator, geoPath, type GeoPermissibleObjects } from 'd3-geo'
import { Minus, Plus, RotateCcw } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useTheme, type Theme } from '../../charts/lib/theme'
import { readGeography } from '../../lib/geojson'
import { plural } from '../../lib/format'
import { ofRecords, parseJson } from '../../lib/values'
import { IconButton } from '../../ui/Button'
import { useWhole } from '../read'
import { Value } from './json'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { Failed, Instead, tooLarge, Waiting } from './states'
import { PlainText } from './text'
import { ValueTable } from './ValueTable'

const MOST = 16_000_000

/** GeoJSON, drawn without a map behind it: nothing is fetched from elsewhere. */
export function Geography({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const [look, setLook] = useState<'map' | 'table' | 'text'>('map')
  const parsed = useMemo(() => {
    try {
      return data ? { value: parseJson(data) } : null
    } catch {
      return null // shown as text
    }
  }, [data])
  const read = useMemo(() => (parsed ? readGeography(parsed.value) : null), [parsed])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (parsed && !read) return <Value file={file} value={parsed.value} />
  if (!read) {
    return (
      <div class={styles.preview}>
        <Instead>{data === null ? tooLarge(file.size, MOST) : 'This is no GeoJSON.'}</Instead>
        <PlainText file={file} />
      </div>
    )
  }
  const table = ofRecords(read.places.map(({ kind, properties }) => ({ kind, ...properties })))
  return (
    <Looks
      looks={['map', 'table', 'text']}
      look={look}
      onLook={setLook}
      tools={<span class={styles.more}>{plural(read.places.length, 'place')}</span>}
    >
      {look === 'map' && (
        <Drawing shape={read.shape} label={`Map of ${plural(read.places.length, 'place')}`} />
      )}
      {look === 'table' && table && (
        <ValueTable
          label={file.path}
          columns={table.columns.map((name) => ({ name }))}
          rows={table.data}
        />
      )}
      {look === 'text' && <PlainText file={file} />}
    </Looks>
  )
}

interface Viewpoint {
  zoom: number
  x: number
  y: number
}

const MOST_SCALE = 4e5
const START: Viewpoint = { zoom: 1, x: 0, y: 0 }

function Drawing({ shape, label }: { shape: GeoPermissibleObjects; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [view, setView] = useState(START)
  const [size, setSize] = useState<readonly [number, number]>([0, 0])
  useEffect(() => {
    const box = canvas.current?.parentElement
    if (!box) return undefined
    const watch = new ResizeObserver(() => setSize([box.clientWidth, box.clientHeight]))
    watch.observe(box)
    return () => watch.disconnect()
  }, [])
  const theme = useTheme()
  useEffect(() => {
    if (canvas.current) drawMap(canvas.current, shape, size, view, theme)
  }, [shape, size, view, theme])
  const zoom = (times: number) =>
    setView((now) => ({ zoom: now.zoom * times, x: now.x * times, y: now.y * times }))
  const move = (x: number, y: number) => setView((now) => ({ ...now, x: now.x + x, y: now.y + y }))
  const keys: Record<string, () => void> = {
    '+': () => zoom(1.5),
    '-': () => zoom(1 / 1.5),
    '0': () => setView(START),
    ArrowLeft: () => move(40, 0),
    ArrowRight: () => move(-40, 0),
    ArrowUp: () => move(0, 40),
    ArrowDown: () => move(0, -40),
  }
  return (
    <div style={{ position: 'relative', overflow: 'hidden' }}>
      <canvas
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={`${label}. Arrow keys move it, plus and minus zoom.`}
        style={{ position: 'absolute', inset: 0, touchAction: 'none', cursor: 'grab' }}
        onKeyDown={(event) => {
          const act = keys[event.key]
          if (!act) return
          event.preventDefault()
          act()
        }}
        onWheel={(event) => {
          event.preventDefault()
          zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2)
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.buttons && move(event.movementX, event.movementY)}
      />
      <div style={{ position: 'absolute', right: 12, top: 12, display: 'grid', gap: 4 }}>
        <IconButton kind="plain" icon={Plus} label="Zoom in" onClick={() => zoom(1.5)} />
        <IconButton kind="plain" icon={Minus} label="Zoom out" onClick={() => zoom(1 / 1.5)} />
        <IconButton
          kind="plain"
          icon={RotateCcw}
          label="Show all of it"
          onClick={() => setView(START)}
        />
      </div>
    </div>
  )
}

function drawMap(
  canvas: HTMLCanvasElement,
  shape: GeoPermissibleObjects,
  [width, height]: readonly [number, number],
  view: Viewpoint,
  theme: Theme,
): void {
  const context = canvas.getContext('2d')
  if (!context || width === 0 || height === 0) return
  const ratio = window.devicePixelRatio || 1
  canvas.width = width * ratio
  canvas.height = height * ratio
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  context.scale(ratio, ratio)
  const margin = 30
  const projection = geoMercator().fitExtent(
    [
      [margin, margin],
      [width - margin, height - margin],
    ],
    shape as Parameters<ReturnType<typeof geoMercator>['fitExtent']>[1],
  )
  const [x, y] = projection.translate()
  const fitted = projection.scale()
  // a lone point fits into any size
  const times = (Math.min(fitted, MOST_SCALE) / fitted) * view.zoom
  projection
    .scale(fitted * times)
    .translate([
      width / 2 + (x - width / 2) * times + view.x,
      height / 2 + (y - height / 2) * times + view.y,
    ])
  const path = geoPath(projection, context).pointRadius(5)
  context.lineWidth = 1
  context.strokeStyle = theme.line
  context.beginPath()
  path(geoGraticule10())
  context.stroke()
  context.fillStyle = `color-mix(in srgb, ${theme.accent} 25%, transparent)`
  context.strokeStyle = theme.accent
  context.lineWidth = 1.4
  context.beginPath()
  path(shape)
  context.fill()
  context.stroke()
}
