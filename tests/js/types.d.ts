// The types that the files of gemini_magics/notebook/static share: what hosts give to a widget, and what the
// kernel and the page say to each other. They are global, and only `tsc` reads them.

// What a host gives. JupyterLab and Notebook 7 give all of it, VS Code and Colab only what has no "?".

interface Teller {
  send(message: unknown, callbacks?: undefined, buffers?: ArrayBufferView[]): void;
}

interface Hearer extends Teller {
  get(name: "own_name"): string;
  widget_manager: WidgetManager;
}

interface WidgetModel<Said, Message = Said> extends Hearer {
  get(name: "own_name"): string;
  get(name: "said"): Said;
  get(name: "_css"): string;
  on(event: "msg:custom", hear: (message: Message) => void): void;
  on(event: "change:said" | "comm_live_update" | "destroy", hear: () => void): void;
}
type AnswerModel = WidgetModel<Frame>;
type PanelModel = WidgetModel<PanelMessage, PanelMessage | GrowMessage>;

interface ConsentModel extends Hearer {
  get(name: "own_name"): string;
  get(name: "asked"): string;
  on(event: "msg:custom", hear: () => void): void;
}

interface WidgetManager {
  kernel?: { interrupt?: () => void; clientId?: string };
  rendermime?: { latexTypesetter?: Typesetter };
  context?: NotebookContext;
  has_model?(name: string): boolean;
  get_model?(name: string): Promise<ManagedWidget>;
}

/** A widget as its manager has it: `WidgetModel` of @jupyter-widgets/base. */
interface ManagedWidget {
  comm?: { on_msg(hear: (message: CommMessage) => unknown): void };
  _handle_comm_msg(message: CommMessage): Promise<void>;
  trigger(event: string, ...facts: unknown[]): void;
}

interface CommMessage {
  content: { data: { method: string; content?: unknown } };
  buffers?: unknown[];
}

interface Typesetter {
  typeset(node: Element): void;
}

interface NotebookContext {
  model?: NotebookModel;
  sessionContext: { kernelChanged: { connect(slot: () => void): void; disconnect(slot: () => void): void } };
}

interface NotebookCells extends Iterable<{ id: string; outputs?: OutputArea; sharedModel?: SavedCell }> {
  changed?: { connect(slot: (cells: unknown, change: { newValues: NotebookCells }) => void): void };
}

interface NotebookModel {
  dirty?: boolean; // not saved yet
  cells?: NotebookCells;
  sharedModel: { insertCell(at: number, cell: object): void; awareness?: Awareness };
}

/** What each page that has the notebook open says of itself; it is other people's data. */
interface Awareness {
  clientID: number;
  getStates(): Map<number, AwarenessState>;
  getLocalState(): AwarenessState | null;
  setLocalStateField(name: string, value: object): void;
  on(event: "change", hear: () => void): void;
  off(event: "change", hear: () => void): void;
}

interface AwarenessState {
  gemini_magics?: Record<string, unknown>;
}

/** A cell as it is saved, in a notebook that pages may share, https://github.com/jupyter-server/jupyter_ydoc */
interface SavedCell {
  getOutputs(): PlainOutput[];
  transact(change: () => void, undoable: boolean): void;
  ymodel?: { get(name: "outputs"): SavedOutputs };
}

interface SavedOutputs {
  length: number;
  get(at: number): SavedOutput;
}

interface SavedOutput {
  get(name: "data"): MimeBundle | undefined;
  get(name: "metadata"): object | undefined;
  set(name: "data" | "metadata", value: object): void;
}

interface OutputArea {
  length: number;
  get(at: number): PlainOutput;
  set(at: number, output: PlainOutput & { output_type: "display_data" }): void;
  fromJSON(outputs: PlainOutput[]): void;
  changed?: { connect(slot: () => void): void; disconnect(slot: () => void): void };
}

interface MimeBundle {
  "text/html"?: string;
  "text/plain"?: string;
  "application/vnd.jupyter.widget-view+json"?: { model_id: string };
}

interface PlainOutput {
  data: MimeBundle;
  metadata: object;
}

interface FoundOutput extends PlainOutput {
  put(output: PlainOutput): void; // and show it
  refresh(output: PlainOutput): void; // as it is saved; pages may show what they have
  remove?(): void; // out of the notebook that pages share
}

/** An output of the notebook, in the cell with this number and identity. */
interface NotebookOutput extends FoundOutput {
  cell: number;
  id: string;
  area: OutputArea;
}

// A growing answer, in a cell and in the panel.

type PartName = "thinking" | "text";
type Change = [part: PartName, at: number, kept: number, html: string];

interface Frame {
  number: number;
  whole?: boolean;
  changes: Change[];
  finished: Partial<Record<PartName, number>>;
  facts: Partial<AnswerFacts>;
}

