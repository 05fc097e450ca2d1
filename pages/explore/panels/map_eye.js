// Tells the server which part of the map is seen, once the wheel or the hand has come to rest: Streamlit passes on what is
// drawn on a picture, not how it is moved. Nothing is read but the ends of its axes.
export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let plot, pause
  const tell = () => {
    const { xaxis, yaxis } = plot._fullLayout
    setTriggerValue("view", [...xaxis.range, ...yaxis.range].map(Number))
  }
  const moved = (said) => {
    if (!Object.keys(said).some((name) => /^[xy]axis\.(range|autorange)/.test(name))) return
    clearTimeout(pause)
    pause = setTimeout(tell, data.pause)
  }
  const leave = () => {
    clearTimeout(pause)
    plot?.removeListener?.("plotly_relayout", moved)
  }
  const look = () => {
    const found = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`)
    if (!found?.on || found === plot) return
    leave()
    plot = found
    plot.on("plotly_relayout", moved)
  }
  parentElement.leave?.() // what an earlier drawing left
  const looking = setInterval(look, 200) // the picture may come later, and may be replaced
  return (parentElement.leave = () => {
    clearInterval(looking)
    leave()
  })
}
