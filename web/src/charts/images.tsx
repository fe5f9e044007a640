import { useQueries } from '@tanstack/react-query'
import { Images } from 'lucide'
import { useEffect, useId, useMemo } from 'preact/hooks'
import { ask } from '../api/client'
import { count, plural } from '../lib/format'
import { paths } from '../paths'
import { Check, Field, Input } from '../ui/Field'
import { shotAt, shotsOf, stepsOf, type Shot } from './lib/imageNames'
import { flagIn, numberIn, textsIn } from './lib/read'
import { useSame } from './lib/useSame'
import styles from './parts/images.module.css'
import { State } from './parts/State'
import type { ChartKind, ChartRun, Picture, PlotProps } from './types'

export interface ImagesOptions {
  /** empty: all */
  keys: string[]
  /** null: the last */
  step: number | null
  /** CSS pixels of a picture's width */
  size: number
  /** single pixels stay visible when enlarged */
  pixels: boolean
}

const MOST_RUNS = 24

/** The images of each run; a run without any has an empty list. */
function useShots(runs: readonly ChartRun[]) {
  return useQueries({
    queries: runs.map(({ id }) => ({
      queryKey: ['artifacts/list', 'images', id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const answer = await ask('artifacts/list', { run_id: id, path: 'images' }, signal)
        return shotsOf((answer.files ?? []).map((file) => file.path))
      },
    })),
    combine: (results) => ({
      shots: results.map((result) => result.data ?? null),
      error: results.find((result) => result.error)?.error ?? null,
      waiting: results.some((result) => result.isPending),
    }),
  })
}

function Plot(props: PlotProps<ImagesOptions>) {
  const { options, height, width, onChange, onPicture } = props
  const slider = useId()
  const runs = useMemo(() => props.runs.slice(0, MOST_RUNS), [props.runs])
  const { error, waiting, ...listed } = useShots(runs)
  const shots = useSame(listed.shots)
  const all = shots.flatMap((list) => list ?? [])
  const known = [...new Set(all.map((shot) => shot.key))].sort()
  const keys = useSame(
    options.keys.length ? known.filter((key) => options.keys.includes(key)) : known,
  )
  const steps = stepsOf(all, keys)
  const step = options.step ?? steps.at(-1) ?? 0
  const place = Math.max(
    0,
    steps.findLastIndex((each) => each <= step),
  )
  const left = props.runs.length - runs.length
  const picture = useMemo(
    () => pictureOf(runs, shots, keys, step, left),
    [runs, shots, keys, step, left],
  )
  useEffect(() => onPicture(picture), [picture, onPicture])
  if (waiting && all.length === 0) return <State height={height} waiting />
  if (all.length === 0) {
    return (
      <State height={height} error={error}>
        <p>None of these runs has images yet. Log some with</p>
        <code>mlflow.log_image(image, key="samples", step=3)</code>
      </State>
    )
  }
  return (
    <div class={styles.images} style={{ height, width }} role="group" aria-label={picture.summary}>
      <div class={styles.bar}>
        <label for={slider}>Step {count(steps[place] ?? step)}</label>
        <input
          id={slider}
          type="range"
          min={0}
          max={Math.max(0, steps.length - 1)}
          value={place}
          disabled={steps.length < 2}
          aria-valuetext={`step ${steps[place] ?? step}`}
          onInput={(event) => onChange({ step: steps[Number(event.currentTarget.value)] ?? null })}
        />
      </div>
      {/* scrolls, so the keyboard must reach it */}
      <div class={styles.scroll} tabIndex={0} role="group" aria-label="Images by run">
        {keys.map((key) => (
          <section key={key} aria-label={key}>
            {keys.length > 1 && <h4>{key}</h4>}
            <div class={styles.tiles}>
              {runs.map((run, index) => (
                <Tile
                  key={run.id}
                  run={run}
                  name={key}
                  shots={shots[index]}
                  step={step}
                  {...{ options }}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  )
}

function Tile({
  run,
  name,
  shots,
  step,
  options: { size, pixels },
}: {
  run: ChartRun
  name: string
  shots: Shot[] | null | undefined
  step: number
  options: ImagesOptions
}) {
  const shot = shots ? shotAt(shots, name, step) : null
  if (!shot) return null
  const file = size > 256 ? shot.path : (shot.preview ?? shot.path)
  return (
    <figure class={styles.tile} style={{ width: size }}>
      <a href={paths.artifact(run.experimentId, run.id, shot.path)} tabIndex={0}>
        <img
          src={paths.getArtifact(run.id, file)}
          alt={`${name} of ${run.name} at step ${shot.step}`}
          loading="lazy"
          class={pixels ? styles.pixels : ''}
        />
      </a>
      <figcaption title={run.name}>
        <i style={{ background: run.colour }} />
        <span class="ellipsis">{run.name}</span>
        {shot.step !== step && <span class="quiet">step {shot.step}</span>}
      </figcaption>
    </figure>
  )
}

function pictureOf(
  runs: readonly ChartRun[],
  shots: readonly (Shot[] | null)[],
  keys: readonly string[],
  step: number,
  left: number,
): Picture {
  const rows = () =>
    runs.flatMap((run, index) =>
      (shots[index] ?? [])
        .filter((shot) => keys.includes(shot.key))
        .map((shot) => [run.name, shot.key, shot.step, shot.path]),
    )
  const having = shots.filter((list) => list?.length).length
  return {
    summary: `Images of ${keys.join(', ')} at step ${step}, ${plural(having, 'run')}`,
    notes:
      left > 0 ? [`the first ${MOST_RUNS} runs; ${plural(left, 'further run')} not looked at`] : [],
    columns: ['Run', 'Key', 'Step', 'File'],
    rows,
    draw: null,
  }
}

export const images: ChartKind<ImagesOptions> = {
  kind: 'images',
  label: 'Images by step',
  about: 'Series of images that runs logged, side by side at the same step',
  icon: Images,
  read: (given) => ({
    keys: textsIn(given, 'keys'),
    step: numberIn(given, 'step', null),
    size: Math.min(800, Math.max(40, numberIn(given, 'size', 140))),
    pixels: flagIn(given, 'pixels'),
  }),
  title: ({ keys }) => (keys.length ? `Images: ${keys.join(', ')}` : 'Images'),
  shows: ({ keys }) => ['images', ...keys],
  Form: ({ options, onChange }) => (
    <>
      <Field label="Keys, separated by commas (empty: all)">
        <Input
          value={options.keys.join(', ')}
          onChange={(event) =>
            onChange({
              keys: event.currentTarget.value
                .split(',')
                .map((key) => key.trim())
                .filter(Boolean),
            })
          }
        />
      </Field>
      <Field label="Width of an image in pixels">
        <Input
          type="number"
          min={40}
          max={800}
          value={options.size}
          onChange={(event) => onChange({ size: Number(event.currentTarget.value) || 140 })}
        />
      </Field>
      <Check
        label="Show single pixels"
        checked={options.pixels}
        onCheck={(pixels) => onChange({ pixels })}
      />
    </>
  ),
  Plot,
}
