import assert from "node:assert/strict";
import test from "node:test";
import { Tray } from "../../gemini_magics/notebook/static/tray.js";
import { put } from "./dom.mjs";

const FIG = { key: "1", name: "fig", label: "fig · figure", thumb: "data:image/png;base64,AA" };
const NOTES = { key: "2", name: "notes.txt", label: "notes.txt · text", thumb: "" };

/** A tray with these things, what it has said, and how often it gave the focus away. */
function tray(...items) {
  const made = { said: [], left: 0 };
  made.tray = new Tray(
    put("<form></form>"),
    (verb, rest) => made.said.push([verb, rest]),
    () => (made.left += 1),
  );
  made.tray.draw(items);
  made.group = document.querySelector("[role=group], .gemini-panel-part");
  made.open = () => document.querySelector(".gemini-panel-pick").click();
  made.edges = () => [...made.group.querySelectorAll("input")];
  made.group.querySelector("img").getBoundingClientRect = () => ({
    left: 10,
    top: 20,
    width: 200,
    height: 100,
  });
  return made;
}

/** A pointer's event; jsdom has no pointers, and captures none. */
function point(made, type, clientX, clientY) {
  const picture = made.group.querySelector(".gemini-panel-whole");
  const held = new Set();
  Object.assign(picture, {
    setPointerCapture: (id) => held.add(id),
    hasPointerCapture: () => type !== "pointerup",
  });
  const event = new window.Event(type, { bubbles: true, cancelable: true });
  picture.dispatchEvent(Object.assign(event, { clientX, clientY, pointerId: 1 }));
}

function press(node, key) {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  node.dispatchEvent(event);
  return event;
}

test("a thumbnail is a button that opens it, and what has no picture has no such button", () => {
  const made = tray(FIG, NOTES);
  assert.equal(document.querySelectorAll(".gemini-panel-pick").length, 1);
  assert.equal(made.group.hidden, true);
  made.open();
  assert.equal(made.group.hidden, false);
  assert.equal(made.group.ariaLabel, "A part of fig");
  assert.equal(document.activeElement, made.edges()[0]);
});

test("a box that is dragged in any direction, also out of the picture, is the part that is attached", () => {
  const made = tray(FIG);
  made.open();
  point(made, "pointerdown", 110, 70);
  point(made, "pointermove", 50, 500);
  assert.deepEqual(
    made.edges().map(({ value }) => value),
    ["20", "50", "50", "100"],
  );
  assert.equal(made.group.querySelector(".gemini-panel-frame").style.width, "30%");
  made.group.querySelectorAll("button")[0].click();
  assert.deepEqual(made.said, [["region", { key: "1", box: [0.2, 0.5, 0.5, 1] }]]);
  assert.equal(made.group.hidden, true);
  assert.equal(made.left, 1);
});

test("edges are typed too, Enter attaches the part and sends no question, and Escape leaves it", () => {
  const made = tray(FIG);
  made.open();
  const [left, top, right, bottom] = made.edges();
  for (const [edge, value] of [
    [left, "80"],
    [top, "0"],
    [right, "40"],
    [bottom, "250"],
  ])
    edge.value = value;
  assert.equal(press(right, "Enter").defaultPrevented, true);
  assert.deepEqual(made.said, [["region", { key: "1", box: [0.4, 0, 0.8, 1] }]]);
  made.open();
  press(left, "Escape");
  assert.equal(made.group.hidden, true);
  assert.equal(made.said.length, 1);
});

test("a part without a size is not attached", () => {
  const made = tray(FIG);
  made.open();
  for (const edge of made.edges()) edge.value = "10";
  press(made.edges()[0], "Enter");
  assert.deepEqual(made.said, []);
  assert.equal(made.group.hidden, false);
});

test("the picture closes once its attachment is gone, and stays open while another is moved", () => {
  const made = tray(FIG, NOTES);
  made.open();
  made.tray.draw([NOTES, FIG]);
  assert.equal(made.group.hidden, false);
  made.tray.draw([NOTES]);
  assert.equal(made.group.hidden, true);
});
