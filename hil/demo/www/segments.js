// Seven-segment digits as lit polygons: bit 0 is segment a (top), then b..f clockwise, 6 is g (middle), 7 the point.
const NS = "http://www.w3.org/2000/svg";
const BARS = [
  "8,4 12,0 40,0 44,4 40,8 12,8", "46,6 50,10 50,38 46,42 42,38 42,10", "46,46 50,50 50,78 46,82 42,78 42,50",
  "8,84 12,80 40,80 44,84 40,88 12,88", "6,46 10,50 10,78 6,82 2,78 2,50", "6,6 10,10 10,38 6,42 2,38 2,10",
  "8,44 12,40 40,40 44,44 40,48 12,48",
];

function node(tag, attributes) {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Draw `digits`, one byte each, left to right.
export function segments(svg, digits) {
  const picture = JSON.stringify(digits);
  if (svg.dataset.shown === picture) return;
  svg.dataset.shown = picture;
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, digits.length) * 66} 92`);
  svg.replaceChildren(...digits.map((bits, place) => {
    const group = node("g", { transform: `translate(${place * 66 + 6} 2) skewX(-4)` });
    BARS.forEach((points, bit) => group.append(node("polygon", { points, class: bits >> bit & 1 ? "on" : "" })));
    group.append(node("circle", { cx: 57, cy: 84, r: 4, class: bits >> 7 & 1 ? "on" : "" }));
    return group;
  }));
}

// Draw a dot matrix: `rows` from top to bottom, each a string of 0 and 1.
export function matrix(svg, rows) {
  const picture = rows.join();
  if (svg.dataset.shown === picture) return;
  svg.dataset.shown = picture;
  svg.setAttribute("viewBox", `0 0 ${(rows[0] || "").length * 10} ${rows.length * 10}`);
  svg.replaceChildren(...rows.flatMap((row, y) => [...row].map((dot, x) => node("circle", { cx: x * 10 + 5, cy: y * 10 + 5, r: 4, class: dot === "1" ? "on" : "" }))));
}
