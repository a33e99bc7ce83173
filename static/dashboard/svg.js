// Shapes of a picture.
const SVG = "http://www.w3.org/2000/svg";

export function text(content, x, y, anchor, name = "") {
  const made = shape("text", { x, y, "text-anchor": anchor, class: name });
  made.textContent = content;
  return made;
}

export function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// How a text is anchored at x so that it stays inside the picture: between `from` and `to` there is room on both sides.
export function anchorAt(x, from, to) {
  if (x < from) return "start";
  return x > to ? "end" : "middle";
}

// The last point at or before x; points begin with their x, and are in order.
export function pointAt(points, x) {
  return points.findLast((point) => point[0] <= x) ?? points[0];
}
