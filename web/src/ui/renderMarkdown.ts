import DOMPurify from 'dompurify'
import { Marked, type Tokens } from 'marked'

/** Headings of a text stand below those of the page around it. */
const DEEPER = 2

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    heading({ tokens, depth }: Tokens.Heading): string {
      const level = Math.min(6, depth + DEEPER)
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? '☑ ' : '☐ ' // it cannot be ticked here, so it is no control
    },
  },
})

const purify = DOMPurify(window)
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A') mendLink(node)
  if (node.tagName === 'IMG') mendImage(node)
  if (node.tagName === 'PRE') node.setAttribute('tabindex', '0') // it scrolls, also by keyboard
})

/** Where a picture is that a text names by a path beside itself; null for nowhere. */
export type Beside = (path: string) => string | null

let beside: Beside | null = null

/** The Markdown of a user as nodes that hold nothing but text, links, lists, tables and images. */
export function renderMarkdown(text: string, pictures: Beside | null = null): DocumentFragment {
  beside = pictures // for the hooks, which run before this returns
  return purify.sanitize(marked.parse(text, { async: false }), {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'audio', 'video'],
    FORBID_ATTR: ['style', 'class', 'id', 'name', 'srcset', 'background', 'action', 'tabindex'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  })
}

function mendLink(link: Element): void {
  const target = link.getAttribute('href') ?? ''
  if (target.startsWith('#/')) return // a page of ours
  if (target.startsWith('#')) {
    link.removeAttribute('href') // the address behind the # names a page, never a place in a text
    return
  }
  link.setAttribute('target', '_blank')
  link.setAttribute('rel', 'noopener noreferrer')
}

/** The content policy lets nothing be fetched from elsewhere: such a picture becomes a link to it. */
function mendImage(image: Element): void {
  const source = image.getAttribute('src') ?? ''
  if (!image.hasAttribute('alt')) image.setAttribute('alt', '')
  if (/^(data|blob):/i.test(source)) return
  if (!/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(source)) {
    const found = beside?.(source)
    if (found) image.setAttribute('src', found)
    return
  }
  const link = document.createElement('a')
  link.href = source
  link.textContent = image.getAttribute('alt') || source
  mendLink(link)
  image.replaceWith(link)
}
