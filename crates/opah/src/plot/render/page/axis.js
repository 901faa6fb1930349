// Texts, scales and ticks. The rules are those of text.rs and ticks.rs.
"use strict";
const MARGIN = 24, TITLE = 18, TEXT = 12.5, TICK = 12, LINE = 22, GAP = 26, UPRIGHT = 110, SWATCH = 26;

// Elements and texts.

function element(parent, name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}
const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;
function width(text, size) {
  pen.font = `${size}px ${family}`;
  return pen.measureText(text).width + 1;
}
function shortened(text, size, room) {
  if (width(text, size) <= room) return text;
  const letters = Array.from(text);
  for (let kept = letters.length - 1; kept > 0; kept--) {
    const head = Math.ceil(kept / 2);
    const short = [...letters.slice(0, head), "…", ...letters.slice(letters.length - (kept - head))].join("");
    if (width(short, size) <= room) return short;
  }
  return "…";
}
function wrapped(text, size, room) {
  const lines = [];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && width(longer, size) <= room) lines[lines.length - 1] = longer;
    else lines.push(shortened(word, size, room));
  }
  return lines;
}

// Scales: { low, high, log, names, whole }.

const kind = (axis) => (typeof axis.scale === "string" ? axis.scale : "category");
const place = (scale, value) => (scale.log ? Math.log10(value) : value);
const unplace = (scale, value) => (scale.log ? 10 ** value : value);
const at = (scale, value) => {
  const low = place(scale, scale.low), high = place(scale, scale.high);
  return scale.from + ((place(scale, value) - low) / (high - low)) * (scale.to - scale.from);
};
const valueAt = (scale, pixel) => {
  const low = place(scale, scale.low), high = place(scale, scale.high);
  return unplace(scale, low + ((pixel - scale.from) / (scale.to - scale.from)) * (high - low));
};
function range(values, scale) {
  const log = scale === "log";
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    const spot = Math.min(8e307, Math.max(-8e307, log ? Math.log10(value) : value));
    low = Math.min(low, spot);
    high = Math.max(high, spot);
  }
  if (low > high) [low, high] = log ? [-1, 0] : [0, 1];
  let margin = (high - low) * 0.04;
  if (high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high))) margin = log || scale === "whole" ? 0.5 : low === 0 ? 1 : Math.abs(low) * 0.05;
  return log ? [10 ** (low - margin), 10 ** (high + margin)] : [low - margin, high + margin];
}
const raised = (exponent) => String(exponent).replace("+", "").replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
const minus = (text) => text.replaceAll("-", "−");
function grouped(text) {
  const [, sign, digits, rest] = text.match(/^(-?)(\d+)(.*)$/);
  return sign + (digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, ",")) + rest;
}
function spell(value, greatest, power) {
  if (value === 0) return "0";
  if (greatest >= 1e6 || greatest < 1e-3) {
    const exponent = Math.floor(Math.log10(Math.abs(value)));
    const [digits, raise] = value.toExponential(Math.min(16, Math.max(0, exponent - power))).split("e");
    return `${minus(digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits)}×10${raised(raise)}`;
  }
  return minus(grouped(value.toFixed(Math.min(17, Math.max(0, -power)))));
}
function linear(low, high, most, whole) {
  let power = Math.max(Math.floor(Math.log10((high - low) / most)), whole ? 0 : -307), factor = 1;
  for (;;) {
    const step = factor * 10 ** power;
    const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
    if (last - first < most || power >= 308) {
      const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * factor)
        .map((k) => (power < 0 && power >= -22 ? k / 10 ** -power : k * 10 ** power) + 0);
      const greatest = Math.max(Math.abs(low), Math.abs(high));
      return values.map((value) => ({ value, label: spell(value, greatest, power) }));
    }
    [factor, power] = factor === 5 ? [1, power + 1] : [factor === 1 ? 2 : 5, power];
  }
}
const decades = (low, high) => {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
};
const scaled = (factor, power) => Number(`${factor}e${power}`); // rounded once
function logarithmic(low, high, most) {
  const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const fine = decades(low, high).flatMap((power) => [1, 2, 5].map((factor) => scaled(factor, power))).filter(inside);
  if (fine.length >= 2 && fine.length <= most) return labelPowers(fine);
  const powers = decades(low, high).filter((power) => inside(scaled(1, power)));
  if (powers.length < 2) return linear(low, high, most, false);
  const some = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500].map((stride) => powers.filter((power) => power % stride === 0)).find((kept) => kept.length <= most);
  return labelPowers((some?.length >= 2 ? some : [powers[0], powers.at(-1)]).map((power) => scaled(1, power)));
}
function labelPowers(values) {
  const plain = values.every((value) => value >= 1e-3 && value < 1e5);
  return values.map((value) => {
    const [digits, exponent] = value.toExponential().split("e");
    return { value, label: plain ? grouped(String(value)) : `${digits === "1" ? "" : digits + "×"}10${raised(exponent)}` };
  });
}
function categories(scale, most, room) {
  const stride = Math.max(1, Math.ceil((scale.high - scale.low) / most));
  return scale.names.map((name, value) => ({ value, label: shortened(name, TICK, room) }))
    .filter(({ value }) => value % stride === 0 && value >= scale.low && value <= scale.high);
}
const numbers = (scale, most) => (scale.log ? logarithmic : linear)(scale.low, scale.high, most, scale.whole);