interface AnswerFacts {
  head: string;
  status: string;
  summary: string;
  ended: boolean;
  seconds: number;
  calls?: string; // rows of the panel, as HTML of the kernel
  marks?: LiveMark[]; // only where the answer was asked to point
}

/** The blocks of a part, and how many of them do not change any more. */
interface Blocks {
  blocks: string[];
  finished: number;
}

interface DrawnBlock {
  html: string | undefined;
  nodes: ChildNode[];
  end: Comment; // marks where the block ends
}

/** An answer in a cell: all that has arrived of it. */
interface LiveAnswer extends AnswerFacts, Record<PartName, Blocks> {
  id: string; // of the widget, and a class that marks the outputs of the answer
  session: string; // of the page that ran the cell with the kernel
  number: number;
  pictures: string[];
  foot: string;
  markdown: string; // to be copied, once it has ended
  askedAt: number; // by performance.now()
  output?: PlainOutput;
  lost?: boolean; // the kernel is gone
  background?: boolean; // its cell has ended
  stop?: () => void; // of an answer whose cell has ended
}

/** A place in a picture of the question: edges in parts of its width and height; a point has no size. */
interface LiveMark {
  number: number;
  words: string;
  picture: number; // the place of the attachment; -1 for a picture of an earlier question
  box: [left: number, top: number, right: number, bottom: number];
}

// The panel.

/** Says something to the kernel: `{ do: verb, ...rest }`. */
type Say = (verb: string, rest?: object, buffers?: ArrayBufferView[]) => void;

interface PanelContext {
  model: PanelModel;
  said: PanelState;
  say: Say;
  typesetter: Typesetter | undefined;
  insert(source: string): void;
  edit(key: string): void;
}

interface PanelMessage {
  number: number;
  whole?: boolean; // the page is told everything, again
  heard?: boolean; // the kernel has heard the question
  name?: string;
  frame?: TranscriptFrame;
  order?: string[];
  turns?: Record<string, SentTurn>;
  facts?: Partial<PanelFacts>;
  thumbs?: Record<string, Thumb>;
  cell?: string; // to be inserted
}

/** What is new of the answer to one turn. */
interface GrowMessage extends Frame {
  grow: string;
}

/** All that a page knows. */
interface PanelState {
  name: string; // a class that marks the outputs of this panel
  number: number;
  facts: PanelFacts;
  thumbs: Record<string, Thumb>;
  order: string[];
  turns: Map<string, PanelTurn>;
  frame: TranscriptFrame;
  cells: string[]; // in which this page keeps the transcript
}

interface TranscriptFrame {
  open: string;
  close: string;
  plain: string;
  metadata: { gemini_magics: { conversation: object } };
}

interface PanelFacts {
  session: string; // of the page that ran the cell with the kernel
  chat: string;
  chats: string[];
  settings: PanelSettings;
  notice?: string;
  failed?: boolean; // the notice says why something failed
  editing: string; // the key of a turn
  saved: string[]; // the keys of turns that were read from the file and join no request yet
  busy: "" | "panel" | "cell"; // who asks
  functions: OfferedFunction[];
  asked: AskedCall | null;
  tray: TrayItem[];
  shelf: Thing[];
  shelf_open: boolean;
  draft?: { number: number; text: string };
}

interface OfferedFunction {
  name: string;
  offered: boolean;
}

/** A call that waits for the person; `html` is the kernel's. */
interface AskedCall {
  number: number;
  html: string;
}

interface PanelSettings {
  service: string;
  services: string[];
  model: string;
  usual_model: string;
  effort: string;
  efforts: string[];
  thoughts: boolean;
  search: boolean;
  point: boolean;
  searches: boolean; // the service can search
  system: string;
}

interface TrayItem {
  key: string;
  name: string;
  label: string;
  thumb: string;
}

interface Thing {
  name: string;
  kind: string;
  detail: string;
  due?: boolean; // its thumb is to be drawn
}

/** A picture as a data: URI, or the texts of a table's corner. */
type Thumb = string | string[][];

type SentTurn = EndedTurn | { asked: string; pictures: string[]; grown: WholeAnswer };
type PanelTurn = EndedTurn | GrowingTurn;

interface WholeAnswer extends Pick<Frame, "changes" | "finished"> {
  facts: AnswerFacts;
}

interface EndedTurn {
  html: string;
  plain: string;
  saved: { answer: [begin: number, length: number] }; // its place in `plain`
  stale: boolean;
  hidden: boolean;
  pictures: string[];
}

interface GrowingTurn extends Record<PartName, Blocks> {
  asked: string;
  pictures: string[];
  facts: AnswerFacts;
  askedAt: number; // by performance.now()
}
