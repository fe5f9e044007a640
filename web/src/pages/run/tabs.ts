/** The parts of the page of a run; their names are in the address. */
export const TABS = ['', 'charts', 'system', 'artifacts', 'children'] as const
export type Tab = (typeof TABS)[number]

/** What addresses of MLflow's own UI call them. */
const OTHER_NAMES: Record<string, Tab> = {
  'model-metrics': 'charts',
  'system-metrics': 'system',
  artifactPath: 'artifacts',
}

export function tabOf(name: string | undefined): Tab {
  return TABS.find((tab) => tab === name) ?? OTHER_NAMES[name ?? ''] ?? ''
}
