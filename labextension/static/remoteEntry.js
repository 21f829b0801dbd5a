// @ts-check
// What JupyterLab and Notebook 7 load of a prebuilt extension: a container in window._JUPYTERLAB that is given the
// modules of the page and gives its plugins. https://webpack.js.org/concepts/module-federation
//
// Webpack usually writes it. This one is written by hand, so that what is shipped is the source.

(() => {
  /** @type {SharedModules} */
  let modules = {};
  const containers = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB = containers;
  containers.gemini_magics = {
    /** @param {SharedModules} shared */
    init(shared) {
      modules = shared;
    },
    async get() {
      const { plugins } = await import("./plugins.js");
      const exported = { __esModule: true, default: await plugins(modules) };
      return () => exported;
    },
  };
})();
