/** A piece of code of one colour; `kind` is what highlight.js calls it, '' for plain text. */
export interface Token {
  kind: string
  text: string
}

const PART = /<span class="([^"]*)">|<\/span>|&(lt|gt|amp|quot|#x27);|[^<&]+|[<&]/g
const CHARACTERS: Record<string, string> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  '#x27': "'",
}

/**
 * The lines of what highlight.js answers, as tokens.
 *
 * It is taken apart here so that nothing of a file is ever put into a page as HTML.
 */
export function linesOf(html: string): Token[][] {
  const lines: Token[][] = [[]]
  const open: string[] = []
  const add = (text: string) => {
    if (!text) return
    const line = lines.at(-1)!
    const kind = open.at(-1) ?? ''
    const last = line.at(-1)
    if (last?.kind === kind) last.text += text
    else line.push({ kind, text })
  }
  for (const [part, kind, character] of html.matchAll(PART)) {
    if (kind !== undefined) open.push(kindIn(kind) || (open.at(-1) ?? ''))
    else if (part === '</span>') open.pop()
    else if (character) add(CHARACTERS[character]!)
    else {
      const [first, ...rest] = part.split('\n')
      add(first!)
      for (const text of rest) {
        lines.push([])
        add(text)
      }
    }
  }
  return lines
}

/** `hljs-title function_` → `title`. */
function kindIn(classes: string): string {
  return classes.startsWith('hljs-') ? classes.slice(5).split(' ')[0]! : ''
}

/** The lines of a text that nothing highlights. */
export function plainLines(text: string): Token[][] {
  return text.split('\n').map((line) => (line ? [{ kind: '', text: line }] : []))
}
