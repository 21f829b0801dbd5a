// @ts-check
// Asks whether a function may be called. The HTML that tells of the call is the kernel's.
//
// While a cell runs, the kernel hears a page only through a subshell, which the page may still be starting. So
// the page says that it is here until the kernel has heard it, and only then can a button be pressed.

import { choiceRow } from "./choices.js";
import { hearKernel, tell } from "./comm.js";
import { add } from "./elements.js";

const AGAIN_MS = 250;

function consentWidget() {
  return {
    /** @param {{ model: ConsentModel, el: HTMLElement }} host */
    render({ model, el }) {
      hearKernel(model);
      el.classList.add("gemini-live");
      const root = add(add(el, "div", "jp-RenderedHTMLCommon jp-RenderedHTML"), "div", "gemini-answer");
      root.insertAdjacentHTML("beforeend", model.get("asked"));
      const buttons = choiceRow(root, (choice) => tell(model, choice));
      for (const each of buttons) each.disabled = true;
      const calling = setInterval(() => tell(model, "here"), AGAIN_MS);
      model.on("msg:custom", () => {
        clearInterval(calling);
        for (const each of buttons) each.disabled = false;
      });
      return () => clearInterval(calling);
    },
  };
}

export { consentWidget as default };
