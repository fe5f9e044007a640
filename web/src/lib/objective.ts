/** Which of its metrics an experiment is likely about: what charts and explanations begin with. */

/** Measured on data that was held back: what people choose models by. */
const HELD_BACK = new Set(['val', 'valid', 'validation', 'dev', 'test', 'eval', 'evaluation'])
/** What models are measured by, the more telling first. */
const MEASURES: readonly (readonly string[])[] = [
  ['acc', 'accuracy', 'auc', 'auroc', 'f1', 'score', 'r2', 'map', 'iou', 'dice', 'bleu', 'rouge'],
  ['precision', 'recall', 'ndcg', 'mrr'],
  ['reward', 'return'],
  ['loss', 'error', 'err', 'mse', 'rmse', 'mae', 'mape', 'nll', 'perplexity', 'ppl', 'wer'],
]
/** How far a training has come, and how it was set up. */
const COUNTERS = new Set(
  'lr epoch epochs step steps time times timestamp iteration iterations iter duration'.split(' '),
)
const NEVER = /(^|[^a-z])learning[^a-z]?rate($|[^a-z])/i
const SYSTEM = 'system/'

/** `val/F1-score` and `valLoss` as words in small letters. */
function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
}

/** How little a metric looks like what it is all about; null is never. */
function rank(name: string): number | null {
  const found = words(name)
  if (name.startsWith(SYSTEM) || NEVER.test(name) || found.includes('lr')) return null
  const held = found.some((word) => HELD_BACK.has(word))
  const measure = MEASURES.findIndex((group) => found.some((word) => group.includes(word)))
  if (measure < 0 && found.some((word) => COUNTERS.has(word))) return null
  return (held ? 0 : 10) + (measure < 0 ? MEASURES.length : measure)
}

/** The likely objective among names of metrics, in whose order equals are taken; null without any. */
export function objectiveOf(metrics: readonly string[]): string | null {
  let best: string | null = null
  let least = Infinity
  for (const name of metrics) {
    const ranked = rank(name)
    if (ranked !== null && ranked < least) {
      best = name
      least = ranked
    }
  }
  return best ?? metrics.find((name) => !name.startsWith(SYSTEM)) ?? metrics[0] ?? null
}
