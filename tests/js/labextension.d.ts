// The types of labextension/static that no package declares. They are global, and only `tsc` reads them.

/** The modules of a page: by name, then by version. https://webpack.js.org/concepts/module-federation */
type SharedModules = Record<string, Record<string, { get(): Promise<() => unknown>; loaded?: unknown }>>;

interface ExtensionContainer {
  init(shared: SharedModules): void;
  get(module: string): Promise<() => unknown>;
}

interface Window {
  _JUPYTERLAB?: Record<string, ExtensionContainer>;
}

type MarkdownParser = import("@lezer/markdown").MarkdownParser;
type BlockContext = import("@lezer/markdown").BlockContext;
type InlineContext = import("@lezer/markdown").InlineContext;
