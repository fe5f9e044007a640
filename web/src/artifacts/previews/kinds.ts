import type { FunctionComponent } from 'preact'
import { endingOf, nameOf, type FileOfRun } from '../files'

export interface PreviewProps {
  file: FileOfRun
}

/** One kind of preview: a file here that exports it, fetched when the first such file is opened. */
interface Kind {
  label: string
  load: () => Promise<FunctionComponent<PreviewProps>>
}

export const KINDS = {
  audio: { label: 'Audio', load: () => import('./media').then((found) => found.Audio) },
  bytes: { label: 'Bytes', load: () => import('./bytes').then((found) => found.Bytes) },
  csv: { label: 'Table', load: () => import('./csv').then((found) => found.Csv) },
  environment: {
    label: 'Environment',
    load: () => import('./environment').then((found) => found.Environment),
  },
  html: { label: 'Page', load: () => import('./html').then((found) => found.Html) },
  image: { label: 'Image', load: () => import('./image').then((found) => found.Image) },
  json: { label: 'JSON', load: () => import('./json').then((found) => found.Json) },
  lines: { label: 'Table', load: () => import('./lines').then((found) => found.JsonLines) },
  map: { label: 'Map', load: () => import('./map').then((found) => found.Geography) },
  markdown: { label: 'Text', load: () => import('./markdown').then((found) => found.MarkdownFile) },
  mlmodel: { label: 'Model', load: () => import('./mlmodel').then((found) => found.MLmodel) },
  notebook: { label: 'Notebook', load: () => import('./notebook').then((found) => found.Notebook) },
  parquet: { label: 'Table', load: () => import('./parquet').then((found) => found.Parquet) },
  pdf: { label: 'PDF', load: () => import('./pdf').then((found) => found.Pdf) },
  text: { label: 'Text', load: () => import('./text').then((found) => found.PlainText) },
  video: { label: 'Video', load: () => import('./media').then((found) => found.Video) },
  yaml: { label: 'YAML', load: () => import('./yaml').then((found) => found.Yaml) },
} satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS

/** Names that say more than their ending. */
const NAMES: Record<string, KindName> = {
  'conda.yaml': 'environment',
  Dockerfile: 'text',
  LICENSE: 'text',
  MLmodel: 'mlmodel',
  MLproject: 'yaml',
  'python_env.yaml': 'environment',
  'requirements.txt': 'environment',
}

/** Ending → kind, sorted; code is in `LANGUAGES`. */
const ENDINGS: Record<string, KindName> = {
  aac: 'audio',
  apng: 'image',
  avif: 'image',
  bmp: 'image',
  csv: 'csv',
  flac: 'audio',
  geojson: 'map',
  gif: 'image',
  htm: 'html',
  html: 'html',
  ico: 'image',
  ipynb: 'notebook',
  jfif: 'image',
  jpeg: 'image',
  jpg: 'image',
  json: 'json',
  jsonl: 'lines',
  log: 'text',
  m4a: 'audio',
  m4v: 'video',
  markdown: 'markdown',
  md: 'markdown',
  mov: 'video',
  mp3: 'audio',
  mp4: 'video',
  ndjson: 'lines',
  oga: 'audio',
  ogg: 'audio',
  ogv: 'video',
  opus: 'audio',
  parquet: 'parquet',
  pdf: 'pdf',
  png: 'image',
  svg: 'image',
  tsv: 'csv',
  txt: 'text',
  wav: 'audio',
  weba: 'audio',
  webm: 'video',
  webp: 'image',
  yaml: 'yaml',
  yml: 'yaml',
}

/** Ending → language of highlight.js. */
const LANGUAGES: Record<string, string> = {
  bash: 'bash',
  c: 'c',
  cc: 'cpp',
  cfg: 'ini',
  conf: 'ini',
  cpp: 'cpp',
  cs: 'csharp',
  css: 'css',
  cu: 'cpp',
  diff: 'diff',
  go: 'go',
  h: 'cpp',
  hpp: 'cpp',
  htm: 'xml',
  html: 'xml',
  ini: 'ini',
  ipynb: 'json',
  java: 'java',
  jl: 'julia',
  js: 'javascript',
  json: 'json',
  jsonl: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  lua: 'lua',
  m: 'matlab',
  md: 'markdown',
  mjs: 'javascript',
  ndjson: 'json',
  patch: 'diff',
  php: 'php',
  pl: 'perl',
  properties: 'ini',
  proto: 'protobuf',
  py: 'python',
  py3: 'python',
  pyi: 'python',
  r: 'r',
  rb: 'ruby',
  rs: 'rust',
  scala: 'scala',
  sh: 'bash',
  sql: 'sql',
  svg: 'xml',
  swift: 'swift',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  xml: 'xml',
  yaml: 'yaml',
  yml: 'yaml',
  zsh: 'bash',
}
const LANGUAGES_OF_NAMES: Record<string, string> = {
  Dockerfile: 'dockerfile',
  MLmodel: 'yaml',
  MLproject: 'yaml',
  Makefile: 'makefile',
}

/** What shows a file; what is not known is looked at: text, or bytes. */
export function kindOf(path: string): KindName {
  const name = nameOf(path)
  const ending = endingOf(path)
  return NAMES[name] ?? ENDINGS[ending] ?? (languageOf(path) ? 'text' : 'bytes')
}

/** The language that a file is highlighted as, or null. */
export function languageOf(path: string): string | null {
  return LANGUAGES_OF_NAMES[nameOf(path)] ?? LANGUAGES[endingOf(path)] ?? null
}

const TEXTS: ReadonlySet<KindName> = new Set([
  'csv',
  'environment',
  'json',
  'lines',
  'map',
  'markdown',
  'mlmodel',
  'text',
  'yaml',
] as const)

/** Whether two such files can be compared line by line. */
export function isText(path: string): boolean {
  return TEXTS.has(kindOf(path)) || languageOf(path) !== null
}

export function isImage(path: string): boolean {
  return kindOf(path) === 'image'
}
