import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type FileMetaData,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { useMemo, useState } from 'preact/hooks'
import { bytes, count, plural } from '../../lib/format'
import { Segments } from '../../ui/Field'
import { readRange } from '../read'
import type { FileOfRun } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { Failed, Instead, Waiting } from './states'
import { ValueTable } from './ValueTable'

const ROWS = 500
/** bytes of one group of rows that are fetched for the first rows; columns beyond are left out */
const MOST_FETCHED = 64_000_000
/** A file of which only the ranges are read that are asked for. */
function remote(file: FileOfRun, size: number, signal?: AbortSignal) {
  return {
    byteLength: size,
    slice: async (start: number, end = size) =>
      (await readRange(file, start, end, signal)).bytes.buffer,
  }
}

async function sizeOf(file: FileOfRun, signal: AbortSignal): Promise<number> {
  return file.size ?? (await readRange(file, 0, 1, signal)).total
}

interface Found {
  size: number
  metadata: FileMetaData
  columns: { name: string; kind: string }[]
  /** names of columns that are left out of rows, for they are too large */
  left: string[]
}

async function look(file: FileOfRun, signal: AbortSignal): Promise<Found> {
  const size = await sizeOf(file, signal)
  const metadata = await parquetMetadataAsync(remote(file, size, signal))
  const sizes = new Map<string, number>()
  for (const { meta_data: meta } of metadata.row_groups[0]?.columns ?? []) {
    const name = meta?.path_in_schema[0] ?? ''
    sizes.set(name, (sizes.get(name) ?? 0) + Number(meta?.total_compressed_size ?? 0))
  }
  let sum = 0
  const left: string[] = []
  const columns = parquetSchema(metadata).children.map(({ element, children }) => {
    sum += sizes.get(element.name) ?? 0
    if (sum > MOST_FETCHED) {
      left.push(element.name)
      sum -= sizes.get(element.name) ?? 0
    }
    const logical = element.logical_type?.type ?? element.converted_type ?? element.type
    return { name: element.name, kind: children.length ? 'nested' : String(logical).toLowerCase() }
  })
  return { size, metadata, columns, left }
}

/** Parquet: its first rows and its schema, by ranges of the file. */
export function Parquet({ file }: PreviewProps) {
  const [show, setShow] = useState<'rows' | 'schema'>('rows')
  const { data, error, refetch } = useQuery({
    queryKey: ['artifact', file.runId, file.path, 'parquet'],
    queryFn: ({ signal }) => look(file, signal),
    staleTime: Infinity,
  })
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!data) return <Waiting />
  const { metadata } = data
  return (
    <div class={styles.preview}>
      <div class={styles.tools}>
        <Segments
          label="Show"
          value={show}
          choices={[
            { value: 'rows', label: 'Rows' },
            { value: 'schema', label: 'Schema' },
          ]}
          onChoose={setShow}
        />
        <span class="quiet">
          {plural(Number(metadata.num_rows), 'row')}, {plural(data.columns.length, 'column')},{' '}
          {bytes(data.size)}
        </span>
      </div>
      {show === 'schema' ? <Schema found={data} /> : <Rows file={file} found={data} />}
    </div>
  )
}

function Rows({ file, found }: PreviewProps & { found: Found }) {
  const total = Number(found.metadata.num_rows)
  const shown = useMemo(
    () => found.columns.filter(({ name }) => !found.left.includes(name)),
    [found],
  )
  const query = useInfiniteQuery({
    queryKey: ['artifact', file.runId, file.path, 'parquet', 'rows'],
    queryFn: async ({ pageParam, signal }) => {
      const rows = await parquetReadObjects({
        file: remote(file, found.size, signal),
        metadata: found.metadata,
        columns: shown.map(({ name }) => name),
        rowStart: pageParam,
        rowEnd: Math.min(total, pageParam + ROWS),
        compressors,
        useOffsetIndex: true,
      })
      return rows.map((row) => shown.map(({ name }) => row[name] as unknown))
    },
    initialPageParam: 0,
    getNextPageParam: (_: unknown, pages: unknown[]) =>
      pages.length * ROWS < total ? pages.length * ROWS : undefined,
    staleTime: Infinity,
  })
  const rows = useMemo(() => query.data?.pages.flat() ?? [], [query.data])
  if (query.error && rows.length === 0) {
    return <Failed error={query.error} again={() => void query.refetch()} />
  }
  if (query.isLoading) return <Waiting />
  return (
    <div class={styles.preview}>
      {found.left.length > 0 && (
        <Instead>
          Columns that would take more than {bytes(MOST_FETCHED)} to fetch are left out:{' '}
          {found.left.join(', ')}
        </Instead>
      )}
      <ValueTable
        label={file.path}
        columns={shown}
        rows={rows}
        onEnd={
          query.hasNextPage && !query.isFetchingNextPage
            ? () => void query.fetchNextPage()
            : undefined
        }
      />
    </div>
  )
}

function Schema({ found: { metadata, columns } }: { found: Found }) {
  const codecs = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map((each) => each.meta_data?.codec)),
  )
  return (
    <div class={styles.sections} tabIndex={0} role="region" aria-label="Schema">
      <dl class={styles.facts}>
        <dt>Groups of rows</dt>
        <dd>{count(metadata.row_groups.length)}</dd>
        <dt>Compression</dt>
        <dd>{[...codecs].join(', ').toLowerCase() || 'none'}</dd>
        <dt>Written by</dt>
        <dd>{metadata.created_by ?? 'not said'}</dd>
      </dl>
      <table class={styles.plain}>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(({ name, kind }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{kind}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
