// Run cells.py in Pyodide: node run.mjs PACKAGES.zip REPOSITORY FOLDER CELLS.json
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const [packages, repository, folder, cells] = process.argv.slice(2);
const python = await loadPyodide({ env: { HOME: "/home", GEMINI_MAGICS_DEMO_WORDS_PER_S: "0" } });
const extractDir = python.runPython("import sysconfig; sysconfig.get_path('purelib')");
python.unpackArchive(new Uint8Array(readFileSync(packages)), "zip", { extractDir });
for (const [place, real] of [
  ["/repository", repository],
  ["/work", folder],
]) {
  python.FS.mkdirTree(place);
  python.mountNodeFS(place, real);
}
python.globals.set("cells", cells);
python.runPython(`
import os, sys
sys.path[:0] = ["/repository", "/repository/tests/pyodide"]
os.chdir("/work")
from cells import main
main(cells)
`);
process.exit(0);
