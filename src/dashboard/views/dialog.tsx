import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface Props {
  readonly label: string
  readonly children: ComponentChildren
  onClose(): void
}

/**
 * Stands in front of everything else. Escape and a click beside it close it, and the focus goes back to where it was.
 */
export const Dialog = ({ label, children, onClose }: Props) => {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={element}
      aria-label={label}
      onClose={onClose}
      onPointerDown={(event) => {
        if (event.target === element.current) element.current?.close()
      }}
    >
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}
