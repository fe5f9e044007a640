import { useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useMemo } from 'preact/hooks'
import { ApiError, errorOf } from '../api/errors'
import { contentAddress, type FileOfRun } from './files'

/** bytes of a file that are read at a time */
export const PIECE = 256 * 1024
const NEWLINE = 10

/** Some bytes of a file, and how many it has. */
export interface Range {
  bytes: Uint8Array<ArrayBuffer>
  total: number
}

/** A part of a text: whole lines where it has lines. */
export interface TextPiece {
  text: string
  /** bytes before it, and with it */
  start: number
  end: number
  total: number
  binary: boolean
}

/** Read the bytes from `start` to before `end`; a file that is shorter gives less. */
export async function readRange(
  file: FileOfRun,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Range> {
  let answer: Response
  try {
    answer = await fetch(contentAddress(file), {
      headers: { Range: `bytes=${start}-${end - 1}` },
      signal: signal ?? null,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError('The server cannot be reached. It is tried again.', 'UNREACHABLE', 0)
  }
  const total = Number(/\/(\d+)$/.exec(answer.headers.get('Content-Range') ?? '')?.[1])
  if (answer.status === 416) {
    await answer.body?.cancel()
    return { bytes: new Uint8Array(), total: total || 0 }
  }
  if (!answer.ok) throw await errorOf(answer)
  if (answer.status === 206) {
    return { bytes: new Uint8Array(await answer.arrayBuffer()), total }
  }
  return whatIsWanted(answer, start, end)
}

/** The range of an answer that gives the whole file; the rest is not even fetched. */
async function whatIsWanted(answer: Response, start: number, end: number): Promise<Range> {
  const size = Number(answer.headers.get('Content-Length'))
  const pieces: Uint8Array[] = []
  let got = 0
  // leaving the loop early ends the transfer
  for await (const piece of piecesOf(answer)) {
    pieces.push(piece)
    got += piece.length
    if (got >= end) break
  }
  const all = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer())
  return { bytes: all.slice(start, end), total: size || got }
}

async function* piecesOf(answer: Response): AsyncGenerator<Uint8Array> {
  const reader = answer.body!.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

/** How many of the bytes are whole lines, or at least whole characters. */
export function wholeLines(bytes: Uint8Array): number {
  const line = bytes.lastIndexOf(NEWLINE)
  if (line >= 0) return line + 1
  let cut = bytes.length
  // the bytes of a character after its first begin with the bits 10
  while (cut > 0 && bytes.length - cut < 3 && (bytes[cut - 1]! & 0xc0) === 0x80) cut--
  const first = bytes[cut - 1] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  return bytes.length - (cut - 1) < length ? cut - 1 : bytes.length
}

async function readText(file: FileOfRun, start: number, signal: AbortSignal): Promise<TextPiece> {
  const { bytes, total } = await readRange(file, start, start + PIECE, signal)
  const last = start + bytes.length >= total
  const kept = last ? bytes.length : wholeLines(bytes) || bytes.length
  return {
    text: new TextDecoder('utf-8', { ignoreBOM: start > 0 }).decode(bytes.subarray(0, kept)),
    start,
    end: start + kept,
    total,
    binary: start === 0 && bytes.subarray(0, 4096).includes(0),
  }
}

/** A text that is read piece by piece. */
export interface Text {
  text: string
  /** bytes that `text` is made of, and of the whole file */
  read: number
  total: number
  binary: boolean
  isLoading: boolean
  isReadingMore: boolean
  error: unknown
  /** read the next piece; null at the end */
  more: (() => void) | null
}

export function useText(file: FileOfRun): Text {
  const query = useInfiniteQuery({
    queryKey: ['artifact', file.runId, file.path, 'text'],
    queryFn: ({ pageParam, signal }) => readText(file, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (last: TextPiece) => (last.end < last.total ? last.end : undefined),
    staleTime: Infinity,
  })
  const pieces = query.data?.pages
  const text = useMemo(() => pieces?.map((piece) => piece.text).join('') ?? '', [pieces])
  const last = pieces?.at(-1)
  return {
    text,
    read: last?.end ?? 0,
    total: last?.total ?? 0,
    binary: pieces?.[0]?.binary ?? false,
    isLoading: query.isLoading,
    isReadingMore: query.isFetchingNextPage,
    error: query.error,
    more: query.hasNextPage ? () => void query.fetchNextPage() : null,
  }
}

/** The whole text of a file, or null when it has more than `most` bytes. */
export async function readWhole(
  file: FileOfRun,
  most: number,
  signal?: AbortSignal,
): Promise<string | null> {
  if ((file.size ?? 0) > most) return null
  const { bytes, total } = await readRange(file, 0, most, signal)
  return total > most ? null : new TextDecoder().decode(bytes)
}

export function useWhole(
  file: FileOfRun,
  most: number,
  { enabled = true } = {},
): UseQueryResult<string | null, Error> {
  return useQuery<string | null, Error>({
    queryKey: ['artifact', file.runId, file.path, 'whole', most],
    queryFn: ({ signal }) => readWhole(file, most, signal),
    staleTime: Infinity,
    enabled,
  })
}
