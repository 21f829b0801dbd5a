// @ts-check
// The plugins, each of which can be turned off by itself: `jupyter labextension disable gemini_magics:cells`.

import { Ask, offerInOutputs } from "./ask.js";
import { QuestionCells } from "./cells.js";
import { giveDefaults } from "./defaults.js";
import { addLanguage, unknownMarks } from "./language.js";
import { ID, panelTab } from "./panel-tab.js";
import { addButtons } from "./saved-answers.js";
import { modulesOf } from "./shared.js";
import { markUnknownNames } from "./unknown-names.js";

/** @typedef {import("@jupyterlab/application").JupyterFrontEndPlugin<void>} Plugin */
/** @typedef {import("./shared.js").Modules} Modules */

const SETTINGS = "gemini_magics:settings";
const CATEGORY = "Gemini";
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M3 3h18v14h-9l-5 4v-4H3zM12 5c0 3-2 5-5 5 3 0 5 2 5 5 0-3 2-5 5-5-3 0-5-2-5-5z" fill-rule="evenodd"/></svg>`;

/**
 * Make the plugins. What a page lacks leaves out the plugins that need it, and says so in one line.
 *
 * @param {SharedModules} shared
 * @returns {Promise<Plugin[]>}
 */
async function plugins(shared) {
  const modules = modulesOf(shared);
  const made = await Promise.allSettled([settings, cells, asking, panel].map((make) => make(modules)));
  const missing = new Set(made.flatMap((each) => (each.status === "rejected" ? [each.reason.message] : [])));
  if (missing.size > 0) {
    console.info(`gemini_magics: this page has ${[...missing].join(", ")}. What needs it is left out.`);
  }
  return made.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

/**
 * The settings page, and what holds for every page: the style sheet and the buttons of saved answers.
 *
 * @param {Modules} modules
 * @returns {Promise<Plugin>}
 */
async function settings(modules) {
  const [{ INotebookTracker }, { ISettingRegistry }] = await Promise.all([
    modules("@jupyterlab/notebook"),
    modules("@jupyterlab/settingregistry"),
  ]);
  return {
    id: SETTINGS,
    description: "Settings of questions to Gemini, and buttons in saved answers.",
    autoStart: true,
    requires: [INotebookTracker, ISettingRegistry],
    async activate(_, /** @type {any} */ tracker, /** @type {any} */ registry) {
      addStyle();
      addButtons();
      const loaded = await registry.load(SETTINGS);
      giveDefaults(tracker, () => loaded.composite.defaults ?? {});
    },
  };
}

/**
 * Questions in the colours of prose.
 *
 * @param {Modules} modules
 * @returns {Promise<Plugin>}
 */
async function cells(modules) {
  const [notebook, { IEditorLanguageRegistry }, { ISettingRegistry }, unknown] = await Promise.all([
    modules("@jupyterlab/notebook"),
    modules("@jupyterlab/codemirror"),
    modules("@jupyterlab/settingregistry"),
    unknownMarks(modules),
  ]);
  return {
    id: "gemini_magics:cells",
    description: "Questions in notebook cells are coloured as prose, and wrap.",
    autoStart: true,
    requires: [notebook.INotebookTracker, IEditorLanguageRegistry],
    optional: [ISettingRegistry],
    async activate(_, /** @type {any} */ tracker, /** @type {any} */ languages, /** @type {any} */ registry) {
      addLanguage(languages, modules, unknown);
      const questions = new QuestionCells(tracker);
      markUnknownNames(tracker, notebook, unknown);
      const loaded = await registry?.load(SETTINGS);
      const obey = () => questions.turn(loaded.composite.colours !== false);
      loaded?.changed.connect(obey);
      if (loaded) obey();
    },
  };
}

/**
 * "Ask Gemini about this" for outputs and cells.
 *
 * @param {Modules} modules
 * @returns {Promise<Plugin>}
 */
async function asking(modules) {
  const [{ INotebookTracker }, { ICommandPalette, Notification }, icon] = await Promise.all([
    modules("@jupyterlab/notebook"),
    modules("@jupyterlab/apputils"),
    iconOf(modules),
  ]);
  return {
    id: "gemini_magics:ask",
    description: "Questions about an output or a cell, in a new cell below it.",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ICommandPalette],
    activate(app, /** @type {any} */ tracker, /** @type {any} */ palette) {
      const ask = new Ask(app, tracker, Notification);
      const isEnabled = () => tracker.currentWidget !== null;
      const commands = {
        "gemini:ask": { label: "Ask Gemini About This Cell or Its Output", execute: () => ask.aboutActive() },
        "gemini:ask-about-cell": {
          label: "Ask Gemini About This Cell",
          execute: (/** @type {any} */ { clicked }) => ask.aboutCell(Boolean(clicked)),
        },
        "gemini:ask-about-output": {
          label: "Ask Gemini About This Output",
          execute: (/** @type {any} */ { clicked }) => (clicked ? ask.aboutClickedOutput() : ask.aboutActive()),
        },
      };
      for (const [command, options] of Object.entries(commands)) {
        app.commands.addCommand(command, { ...options, caption: options.label, icon, isEnabled });
        palette?.addItem({ command, category: CATEGORY });
      }
      offerInOutputs((output) => ask.aboutOutput(output));
    },
  };
}

