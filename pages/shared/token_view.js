// Text comes from data sets and is hostile: it only ever becomes text nodes. No markup is made of it anywhere.
const FIRST = 2500 // characters of a row before all of it is asked for
const LEAD = 900 // of them before the strongest token
const SIGNS = /\r?\n|\r|\t| {2,}|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const FAINTEST = 10 // percent of the accent behind the weakest active token
const STRONGEST = 52 // and behind the strongest: words on it stay easy to read, light and dark

function made(tag, names, text) {
  const element = document.createElement(tag)
  element.className = names
  if (text !== undefined) element.textContent = text
  return element
}

function spaced(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f")
}

function said(value) {
  return String(Number(value.toPrecision(3)))
}

// What has no shape of its own gets a faint sign; the characters themselves stay, so that a copy is exact.
function signed(found, inline) {
  if (/[\r\n]/.test(found)) {
    const sign = made("span", "sign")
    sign.dataset.sign = "↵"
    sign.append(document.createTextNode(inline ? " " : found))
    return sign
  }
  if (found === "\t") {
    const sign = made("span", "sign", "\t")
    sign.dataset.sign = "→"
    return sign
  }
  if (found[0] === " ") {
    const run = document.createDocumentFragment()
    for (let i = 0; i < found.length; i++) run.append(made("span", "space", " "))
    return run
  }
  const code = found.charCodeAt(0)
  const control = code < 0x20 || code === 0x7f
  const sign = made("span", "sign", control ? "" : found)
  sign.dataset.sign = control ? String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code) : "⇄"
  sign.title = "U+" + code.toString(16).toUpperCase().padStart(4, "0")
  return sign
}

function write(place, text, inline) {
  if (text === " " && place.classList.contains("token")) return place.append(made("span", "space", " "))
  let from = 0
  for (const match of text.matchAll(SIGNS)) {
    place.append(document.createTextNode(text.slice(from, match.index)), signed(match[0], inline))
    from = match.index + match[0].length
  }
  place.append(document.createTextNode(text.slice(from)))
}

// The pieces [token number, text] to draw: everything, or as many characters around the strongest token.
function pieces(row, everything) {
  const lengths = row.tokens.map((token) => token.length)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  if (everything || total <= FIRST) return { cut: false, parts: row.tokens.map((token, i) => [i, token]) }
  let middle = row.peak ?? -1
  if (middle < 0 && row.values) middle = row.values.findIndex((value) => value > 0)
  const before = lengths.slice(0, Math.max(0, middle)).reduce((sum, length) => sum + length, 0)
  const start = Math.min(Math.max(0, before - LEAD), Math.max(0, total - FIRST))
  const parts = []
  let at = 0
  row.tokens.forEach((token, i) => {
    const [low, high] = [Math.max(0, start - at), Math.min(token.length, start + FIRST - at)]
    if (low < high || (token.length === 0 && at >= start && at < start + FIRST)) {
      parts.push([i, token.length > FIRST ? token.slice(low, high) : token])
    }
    at += token.length
  })
  return { cut: true, parts, before: start > 0, after: start + FIRST < total }
}

function words(row, top, everything) {
  const place = made("div", row.chips ? "words chips" : "words")
  const { cut, parts, before, after } = pieces(row, everything)
  if (row.before || before) place.append(made("span", "faded", "… "))
  let plain = ""
  const flush = () => {
    if (plain) write(place, plain, row.inline)
    plain = ""
  }
  for (const [i, whole] of parts) {
    const value = row.values ? row.values[i] : null
    const peak = row.peak === i
    const faded = row.faded && row.faded[i]
    let text = whole
    if (!row.chips && /^ \S/.test(text)) {
      plain += " " // a space before a word is not shaded: lines break there
      text = text.slice(1)
    }
    if (!(value > 0) && !peak && !faded && !row.chips && !BIDI.test(text)) {
      plain += text // joined, so that letters and emoji that several tokens share are drawn as one
      continue
    }
    flush()
    const token = made("span", "token")
    token.style.setProperty("--strength", value > 0 && top > 0 ? FAINTEST + (STRONGEST - FAINTEST) * Math.min(1, value / top) : 0)
    if (peak) token.classList.add("peak")
    if (faded) token.classList.add("faded")
    if (BIDI.test(text)) token.classList.add("alone")
    if (value > 0) token.title = said(value) + (peak ? ", the strongest" : "")
    else if (peak) token.title = "the strongest token"
    write(token, text, row.inline)
    place.append(token)
  }
  flush()
  if (row.after || after) place.append(made("span", "faded", "\u00a0…"))
  return { place, cut }
}

function drawn(row, number, data, list) {
  const box = made("div", "row")
  if (row.head || row.about) {
    const head = made("div", "head")
    head.append(made("span", "name", row.head))
    if (row.about) head.append(made("span", "about", row.about))
    box.append(head)
  }
  if (data.opens) {
    box.classList.add("opens")
    box.setAttribute("role", "button")
    box.tabIndex = 0
    box.addEventListener("click", () => {
      if (String(window.getSelection()) === "") list.clicked(number) // marking text is not a click
    })
    box.addEventListener("keydown", (event) => event.key === "Enter" && list.clicked(number))
  }
  const { place, cut } = words(row, row.top ?? data.top, false)
  const column = made("div", "column")
  if (row.title) column.append(made("div", "title", row.title))
  column.append(place)
  box.append(column)
  if (!cut) return [box]
  const many = row.tokens.length
  const all = many > 1 ? `${spaced(many)} tokens` : `${spaced(row.tokens[0].length)} characters`
  const more = made("button", "more", `Show all ${all}`)
  more.addEventListener("click", () => {
    const all = words(row, row.top ?? data.top, true).place
    place.replaceWith(all)
    more.remove()
    all.querySelector(".peak")?.scrollIntoView({ block: "center" }) // where one was reading
  })
  return [box, more]
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const list = parentElement.querySelector(".list")
  list.clicked = (number) => setTriggerValue("clicked", number)
  const key = JSON.stringify(data)
  if (list.drawn === key) return // a rerun that changes nothing leaves what was unfolded
  list.drawn = key
  list.classList.toggle("scrolls", Boolean(data.height))
  list.style.maxHeight = data.height ? `${data.height}px` : ""
  list.classList.toggle("wide", Boolean(data.wide))
  const sections = []
  data.rows.forEach((row, number) => {
    if (row.section || !sections.length) {
      sections.push(made("div", "section"))
      if (row.section) {
        const heading = made("div", "heading")
        heading.append(made("span", "topic", row.section))
        if (row.section_about) heading.append(made("span", "about", row.section_about))
        sections.at(-1).append(heading)
      }
    }
    sections.at(-1).append(...drawn(row, number, data, list))
  })
  list.replaceChildren(...sections)
}
