import { Check, Copy } from 'lucide'
import { useEffect, useState } from 'preact/hooks'
import { IconButton } from './Button'
import { complain } from './Toasts'

/** Puts a text on the clipboard, and says that it did. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return undefined
    const timer = setTimeout(() => setDone(false), 1500)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <IconButton
      small
      icon={done ? Check : Copy}
      label={done ? 'Copied' : label}
      onClick={(event) => {
        event.stopPropagation()
        void copy(text).then(() => setDone(true), complain)
      }}
    />
  )
}

/** Copy a text; pages that are not served by HTTPS have no clipboard of their own. */
export async function copy(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'aside'
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
  return undefined
}