/**
 * The panel beside the notebook, and a notebook with the panel in the launcher.
 *
 * @param {Modules} modules
 * @returns {Promise<Plugin>}
 */
async function panel(modules) {
  const [{ INotebookTracker }, { ICommandPalette }, lumino, outputarea, icon] = await Promise.all([
    modules("@jupyterlab/notebook"),
    modules("@jupyterlab/apputils"),
    modules("@lumino/widgets"),
    modules("@jupyterlab/outputarea"),
    iconOf(modules),
  ]);
  const launcher = await modules("@jupyterlab/launcher").catch(() => undefined);
  return {
    id: "gemini_magics:panel",
    description: "The panel of Gemini beside the notebook.",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ICommandPalette, ...(launcher ? [launcher.ILauncher] : [])],
    activate(app, /** @type {any} */ tracker, /** @type {any} */ palette, /** @type {any} */ launch) {
      const tab = panelTab(tracker, lumino, outputarea, icon);
      app.shell.add(tab, "right", { rank: 900 });
      const open = "gemini:open-panel";
      app.commands.addCommand(open, {
        label: "Open the Gemini Panel Beside the Notebook",
        icon,
        execute: () => app.shell.activateById(ID),
      });
      const create = "gemini:new-notebook";
      app.commands.addCommand(create, {
        label: "Notebook with Gemini",
        caption: "Open a notebook with the panel of Gemini beside it",
        icon,
        execute: async ({ cwd }) => {
          const { kernelspecs } = app.serviceManager;
          await kernelspecs.ready;
          const kernelName = kernelspecs.specs?.default; // without it a dialog asks for one
          const book = await app.commands.execute("notebook:create-new", { cwd, kernelName, activate: true });
          await book.context.ready;
          book.content.model.cells.get(0).sharedModel.setSource("%load_ext gemini_magics");
          await app.commands.execute(open);
        },
      });
      palette?.addItem({ command: open, category: CATEGORY });
      launch?.add({ command: create, category: "Notebook", rank: 900 });
    },
  };
}

/**
 * @param {Modules} modules
 * @returns {Promise<import("@jupyterlab/ui-components").LabIcon>}
 */
async function iconOf(modules) {
  const { LabIcon } = await modules("@jupyterlab/ui-components");
  return LabIcon.resolve({ icon: new LabIcon({ name: "gemini_magics:ask", svgstr: ICON }) });
}

/** Load the style sheet. */
function addStyle() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("./style.css", import.meta.url).href;
  document.head.append(link);
}

export { plugins };
