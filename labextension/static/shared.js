// @ts-check
// The modules that a page shares with its extensions.

/** @typedef {(name: string) => Promise<any>} Modules gives a module of the page by its name */

/**
 * Return the function that gives a module: of several versions the one that the page has loaded, else the newest.
 *
 * @param {SharedModules} shared
 * @returns {Modules}
 */
function modulesOf(shared) {
  return async (name) => {
    const versions = Object.entries(shared[name] ?? {}).sort(([one], [other]) => compare(other, one));
    const [, chosen] = versions.find(([, version]) => version.loaded) ?? versions[0] ?? [];
    if (!chosen) throw new Error(`no ${name}`);
    return (await chosen.get())();
  };
}

/**
 * @param {string} one a version, such as "4.6.10"
 * @param {string} other
 */
function compare(one, other) {
  return one.localeCompare(other, "en", { numeric: true });
}

export { modulesOf };
