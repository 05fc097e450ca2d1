// A text area that sends its text while it is typed, after a pause. What Python says is written into it only under a new
// version, so that an answer to an older text never takes back what was typed since.
export default function (component) {
  const { data, parentElement, setStateValue } = component
  const area = parentElement.querySelector("textarea")
  parentElement.querySelector(".name").textContent = data.label
  area.placeholder = data.placeholder
  area.style.minHeight = `${data.height}px`
  if (area.version !== data.version) {
    clearTimeout(area.pause)
    area.version = data.version
    area.value = data.text
    area.sent = data.text
  }
  const send = () => {
    clearTimeout(area.pause)
    if (area.value !== area.sent) setStateValue("text", (area.sent = area.value))
  }
  area.oninput = (event) => {
    clearTimeout(area.pause)
    if (!event.isComposing) area.pause = setTimeout(send, data.pause)
  }
  area.oncompositionend = () => (area.pause = setTimeout(send, data.pause))
  area.onblur = send
  return () => clearTimeout(area.pause)
}
